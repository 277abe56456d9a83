"""Scores stacks with groups: as if each outermost group were one layer, and by what layers and groups show."""

import numpy as np

from lab.evaluation.assignment import best_assignment
from lab.evaluation.coverage import soft_iou
from lamina.core.composite import composite
from lamina.core.layer_tree import GroupNode, LayerNode, Node, tree_of
from lamina.core.layers import Layer, LayerStack
from lamina.imaging.metrics import visible_alphas

_FOUND_IOU = 0.5


def with_merged_groups(stack: LayerStack) -> LayerStack:
    """The stack with one layer in place of each outermost group."""
    layers = tuple(_merged(node, stack) for node in tree_of(stack))
    return LayerStack(stack.width, stack.height, layers)


def _merged(node: Node, stack: LayerStack) -> Layer:
    if isinstance(node, LayerNode):
        return node.layer
    members = tuple(stack[index] for index in _indices(node))
    pixels = composite(LayerStack(stack.width, stack.height, members))
    return Layer(node.group.name, node.group.kind, pixels).cropped()


def found_share(result: LayerStack, truth: LayerStack) -> float:
    """Share 0..1 of the true layers but the background that the result shows: their visible alpha has an IoU above 0.5
    with that of a layer, or of all layers of a group, assigned one to one.
    """
    alphas = visible_alphas(result)
    shown = list(alphas)
    nodes: list[Node] = list(tree_of(result))
    while nodes:
        node = nodes.pop()
        if isinstance(node, GroupNode):
            shown.append(np.sum([alphas[index] for index in _indices(node)], axis=0))
            nodes += node.members
    truths = visible_alphas(truth)[1:]
    if not truths:
        return 0.0
    is_alike = np.array([[soft_iou(alpha, true_alpha) > _FOUND_IOU for alpha in shown] for true_alpha in truths], float)
    assigned = best_assignment(is_alike)
    return sum(column >= 0 and is_alike[row, column] > 0 for row, column in enumerate(assigned)) / len(truths)


def _indices(node: Node) -> list[int]:
    if isinstance(node, LayerNode):
        return [node.index]
    return [index for member in node.members for index in _indices(member)]
