"""Makes one layer of several, so that the picture stays the same in every sample."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lamina.core.composite import place
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import BlendMode, Box, Layer, LayerKind, Pixels
from lamina.stacks.document import Document, GroupNode, LayerNode, Node, layers_in
from lamina.stacks.operations import Flatten, Merge
from lamina.stacks.pixels import PixelStore
from lamina.stacks.rendering import rendered
from lamina.stacks.verbs.attributes import checked_name
from lamina.stacks.verbs.checks import check_all_unlocked, group_of
from lamina.stacks.verbs.exact_layers import exact_layer
from lamina.stacks.verbs.gathering import gathered, put_together
from lamina.stacks.warping import check_pixels


def merge(document: Document, operation: Merge, pixels: PixelStore) -> Document:
    nodes = gathered(document, operation.nodes, pixels)
    name = checked_name(operation.name) if operation.name else nodes[-1].name
    moved = put_together(document, nodes, GroupNode(id=document.next_id, name=name, members=nodes))
    merged = _merged(moved, document.next_id, name, pixels)
    return replace(moved.substituted(document.next_id, [merged]), next_id=document.next_id + 1)


def flatten(document: Document, operation: Flatten, pixels: PixelStore) -> Document:
    if operation.node is not None:
        group = group_of(document, operation.node)
        check_all_unlocked(document, group.id)
        return document.substituted(group.id, [replace(_merged(document, group.id, group.name, pixels), id=group.id)])
    for node in document.members:
        check_all_unlocked(document, node.id)
    whole = GroupNode(id=document.next_id, name="Picture", kind=LayerKind.BACKGROUND, members=document.members)
    wrapped = replace(document, members=(whole,), next_id=document.next_id + 1)
    return replace(wrapped, members=(_merged(wrapped, whole.id, whole.name, pixels),))


def canvas_below(document: Document, node_id: int, box: Box, pixels: PixelStore) -> Pixels:
    """(height, width, 4): what is visible within a box of the canvas below a layer or group."""
    canvas = np.zeros((box[3], box[2], 4), np.uint8)
    first = next(layers_in(document.find(node_id))).id
    visible = frozenset(layer.id for layer in document.visible_layers())
    for layer in document.layers():
        if layer.id == first:
            break
        if layer.id in visible:
            place(canvas, shifted(rendered(layer, pixels), box))
    return canvas


def shifted(layer: Layer, box: Box) -> Layer:
    """The layer with its position counted from the corner of a box."""
    return layer.moved(-box[0], -box[1])


def _merged(document: Document, group_id: int, name: str, pixels: PixelStore) -> LayerNode:
    """One layer for the visible members of a group, with an id of its own. Raises `LaminaError` (task_invalid)."""
    group = document.find(group_id)
    parts = [part for part in _shown(group) if part.opacity > 0]
    if not parts:
        raise LaminaError(ErrorCode.TASK_INVALID, f"All layers of {name!r} are hidden.", "Show one, or delete them.")
    layers = [rendered(part, pixels) for part in parts]
    box = _union(layers)
    check_pixels("The merged layer", box[2], box[3])
    guess = np.zeros((box[3], box[2], 4), np.uint8)
    for layer in layers:
        place(guess, shifted(replace(layer, blend=BlendMode.NORMAL), box))
    below = canvas_below(document, group_id, box, pixels)
    after = below.copy()
    for layer in layers:
        place(after, shifted(layer, box))
    solved, unsolved = exact_layer(below, after, guess)
    if unsolved:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"No single layer looks the same as these layers: {unsolved} translucent pixels would change.",
            "Include the layers below them.",
        )
    kinds = {part.kind for part in parts}
    merged = Layer(name, parts[-1].kind if len(kinds) == 1 else group.kind, solved, box[0], box[1]).cropped()
    return LayerNode(
        id=group_id,
        name=name,
        kind=merged.kind,
        pixels=pixels.put(merged.pixels),
        left=merged.left,
        top=merged.top,
        is_hidden=group.is_hidden,
        text=tuple(line for layer in layers for line in layer.text) if kinds == {LayerKind.TEXT} else (),
        style=layers[0].style if len(layers) == 1 else None,
        is_guessed=any(part.is_guessed for part in parts),
    )


def _shown(node: Node) -> list[LayerNode]:
    """The layers within a group that it does not hide itself."""
    if isinstance(node, LayerNode):
        return [node]
    return [layer for member in node.members if not member.is_hidden for layer in _shown(member)]


def _union(layers: Sequence[Layer]) -> Box:
    """The smallest box around all layers."""
    x0, y0 = min(layer.left for layer in layers), min(layer.top for layer in layers)
    x1 = max(layer.left + layer.width for layer in layers)
    y1 = max(layer.top + layer.height for layer in layers)
    return x0, y0, x1 - x0, y1 - y0
