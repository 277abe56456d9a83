"""Takes layers apart with an engine: one thing out of a layer, or all that it shows."""

from collections.abc import Sequence
from dataclasses import replace

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import BlendMode, Layer, LayerKind
from lamina.core.ports import Decomposer, no_progress
from lamina.core.selections import Place, Selection
from lamina.core.tasks import DecomposeTask
from lamina.stacks.document import Document, GroupNode, LayerNode
from lamina.stacks.operations import Separate, Split
from lamina.stacks.pixels import PixelStore
from lamina.stacks.rendering import check_count, layer_node, rendered
from lamina.stacks.verbs.attributes import checked_name
from lamina.stacks.verbs.checks import layer_of
from lamina.stacks.verbs.exact_parts import exact_parts


def separate(document: Document, operation: Separate, pixels: PixelStore, engine: Decomposer) -> Document:
    node = layer_of(document, operation.node)
    layer = rendered(node, pixels)
    place = place_in_layer(operation.place.in_pixels(document.width, document.height), layer)
    name = checked_name(operation.name) if operation.name else ""
    task = DecomposeTask(layers=2, selections=(Selection(place, name),))
    rest, *things = with_parts(node, layer, engine.decompose(layer.pixels, task, no_progress).layers, pixels)
    if not things:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"Nothing at {operation.place} can be told apart from the rest of {layer.name!r}.",
            "Give a box around the whole thing, or another point.",
        )
    numbered, named = document.with_ids([replace(thing, name=name or thing.name) for thing in things])
    check_count(sum(1 for _ in numbered.layers()) + len(named))
    return numbered.substituted(node.id, [replace(rest, id=node.id, name=node.name, kind=node.kind), *named])


def split(document: Document, operation: Split, pixels: PixelStore, engine: Decomposer) -> Document:
    node = layer_of(document, operation.node)
    layer = rendered(node, pixels)
    parts = engine.decompose(layer.pixels, DecomposeTask(layers=operation.layers), no_progress).layers
    return with_split(document, node, parts, pixels)


def with_split(document: Document, node: LayerNode, parts: Sequence[Layer], pixels: PixelStore) -> Document:
    """The document with a group of parts in place of a layer. `parts`: placed from the corner of the rendered layer.

    Raises `LaminaError` (task_invalid) if there is only one part.
    """
    members = with_parts(node, rendered(node, pixels), parts, pixels)
    if len(members) < 2:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"Nothing in the layer {node.name!r} can be told apart from the rest of it.",
            "Give a box around a part with separate.",
        )
    check_count(sum(1 for _ in document.layers()) - 1 + len(members))
    numbered, named = document.with_ids(members)
    group = GroupNode(id=node.id, name=node.name, kind=node.kind, is_hidden=node.is_hidden, members=named)
    shown = tuple(replace(member, is_hidden=False) for member in group.members)
    return numbered.substituted(node.id, [replace(group, members=shown)])


def with_parts(node: LayerNode, layer: Layer, parts: Sequence[Layer], pixels: PixelStore) -> list[LayerNode]:
    """The parts of a layer as nodes with its attributes, lowest first; they composite to it over any layers."""
    may_overlap = node.opacity == 255 and node.blend is BlendMode.NORMAL
    exact = exact_parts(parts, layer.pixels, may_overlap=may_overlap)
    return [
        replace(
            layer_node(replace(part, left=part.left + layer.left, top=part.top + layer.top), 0, pixels),
            kind=LayerKind.OBJECT if part.kind is LayerKind.BACKGROUND and node.kind is not part.kind else part.kind,
            opacity=node.opacity,
            blend=node.blend,
            is_hidden=node.is_hidden,
            is_guessed=node.is_guessed,
        )
        for part in exact
    ]


def place_in_layer(place: Place, layer: Layer) -> Place:
    """The place counted from the layer's corner and clipped to the layer.

    Raises `LaminaError` (task_invalid) if it is outside the layer.
    """
    x0, y0 = max(place.x - layer.left, 0.0), max(place.y - layer.top, 0.0)
    x1 = min(place.x + place.width - layer.left, float(layer.width))
    y1 = min(place.y + place.height - layer.top, float(layer.height))
    is_inside = x0 <= x1 and y0 <= y1 if place.is_point else x0 < x1 and y0 < y1
    if not is_inside:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"{place} is outside the layer {layer.name!r}.",
            f"The layer is at {layer.left},{layer.top} and {layer.width} x {layer.height} pixels.",
        )
    return Place(x=x0, y=y0, width=x1 - x0, height=y1 - y0)
