"""Candidates are nested: what is within another is its member, and those that cross are left out."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina.engines.classic.candidate_features import overlaps_of
from lamina.engines.classic.nesting import Nest, nest

SHAPE = (40, 60)


def masks_of(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    masks = np.zeros((len(boxes), *SHAPE), bool)
    for mask, (x, y, width, height) in zip(masks, boxes, strict=True):
        mask[y : y + height, x : x + width] = True
    return masks.reshape(len(boxes), -1)


def nested(
    masks: np.ndarray, merits: list[float], chosen: list[int], least_merit: float = 0.2, limit: int = 99
) -> list[Nest]:
    return nest(overlaps_of(masks), SHAPE, np.array(merits), chosen, least_merit=least_merit, limit=limit)


def tree(nests: list[Nest]) -> dict[int, Any]:
    return {each.index: tree(each.members) for each in nests}


def indices(nests: list[Nest]) -> list[int]:
    return [index for each in nests for index in (each.index, *indices(each.members))]


def test_an_icon_is_within_the_card_that_contains_it() -> None:
    masks = masks_of((5, 5, 30, 30), (10, 10, 10, 10), (40, 5, 15, 10))
    assert tree(nested(masks, [0.9, 0.8, 0.7], [0])) == {0: {1: {}}, 2: {}}


def test_what_a_surface_encloses_lies_on_it_although_it_has_a_hole_there() -> None:
    masks = masks_of((5, 5, 30, 30), (10, 10, 10, 10))
    masks[0] &= ~masks[1]
    assert tree(nested(masks, [0.9, 0.8], [0, 1])) == {0: {1: {}}}


def test_what_crosses_a_chosen_thing_and_what_has_little_merit_is_left_out() -> None:
    masks = masks_of((5, 5, 20, 20), (15, 15, 20, 20), (7, 7, 8, 8))
    assert tree(nested(masks, [0.5, 0.9, 0.1], [0])) == {0: {}}


def test_the_outermost_chosen_things_are_found_in_what_contains_them() -> None:
    masks = masks_of((0, 0, 50, 30), (5, 5, 10, 10), (20, 5, 10, 10))
    (outermost,) = nested(masks, [0.9, 0.8, 0.8], [1, 2])
    assert sorted(each.index for each in outermost.outermost_chosen()) == [1, 2]


BOXES = st.tuples(st.integers(0, 50), st.integers(0, 30), st.integers(1, 10), st.integers(1, 10))


@settings(max_examples=100, deadline=None)
@given(st.lists(BOXES, min_size=1, max_size=12), st.data())
def test_all_chosen_things_are_there_once_and_within_the_limit(
    boxes: list[tuple[int, int, int, int]], data: st.DataObject
) -> None:
    numbers = st.integers(0, len(boxes) - 1)
    chosen = data.draw(st.lists(numbers, unique=True))
    limit = data.draw(st.integers(max(1, len(chosen)), 20))
    found = indices(nested(masks_of(*boxes), [0.5] * len(boxes), chosen, limit=limit))
    assert len(found) == len(set(found)) <= limit
    assert set(chosen) <= set(found)
