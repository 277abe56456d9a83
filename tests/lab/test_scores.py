"""Scores against the true layers: what they say about stacks whose scores can be told by hand."""

from itertools import permutations

import numpy as np
import pytest

from lab.evaluation.aligned import aligned_scores
from lab.evaluation.assignment import best_assignment
from lab.evaluation.coverage import assigned_ious, hidden_background_error, soft_iou
from lamina.core.composite import composite
from lamina.core.errors import LaminaError
from lamina.core.layers import Layer, LayerKind, LayerStack


def plain(colour, width=8, height=8, alpha=255, **facts):
    pixels = np.full((height, width, 4), (*colour, alpha), np.uint8)
    return Layer(facts.pop("name", "a"), facts.pop("kind", LayerKind.OBJECT), pixels, **facts)


def stack_of(*layers, width=8, height=8):
    return LayerStack(width, height, layers)


BACKGROUND = plain((10, 20, 30), kind=LayerKind.BACKGROUND)
LEFT_HALF = plain((200, 0, 0), width=4)
RIGHT_HALF = plain((0, 0, 200), width=4, left=4)


def test_soft_iou_is_shared_over_joint_alpha():
    one, other = np.array([[1.0, 0.5, 0.0]]), np.array([[0.5, 0.5, 0.5]])
    assert soft_iou(one, other) == pytest.approx(1.0 / 2.0)
    assert soft_iou(one * 0, one * 0) == 0


def test_true_layers_are_assigned_whatever_the_order_of_the_found_ones():
    truth = stack_of(BACKGROUND, LEFT_HALF, RIGHT_HALF)
    found = stack_of(plain((1, 1, 1), width=3, left=5), plain((1, 1, 1), width=4), plain((1, 1, 1), opacity=0))
    assert assigned_ious(found, truth, kinds={LayerKind.OBJECT}) == pytest.approx((1.0, 0.75))


def test_a_true_layer_without_partner_scores_nothing():
    truth = stack_of(LEFT_HALF, RIGHT_HALF)
    assert assigned_ious(stack_of(RIGHT_HALF), truth) == (0.0, 1.0)
    assert assigned_ious(stack_of(), truth) == (0.0, 0.0)
    assert assigned_ious(truth, stack_of()) == ()


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (2, 5), (5, 2), (6, 6), (4, 7)])
def test_the_assignment_is_the_best_of_all(shape):
    random = np.random.default_rng(sum(shape))
    for _ in range(20):
        scores = np.round(random.random(shape), 1)
        assigned = best_assignment(scores)
        taken = [column for column in assigned if column >= 0]
        assert len(set(taken)) == len(taken) == min(shape)
        total = sum(scores[row, column] for row, column in enumerate(assigned) if column >= 0)
        long = scores if shape[0] <= shape[1] else scores.T
        orders = permutations(range(long.shape[1]), long.shape[0])
        best = max(sum(long[row, column] for row, column in enumerate(order)) for order in orders)
        assert total == pytest.approx(best)


def test_only_the_covered_background_is_judged():
    wrong_where_hidden = BACKGROUND.pixels.copy()
    wrong_where_hidden[:, :4, :3] += 51
    wrong_where_seen = BACKGROUND.pixels.copy()
    wrong_where_seen[:, 4:, :3] += 51
    truth = stack_of(BACKGROUND, LEFT_HALF)
    assert hidden_background_error(truth, truth) == 0
    for pixels, expected in ((wrong_where_hidden, 0.2), (wrong_where_seen, 0.0)):
        found = stack_of(Layer("b", LayerKind.BACKGROUND, pixels), LEFT_HALF)
        assert hidden_background_error(found, truth) == pytest.approx(expected)


def test_a_hole_in_the_background_is_wholly_wrong():
    truth = stack_of(BACKGROUND, LEFT_HALF)
    assert hidden_background_error(stack_of(plain((0, 0, 0), width=4, left=4)), truth) == 1
    assert hidden_background_error(stack_of(BACKGROUND), stack_of(BACKGROUND)) == 0


def test_the_truth_is_aligned_with_itself():
    stack = stack_of(BACKGROUND, LEFT_HALF, RIGHT_HALF, plain((9, 9, 9), width=2))
    assert [(score.rgb_l1, score.alpha_iou) for score in aligned_scores(stack, stack)] == [(0, 1)] * 6


def test_a_merge_mends_a_layer_that_was_cut_in_two():
    whole = plain((200, 0, 0), width=6)
    truth = stack_of(BACKGROUND, whole, plain((0, 9, 0), width=3))
    lower, upper = plain((200, 0, 0), width=6, height=5), plain((200, 0, 0), width=6, height=4, top=4)
    found = stack_of(BACKGROUND, lower, upper, plain((0, 9, 0), width=3))
    before, after = aligned_scores(found, truth, merges=1)
    assert before.alpha_iou < 0.9 < after.alpha_iou == 1
    assert after.rgb_l1 == 0 < before.rgb_l1


def test_layers_that_do_not_overlap_count_as_one():
    flat = composite(stack_of(LEFT_HALF, RIGHT_HALF))
    (score,) = aligned_scores(
        stack_of(BACKGROUND, LEFT_HALF, RIGHT_HALF), stack_of(BACKGROUND, Layer("b", LayerKind.OBJECT, flat)), merges=0
    )
    assert (score.rgb_l1, score.alpha_iou) == (0, 1)


def test_large_canvases_are_compared_on_reduced_copies():
    truth = stack_of(
        plain((10, 20, 30), 900, 700), plain((200, 0, 0), 450, 350, left=100, top=100), width=900, height=700
    )
    (score,) = aligned_scores(truth, truth, merges=0, longest_side_px=90)
    assert (score.rgb_l1, score.alpha_iou) == (0, 1)


@pytest.mark.parametrize("compare", [assigned_ious, hidden_background_error, aligned_scores])
def test_stacks_of_different_sizes_are_refused(compare):
    with pytest.raises(LaminaError, match=r"pixels|size"):
        compare(stack_of(BACKGROUND), stack_of(BACKGROUND, width=9))
