"""Takes layers apart with an engine: one thing out of a layer, or all that it shows."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, count

from lamina.core.composite import composite
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import BlendMode, Layer, LayerKind, LayerStack
from lamina.core.ports import Decomposer, no_progress
from lamina.core.selections import MAX_NAME_LENGTH, Place, Selection
from lamina.core.tasks import DecomposeTask
from lamina.stacks.document import Document, GroupNode, LayerNode
from lamina.stacks.operations import Separate, Split
from lamina.stacks.pixels import PixelStore
from lamina.stacks.rendering import check_count, layer_node, rendered
from lamina.stacks.verbs.attributes import checked_name
from lamina.stacks.verbs.checks import layer_of
from lamina.stacks.verbs.exact_parts import exact_parts

_SELECTED = "selected thing"  # the name by which the engine's answer is recognised
_ON_IT = 0.8  # the share of a layer on the selected thing from which it belongs to it


def separate(document: Document, operation: Separate, pixels: PixelStore, engine: Decomposer) -> Document:
    node = layer_of(document, operation.node)
    layer = rendered(node, pixels)
    place = place_in_layer(operation.place.in_pixels(document.width, document.height), layer)
    name = checked_name(operation.name) if operation.name else ""
    found = engine.decompose(layer.pixels, separate_task(place), no_progress)
    return with_separated(document.with_editor(found.made), node, found.layers, name, pixels)


def separate_task(place: Place) -> DecomposeTask:
    """What an engine is asked for, with the picture of a layer. `place`: counted from the layer's corner."""
    return DecomposeTask(selections=(Selection(place, _SELECTED),), is_flat=True)


def with_separated(
    document: Document, node: LayerNode, found: Sequence[Layer], name: str, pixels: PixelStore
) -> Document:
    """The document with the selected thing among `found`, the answer to `separate_task`, right above its layer.

    Raises `LaminaError` (task_invalid) if nothing is left of the layer, or nothing was found.
    """
    layer = rendered(node, pixels)
    parts = with_parts(node, layer, _around_the_selected(found, layer), pixels)
    thing = next((part for part in parts if part.name == _SELECTED), None)
    if thing is None or not _leaves_something(thing, layer, pixels):
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"Nothing at that place can be told apart from the rest of {layer.name!r}.",
            "Give a box around the whole thing, or another point.",
        )
    thing_name = name or f"Part of {node.name}"[:MAX_NAME_LENGTH]
    check_count(sum(1 for _ in document.layers()) - 1 + len(parts))
    numbered, named = document.with_ids(parts)
    named = tuple(replace(part, name=thing_name) if part.name == _SELECTED else part for part in named)
    first = replace(named[0], id=node.id) if named[0].name != thing_name else named[0]
    return numbered.substituted(node.id, [first, *named[1:]])


def _around_the_selected(found: Sequence[Layer], whole: Layer) -> list[Layer]:
    """Three parts at most: what is below the selected thing or beside it, the thing with all that is on it, and what
    only overlaps it.
    """
    index = next((index for index, layer in enumerate(found) if layer.name == _SELECTED), None)
    if index is None:
        return list(found)
    size = whole.width, whole.height
    outline = found[index].on_canvas(*size)[..., 3] > 0
    below, on_it, across = list(found[:index]), [found[index]], list[Layer]()
    for layer in found[index + 1 :]:
        covered = layer.on_canvas(*size)[..., 3] > 0
        shared = int((covered & outline).sum())
        target = below if shared == 0 else on_it if shared >= _ON_IT * int(covered.sum()) else across
        target.append(layer)
    selected = found[index] if len(on_it) == 1 else _flat(on_it, found[index], size)
    return [
        *([_flat(below, whole, size)] if below else []),
        selected,
        *([_flat(across, whole, size)] if across else []),
    ]


def _flat(layers: Sequence[Layer], like: Layer, size: tuple[int, int]) -> Layer:
    """One layer of several, with the name and kind of `like`."""
    return Layer(like.name, like.kind, composite(LayerStack(*size, tuple(layers)))).cropped()


def _leaves_something(thing: LayerNode, layer: Layer, pixels: PixelStore) -> bool:
    """True if some of the layer is seen outside the thing."""
    seen = rendered(thing, pixels).moved(-layer.left, -layer.top).on_canvas(layer.width, layer.height)
    return bool(((layer.pixels[..., 3] > 0) & (seen[..., 3] == 0)).any())


def split(document: Document, operation: Split, pixels: PixelStore, engine: Decomposer) -> Document:
    node = layer_of(document, operation.node)
    layer = rendered(node, pixels)
    task = DecomposeTask(layers=operation.layers, is_flat=True)
    found = engine.decompose(layer.pixels, task, no_progress)
    return with_split(document.with_editor(found.made), node, found.layers, pixels)


def with_split(document: Document, node: LayerNode, parts: Sequence[Layer], pixels: PixelStore) -> Document:
    """The document with a group of parts in place of a layer. `parts`: placed from the corner of the rendered layer.

    Raises `LaminaError` (task_invalid) if there is only one part.
    """
    members = with_parts(node, rendered(node, pixels), parts, pixels)
    if len(members) < 2:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"Nothing in the layer {node.name!r} can be told apart from the rest of it.",
            "Separate a part of it by a box around that part, or by a point on it.",
        )
    check_count(sum(1 for _ in document.layers()) - 1 + len(members))
    numbered, named = document.with_ids(_with_new_names(members, document))
    group = GroupNode(id=node.id, name=node.name, kind=node.kind, is_hidden=node.is_hidden, members=named)
    shown = tuple(replace(member, is_hidden=False) for member in group.members)
    return numbered.substituted(node.id, [replace(group, members=shown)])


def _with_new_names(nodes: Sequence[LayerNode], document: Document) -> list[LayerNode]:
    """The nodes with a number after each name that another node has."""
    taken = {node.name for node, _ in document.walk()}
    renamed: list[LayerNode] = []
    for node in nodes:
        numbered = (f"{node.name} {number}" for number in count(2))
        name = next(name for name in chain([node.name], numbered) if name not in taken)
        taken.add(name)
        renamed.append(replace(node, name=name[:MAX_NAME_LENGTH]))
    return renamed


def with_parts(node: LayerNode, layer: Layer, parts: Sequence[Layer], pixels: PixelStore) -> list[LayerNode]:
    """The parts of a layer as nodes with its attributes, lowest first; they composite to it over any layers."""
    may_overlap = node.opacity == 255 and node.blend is BlendMode.NORMAL
    exact = exact_parts(parts, layer.pixels, may_overlap=may_overlap)
    return [
        replace(
            layer_node(_on_canvas(part, layer), 0, pixels),
            opacity=node.opacity,
            blend=node.blend,
            is_hidden=node.is_hidden,
            is_guessed=node.is_guessed,
        )
        for part in exact
    ]


def _on_canvas(part: Layer, whole: Layer) -> Layer:
    """A part that an engine found in the picture of a layer, on the canvas. The lowest part is no background."""
    moved = part.moved(whole.left, whole.top)
    return replace(moved, name=whole.name, kind=whole.kind) if part.kind is LayerKind.BACKGROUND else moved


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
