"""Metrics of a stack: what is seen of its layers, and how far its composite is from the picture."""

import numpy as np
import pytest

from lamina.core.composite import composite
from lamina.core.errors import LaminaError
from lamina.core.layers import Layer, LayerKind, LayerStack
from lamina.imaging.metrics import recomposition_error, visible_alphas


def plain(colour, width=8, height=8, alpha=255, **facts):
    pixels = np.full((height, width, 4), (*colour, alpha), np.uint8)
    return Layer(facts.pop("name", "a"), facts.pop("kind", LayerKind.OBJECT), pixels, **facts)


def stack_of(*layers, width=8, height=8):
    return LayerStack(width, height, layers)


BACKGROUND = plain((10, 20, 30), kind=LayerKind.BACKGROUND)
LEFT_HALF = plain((200, 0, 0), width=4)


def test_a_layer_is_seen_where_nothing_covers_it():
    half_clear = plain((0, 200, 0), width=4, left=2, opacity=51)
    bottom, left, top = visible_alphas(stack_of(BACKGROUND, LEFT_HALF, half_clear))
    assert bottom.dtype == np.float32
    assert bottom[0] == pytest.approx([0, 0, 0, 0, 0.8, 0.8, 1, 1])
    assert left[0] == pytest.approx([1, 1, 0.8, 0.8, 0, 0, 0, 0])
    assert top[0] == pytest.approx([0, 0, 0.2, 0.2, 0.2, 0.2, 0, 0])


def test_a_hidden_layer_is_not_seen_and_covers_nothing():
    bottom, top = visible_alphas(stack_of(BACKGROUND, plain((1, 1, 1), is_hidden=True)))
    assert bottom.min() == 1
    assert top.max() == 0


def test_an_exact_stack_has_no_error():
    stack = stack_of(BACKGROUND, LEFT_HALF, plain((0, 200, 0), width=4, left=2, opacity=99))
    error = recomposition_error(stack, composite(stack))
    assert (error.max_abs_error, error.mean_abs_error) == (0, 0)


def test_errors_are_fractions_of_255_over_the_counted_samples():
    source = composite(stack_of(BACKGROUND)).copy()
    source[0, 0] = (10, 20, 27, 255)
    error = recomposition_error(stack_of(BACKGROUND), source)
    assert error.max_abs_error == pytest.approx(3 / 255)
    assert error.mean_abs_error == pytest.approx(3 / 255 / (8 * 8 * 4))


def test_colour_under_a_clear_source_does_not_count_but_alpha_does():
    source = np.zeros((8, 8, 4), np.uint8)
    source[..., 0] = 77
    assert recomposition_error(stack_of(plain((1, 2, 3), alpha=0)), source).max_abs_error == 0
    assert recomposition_error(stack_of(plain((1, 2, 3), alpha=9)), source).max_abs_error == pytest.approx(9 / 255)


def test_an_error_is_found_in_any_strip():
    stack = stack_of(plain((9, 9, 9), width=2048, height=1500), plain((5, 5, 5), top=1400), width=2048, height=1500)
    source = composite(stack).copy()
    source[1450, 7, 1] += 2
    assert recomposition_error(stack, source).max_abs_error == pytest.approx(2 / 255)


def test_a_picture_of_another_size_is_refused():
    with pytest.raises(LaminaError, match="8 x 8"):
        recomposition_error(stack_of(BACKGROUND), np.zeros((8, 9, 4), np.uint8))
