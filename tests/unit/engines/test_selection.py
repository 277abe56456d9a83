"""The search over sets of candidates, compared with trying every set."""

from itertools import combinations

import numpy as np
import pytest

from lamina.engines.classic.selection import Worth, select, select_visible


def best_by_trial(worth: Worth, limit: int) -> float:
    count = len(worth.own)
    sets = (list(chosen) for size in range(limit + 1) for chosen in combinations(range(count), size))
    return max(worth.of(chosen) for chosen in sets)


@pytest.mark.parametrize("seed", range(12))
def test_the_search_finds_nearly_the_best_of_all_sets(seed: int) -> None:
    rng = np.random.default_rng(seed)
    loss = rng.uniform(0, 1, (9, 9)) * (rng.random((9, 9)) < 0.3)
    loss = np.triu(loss, 1)
    worth = Worth(rng.uniform(-0.2, 1, 9), loss + loss.T)
    chosen = select(worth, 4)
    assert len(chosen) <= 4
    assert chosen == sorted(set(chosen))
    assert worth.of(chosen) >= 0.97 * best_by_trial(worth, 4)


def test_a_whole_gives_way_to_parts_that_are_worth_more_together() -> None:
    loss = np.zeros((4, 4))
    loss[0, 1:] = loss[1:, 0] = 0.5
    assert select(Worth(np.array([0.9, 0.6, 0.6, 0.6]), loss), 9) == [1, 2, 3]
    assert select(Worth(np.array([0.9, 0.6, 0.6, 0.6]), loss), 1) == [0]


def test_nothing_is_chosen_that_is_worth_nothing() -> None:
    assert select(Worth(np.array([-0.1, 0.0]), np.zeros((2, 2))), 9) == []
    assert select(Worth(np.zeros(0), np.zeros((0, 0))), 9) == []


def test_a_candidate_that_may_not_be_chosen_never_is_and_no_other_is_chosen_twice() -> None:
    barred = -np.inf
    assert select(Worth(np.array([0.7, barred, barred]), np.zeros((3, 3))), 9) == [0]
    assert select(Worth(np.array([barred, 0.7, 0.3]), np.zeros((3, 3))), 9) == [1, 2]
    assert select(Worth(np.full(3, barred), np.zeros((3, 3))), 9) == []


def test_a_whole_that_its_parts_use_up_is_left_out() -> None:
    masks = np.zeros((3, 100), bool)
    masks[0], masks[1, :48], masks[2, 48:95] = True, True, True
    worth = Worth(np.array([0.5, 0.6, 0.6]), np.zeros((3, 3)))
    assert select_visible(worth, masks, np.array([100.0, 48, 47]), 9) == [2, 1]
    masks[2, 60:] = False
    assert select_visible(worth, masks, np.array([100.0, 48, 12]), 9) == [2, 1, 0]
