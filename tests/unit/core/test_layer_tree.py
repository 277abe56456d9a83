"""Groups of layers: what they are made of, what they hide, and the tree that they form."""

from dataclasses import replace

import numpy as np
import pytest

from lamina.core.composite import composite
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layer_tree import GroupNode, LayerNode, Node, grouped, tree_of
from lamina.core.layers import Group, Layer, LayerKind, LayerStack

CARD, ICON = Group("Card", LayerKind.PANEL), Group("Icon")


def a_layer(name: str, *groups: Group) -> Layer:
    return Layer(name, LayerKind.OBJECT, np.full((2, 2, 4), 255, np.uint8), groups=groups)


def outline(nodes: tuple[Node, ...]) -> list[object]:
    return [
        (node.index, node.layer.name) if isinstance(node, LayerNode) else [node.group.name, *outline(node.members)]
        for node in nodes
    ]


def test_layers_form_the_tree_of_their_groups() -> None:
    layers = [a_layer("Sky"), a_layer("Panel", CARD), a_layer("Star", CARD, ICON), a_layer("Sale", CARD)]
    assert outline(tree_of(layers)) == [(0, "Sky"), ["Card", (1, "Panel"), ["Icon", (2, "Star")], (3, "Sale")]]


def test_neighbouring_groups_of_one_name_are_two() -> None:
    layers = [a_layer("A", Group("Card")), a_layer("B", Group("Card"))]
    assert outline(tree_of(layers)) == [["Card", (0, "A")], ["Card", (1, "B")]]


def test_layers_are_grouped_around_the_groups_that_they_have() -> None:
    layers = grouped([a_layer("Star", ICON), a_layer("Sale")], CARD)
    (card,) = tree_of(layers)
    assert isinstance(card, GroupNode)
    assert card.group is CARD
    assert outline(card.members) == [["Icon", (0, "Star")], (1, "Sale")]


@pytest.mark.parametrize(
    "layers",
    [
        [a_layer("A", CARD), a_layer("B"), a_layer("C", CARD)],
        [a_layer("A", CARD, ICON), a_layer("B", ICON)],
        [a_layer("A", CARD), a_layer("B", ICON, CARD)],
    ],
)
def test_the_members_of_a_group_follow_each_other(layers: list[Layer]) -> None:
    with pytest.raises(LaminaError) as refused:
        LayerStack(4, 4, tuple(layers))
    assert refused.value.code is ErrorCode.STACK_INVALID


def test_a_hidden_group_hides_its_members() -> None:
    hidden = Group("Card", is_hidden=True)
    stack = LayerStack(4, 4, (a_layer("A", hidden, ICON), a_layer("B")))
    assert [layer.is_visible for layer in stack] == [False, True]
    assert not composite(LayerStack(4, 4, stack.layers[:1])).any()


@pytest.mark.parametrize(
    "change", [{"name": "Box"}, {"kind": LayerKind.TEXT}, {"is_hidden": True}, {"is_locked": True}]
)
def test_every_fact_of_a_group_is_content(change: dict[str, object]) -> None:
    stack = LayerStack(4, 4, (a_layer("A", Group("Card", LayerKind.PANEL)), a_layer("B")))
    changed = replace(CARD, **change)  # pyright: ignore[reportArgumentType]
    assert stack.has_same_content(LayerStack(4, 4, (a_layer("A", CARD), a_layer("B"))))
    assert not stack.has_same_content(LayerStack(4, 4, (a_layer("A", changed), a_layer("B"))))
    assert not stack.has_same_content(LayerStack(4, 4, (a_layer("A", CARD), a_layer("B", CARD))))
