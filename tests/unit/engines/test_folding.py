"""Layers are folded into groups within a limit, each group contiguous, and what overlaps keeps its order."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina.engines.classic.folding import Entry, Folder, Layout, Proposal, Relation, fold, groups_in, leaves_of


def layout_of(overlaps: np.ndarray, *, fixed: Sequence[int] = ()) -> Layout:
    count = len(overlaps)
    rng = np.random.default_rng(count)
    low = rng.random((count, 2))
    return Layout(
        overlaps=overlaps,
        boxes=np.concatenate([low, low + 0.1], 1),
        areas=rng.random(count) * 0.1,
        is_text=rng.random(count) < 0.3,
        is_fixed=np.isin(np.arange(count), fixed),
        weights=np.ones(count),
    )


def pairwise(count: int, *pairs: tuple[int, int]) -> np.ndarray:
    overlaps = np.zeros((count, count), bool)
    for first, second in pairs:
        overlaps[first, second] = overlaps[second, first] = True
    return overlaps


def order_of(entries: Sequence[Entry]) -> list[int]:
    return [leaf for entry in entries for leaf in (order_of(entry.members) if isinstance(entry, Folder) else [entry])]


@st.composite
def stacks(draw: st.DrawFn) -> tuple[Layout, list[Proposal], list[Proposal], int | None]:
    count = draw(st.integers(1, 14))
    every_pair = list(combinations(range(count), 2))
    overlaps = pairwise(count, *draw(st.lists(st.sampled_from(every_pair), max_size=20) if every_pair else st.just([])))
    members = st.frozensets(st.integers(0, count - 1), min_size=1, max_size=6)
    proposals = st.lists(st.builds(Proposal, members, st.sampled_from(Relation)), max_size=5)
    return layout_of(overlaps), draw(proposals), draw(proposals), draw(st.none() | st.integers(1, count))


@settings(max_examples=300, deadline=None)
@given(stacks())
def test_a_fold_keeps_every_layer_and_the_order_of_those_that_overlap(
    stack: tuple[Layout, list[Proposal], list[Proposal], int | None],
) -> None:
    layout, required, optional, limit = stack
    entries = fold(layout, required, optional, limit)
    order = order_of(entries)
    assert sorted(order) == list(range(len(layout.areas)))
    places = {leaf: place for place, leaf in enumerate(order)}
    for first, second in zip(*np.nonzero(np.triu(layout.overlaps)), strict=True):
        assert places[int(first)] < places[int(second)]
    if limit is not None:
        assert len(entries) <= limit
    for folder in groups_in(entries):
        assert len(folder.members) > 1
        spots = sorted(places[leaf] for leaf in folder.leaves)
        assert spots == list(range(spots[0], spots[0] + len(spots)))


def test_members_come_together_below_what_lies_on_them() -> None:
    card = Proposal(frozenset({0, 2}), Relation.CARD, 7)
    (badge, folder, on_top) = fold(layout_of(pairwise(4, (0, 2), (2, 3))), [card], [], None)
    assert isinstance(folder, Folder)
    assert (badge, folder.members, folder.number, on_top) == (1, (0, 2), 7, 3)


def test_what_lies_between_members_prevents_their_group() -> None:
    layout = layout_of(pairwise(4, (0, 1), (1, 2)))
    assert fold(layout, [Proposal(frozenset({0, 2}), Relation.CARD)], [], None) == (0, 1, 2, 3)


@pytest.mark.parametrize("is_reversed", [False, True])
def test_groups_nest_whichever_comes_first(is_reversed: bool) -> None:
    proposals = [Proposal(frozenset({0, 1}), Relation.PARTS), Proposal(frozenset({0, 1, 2}), Relation.CARD)]
    (outer, rest) = fold(layout_of(pairwise(4)), proposals[:: -1 if is_reversed else 1], [], None)
    assert isinstance(outer, Folder)
    assert outer.relation is Relation.CARD
    assert [leaves_of(entry) for entry in outer.members] == [{0, 1}, {2}]
    assert rest == 3


def test_groups_that_cross_are_left_out() -> None:
    proposals = [Proposal(frozenset({0, 1}), Relation.ROW), Proposal(frozenset({1, 2}), Relation.ROW)]
    entries = fold(layout_of(pairwise(4)), proposals, [], None)
    assert [leaves_of(entry) for entry in entries] == [{0, 1}, {2}, {3}]


def test_optional_groups_are_made_only_as_far_as_the_limit_requires() -> None:
    cards = [Proposal(frozenset({0, 1, 2}), Relation.CARD), Proposal(frozenset({3, 4}), Relation.CARD)]
    layout = layout_of(pairwise(5))
    assert fold(layout, [], cards, 5) == (0, 1, 2, 3, 4)
    assert len(fold(layout, [], cards, None)) == 2


def test_what_the_user_selected_stays_by_itself() -> None:
    entries = fold(layout_of(pairwise(6), fixed=[1, 4]), [], [], 3)
    assert {1, 4} <= set(entries)


def test_loose_neighbours_are_one_group_and_not_groups_in_groups() -> None:
    (folder,) = fold(layout_of(pairwise(6)), [], [], 1)
    assert isinstance(folder, Folder)
    assert set(folder.members) == set(range(6))
