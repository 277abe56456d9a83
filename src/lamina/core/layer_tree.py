"""The layers of a stack as a tree of groups, for writers of formats that nest groups."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TypeAlias

from lamina.core.layers import Group, Layer


@dataclass(frozen=True, slots=True, eq=False)
class LayerNode:
    """A layer and its place in the stack, from 0 for the lowest."""

    index: int
    layer: Layer


@dataclass(frozen=True, slots=True, eq=False)
class GroupNode:
    """A group and what it contains, lowest first; never empty."""

    group: Group
    members: "tuple[LayerNode | GroupNode, ...]"


Node: TypeAlias = LayerNode | GroupNode


def tree_of(layers: Iterable[Layer]) -> tuple[Node, ...]:
    """The tree that the groups of the layers form, lowest first."""
    return _nested([LayerNode(index, layer) for index, layer in enumerate(layers)], 0)


def grouped(layers: Iterable[Layer], group: Group) -> tuple[Layer, ...]:
    """The layers within one more group, around those that they have."""
    return tuple(replace(layer, groups=(group, *layer.groups)) for layer in layers)


def _nested(nodes: list[LayerNode], depth: int) -> tuple[Node, ...]:
    nested: list[Node] = []
    for group, run in groupby(nodes, lambda node: node.layer.groups[depth] if depth < len(node.layer.groups) else None):
        members = list(run)
        nested += members if group is None else [GroupNode(group, _nested(members, depth + 1))]
    return tuple(nested)
