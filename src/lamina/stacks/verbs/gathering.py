"""Brings layers and groups together at the topmost of them, where that does not change the picture."""

from collections.abc import Sequence

from lamina.core.errors import ErrorCode, LaminaError
from lamina.stacks.document import Document, LayerNode, Node, layers_in
from lamina.stacks.pixels import PixelStore
from lamina.stacks.rendering import rendered
from lamina.stacks.verbs.checks import in_painting_order


def gathered(document: Document, node_ids: Sequence[int], pixels: PixelStore) -> tuple[Node, ...]:
    """The nodes in painting order, which can all be painted at the place of the topmost without a change.

    Raises `LaminaError` (task_invalid) if a node would pass another layer that overlaps it, or leave a hidden group.
    """
    nodes = in_painting_order(document, node_ids)
    topmost = nodes[-1]
    for node in nodes:
        if _hidden_groups(document, node) != _hidden_groups(document, topmost):
            raise LaminaError(
                ErrorCode.TASK_INVALID,
                f"Only one of {node.name!r} and {topmost.name!r} is in a hidden group.",
                "Show the group first.",
            )
    _check_passing(document, nodes, pixels)
    return tuple(nodes)


def put_together(document: Document, nodes: Sequence[Node], result: Node) -> Document:
    """The document with one node in place of the topmost of `nodes`, and without the others."""
    others = frozenset(node.id for node in nodes[:-1])
    return document.mapped(lambda node: (result,) if node.id == nodes[-1].id else () if node.id in others else (node,))


def _hidden_groups(document: Document, node: Node) -> frozenset[int]:
    return frozenset(group.id for group in document.path(node.id) if group.is_hidden)


def _check_passing(document: Document, nodes: Sequence[Node], pixels: PixelStore) -> None:
    """Each node but the topmost moves up past all layers between them that are not among the nodes."""
    moving = [layer.id for node in nodes for layer in layers_in(node)]
    own, last = frozenset(moving), moving[-1]
    moved: list[LayerNode] = []
    for layer in document.visible_layers():
        if layer.id in own:
            moved.append(layer)
        else:
            for lower in moved:
                if _overlap(lower, layer, pixels):
                    raise LaminaError(
                        ErrorCode.TASK_INVALID,
                        f"The layer {layer.name!r} (id {layer.id}) lies between and overlaps {lower.name!r} "
                        f"(id {lower.id}).",
                        f"Include {layer.name!r}, or change the order of the layers first.",
                    )
        if layer.id == last:
            return


def _overlap(first: LayerNode, second: LayerNode, pixels: PixelStore) -> bool:
    return _boxes_meet(first.bounds, second.bounds) and rendered(first, pixels).overlaps(rendered(second, pixels))


def _boxes_meet(first: tuple[float, float, float, float], second: tuple[float, float, float, float]) -> bool:
    across = max(first[0], second[0]) - 1 < min(first[0] + first[2], second[0] + second[2])
    return across and max(first[1], second[1]) - 1 < min(first[1] + first[3], second[1] + second[3])
