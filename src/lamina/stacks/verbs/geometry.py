"""Moves, scales, turns and mirrors layers and groups, by transforms that are applied when a document is rendered."""

import math
from dataclasses import replace

from lamina.core.errors import ErrorCode, LaminaError
from lamina.stacks.document import Document, LayerNode, Node, layers_in
from lamina.stacks.operations import Axis, Flip, Move, Rotate, Scale
from lamina.stacks.transforms import Transform, bounding_box
from lamina.stacks.verbs.checks import check_all_unlocked
from lamina.stacks.warping import check_size

MAX_OFFSET_PX = 1_000_000


def move(document: Document, operation: Move) -> Document:
    _check_finite(operation.right, operation.down)
    return _transformed(document, operation.node, Transform.shift(operation.right, operation.down))


def scale(document: Document, operation: Scale) -> Document:
    _check_finite(operation.across, operation.down)
    if min(operation.across, operation.down) <= 0:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The factors {operation.across:g} and {operation.down:g} are not above 0.",
            "Give factors above 0, such as 0.5 for half the size.",
        )
    centre = _centre(document.find(operation.node))
    return _transformed(document, operation.node, Transform.scale(operation.across, operation.down, centre))


def rotate(document: Document, operation: Rotate) -> Document:
    _check_finite(operation.degrees)
    node = document.find(operation.node)
    turn = Transform.rotation(math.fmod(operation.degrees, 360), _centre(node))
    if operation.degrees % 90 == 0:  # half a pixel aside, if need be, so that pixels stay on the grid
        x, y, _, _ = turn.bounds(_bounds(node))
        turn = turn.then(Transform.shift(round(x) - x, round(y) - y))
    return _transformed(document, operation.node, turn)


def flip(document: Document, operation: Flip) -> Document:
    across, down = (-1.0, 1.0) if operation.axis is Axis.HORIZONTAL else (1.0, -1.0)
    centre = _centre(document.find(operation.node))
    return _transformed(document, operation.node, Transform.scale(across, down, centre))


def _transformed(document: Document, node_id: int, transform: Transform) -> Document:
    check_all_unlocked(document, node_id)
    own = frozenset(layer.id for layer in layers_in(document.find(node_id)))

    def changed(node: Node) -> tuple[Node, ...]:
        return (_with_transform(node, transform),) if isinstance(node, LayerNode) and node.id in own else (node,)

    return document.mapped(changed)


def _with_transform(layer: LayerNode, transform: Transform) -> LayerNode:
    whole = layer.transform.then(transform)
    box = (layer.left, layer.top, layer.pixels.width, layer.pixels.height)
    check_size(whole, box, layer.name)
    x, y, _, _ = whole.bounds(box)
    if max(abs(x), abs(y)) > MAX_OFFSET_PX:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The layer {layer.name!r} would be {max(abs(x), abs(y)):.0f} pixels away.",
            f"Keep it within {MAX_OFFSET_PX:,} pixels.",
        )
    return replace(layer, transform=whole)


def _bounds(node: Node) -> tuple[float, float, float, float]:
    corners: list[tuple[float, float]] = []
    for layer in layers_in(node):
        x, y, width, height = layer.bounds
        corners += [(x, y), (x + width, y + height)]
    return bounding_box(corners)


def _centre(node: Node) -> tuple[float, float]:
    x, y, width, height = _bounds(node)
    return x + width / 2, y + height / 2


def _check_finite(*numbers: float) -> None:
    if not all(math.isfinite(number) and abs(number) <= MAX_OFFSET_PX for number in numbers):
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"{', '.join(f'{number:g}' for number in numbers)}: a number is not finite or too large.",
            f"Give numbers of at most {MAX_OFFSET_PX:,}.",
        )
