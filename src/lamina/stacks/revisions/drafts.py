"""What a job gets to do what a stack's operation needs of an engine, and whether the layer is still as it was then."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from lamina.core.composite import over
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.selections import Selection
from lamina.core.tasks import DecomposeTask
from lamina.imaging.png import encode_png
from lamina.stacks.document import Document, LayerNode
from lamina.stacks.layer_edits import ground_of
from lamina.stacks.operations import EditPixels, Separate, Split
from lamina.stacks.pixels import PixelStore
from lamina.stacks.rendering import rendered
from lamina.stacks.verbs.attributes import checked_name
from lamina.stacks.verbs.checks import layer_of
from lamina.stacks.verbs.separating import place_in_layer, separate_task

EngineOperation: TypeAlias = Separate | Split | EditPixels
"""The operations that need an engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a job is to do. `picture`: the layer as PNG; `layers`, `selections`: of one that takes it apart; `record`:
    what `accept` needs, as JSON.
    """

    picture: bytes
    record: Mapping[str, Any]
    layers: int | None = None
    selections: tuple[Selection, ...] = ()


def drafted(document: Document, operation: EngineOperation, record: Mapping[str, Any], pixels: PixelStore) -> Draft:
    """`record`: what else the proposal is to keep. Raises `LaminaError` (task_invalid): no such layer, it is locked,
    nothing is at the place.
    """
    node = layer_of(document, operation.node)
    layer = rendered(node, pixels)
    kept = {**record, "layer": node.id, "layer_name": node.name, "pixels": _fingerprint(node)}
    match operation:
        case Separate():
            name = checked_name(operation.name) if operation.name else ""
            task = separate_task(place_in_layer(operation.place.in_pixels(document.width, document.height), layer))
            return _taken_apart(encode_png(layer.pixels), task, {**kept, "op": "separate", "name": name})
        case Split():
            task = DecomposeTask(layers=operation.layers or None, is_flat=True)
            return _taken_apart(encode_png(layer.pixels), task, {**kept, "op": "split", "name": ""})
        case EditPixels():
            shown = over(ground_of(layer.pixels), layer.pixels)
            return Draft(picture=encode_png(shown), record={**kept, "op": "edit", "name": ""})


def drafted_layer(document: Document, record: Mapping[str, Any]) -> LayerNode:
    """The layer of a proposal. Raises `LaminaError`: state_conflict if it looks different now; task_invalid."""
    node = layer_of(document, record["layer"])
    if _fingerprint(node) != record["pixels"]:
        raise LaminaError(
            ErrorCode.STATE_CONFLICT,
            f"The layer {node.name!r} (id {node.id}) does not look as it did when the proposal was made.",
            "Make a new proposal, or undo what changed the layer.",
        )
    return node


def _taken_apart(picture: bytes, task: DecomposeTask, record: Mapping[str, Any]) -> Draft:
    layers = task.layers if isinstance(task.layers, int) else None
    return Draft(picture=picture, record=record, layers=layers, selections=task.selections)


def _fingerprint(node: LayerNode) -> list[Any]:
    """What the rendered pixels of a layer depend on. A move by whole pixels changes nothing of it."""
    matrix = node.transform
    return [node.pixels.key, matrix.a, matrix.b, matrix.c, matrix.d, matrix.e % 1, matrix.f % 1]
