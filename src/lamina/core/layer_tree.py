"""The layers of a stack as a tree of groups: for formats that nest groups, and for changes of groups."""

from collections.abc import Callable, Collection, Iterable
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


def groups_of(layers: Iterable[Layer]) -> dict[Group, Group | None]:
    """The groups of the layers, each with the group around it, which precedes it; None for outermost groups."""
    parents: dict[Group, Group | None] = {}
    for layer in layers:
        around: Group | None = None
        for group in layer.groups:
            parents.setdefault(group, around)
            around = group
    return parents


def ungrouped(layer: Layer, dissolved: Collection[Group]) -> Layer:
    """The layer without some of its groups; if they were hidden or locked, the layer is instead."""
    mine = [group for group in layer.groups if group in dissolved]
    if not mine:
        return layer
    return replace(
        layer,
        groups=tuple(group for group in layer.groups if group not in dissolved),
        is_hidden=layer.is_hidden or any(group.is_hidden for group in mine),
        is_locked=layer.is_locked or any(group.is_locked for group in mine),
    )


def with_groups_changed(layers: Iterable[Layer], change: Callable[[Group], Group]) -> tuple[Layer, ...]:
    """The layers with each of their groups replaced by what `change` makes of it, once for all members."""
    layers = tuple(layers)
    changed = {group: change(group) for group in groups_of(layers)}
    return tuple(
        replace(layer, groups=tuple(changed[group] for group in layer.groups)) if layer.groups else layer
        for layer in layers
    )


def _nested(nodes: list[LayerNode], depth: int) -> tuple[Node, ...]:
    nested: list[Node] = []
    for group, run in groupby(nodes, lambda node: node.layer.groups[depth] if depth < len(node.layer.groups) else None):
        members = list(run)
        nested += members if group is None else [GroupNode(group, _nested(members, depth + 1))]
    return tuple(nested)
