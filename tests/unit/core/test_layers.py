"""Layers and stacks: what they refuse, how they are cropped and placed, and when two are the same."""

from dataclasses import replace

import numpy as np
import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import BlendMode, Layer, LayerKind, LayerStack, Pixels, TextLine, have_same_pixels

LINE = TextLine("SALE", ((0, 0), (4, 0), (4, 2), (0, 2)), (1, 2, 3), 12.0)


def square(alpha: int = 255, side: int = 4) -> Pixels:
    return np.full((side, side, 4), (10, 20, 30, alpha), np.uint8)


def a_layer(pixels: Pixels | None = None) -> Layer:
    return Layer("Cup", LayerKind.OBJECT, square() if pixels is None else pixels, 3, 2)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4, 3), np.uint8),
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.float32),
        np.zeros((0, 4, 4), np.uint8),
        np.zeros((4, 0, 4), np.uint8),
    ],
)
def test_pixels_that_are_not_rgba_bytes_are_refused(pixels: Pixels) -> None:
    with pytest.raises(LaminaError) as refused:
        a_layer(pixels)
    assert refused.value.code is ErrorCode.STACK_INVALID
    assert "Cup" in refused.value.message


@pytest.mark.parametrize("opacity", [-1, 256])
def test_opacity_is_a_byte(opacity: int) -> None:
    with pytest.raises(LaminaError, match="opacity"):
        replace(a_layer(), opacity=opacity)


def test_pixels_cannot_be_changed_through_a_layer() -> None:
    with pytest.raises(ValueError, match="read-only"):
        a_layer().pixels[0, 0, 0] = 1


def test_cropping_keeps_what_is_seen_where_it_is() -> None:
    pixels = np.zeros((10, 12, 4), np.uint8)
    pixels[3:5, 6:9] = 9, 9, 9, 1
    cropped = a_layer(pixels).cropped()
    assert cropped.box == (9, 5, 3, 2)
    assert (cropped.on_canvas(20, 20) == a_layer(pixels).on_canvas(20, 20)).all()


def test_cropping_an_invisible_layer_leaves_one_pixel() -> None:
    assert a_layer(square(alpha=0)).cropped().box == (3, 2, 1, 1)


def test_cropping_a_full_layer_changes_nothing() -> None:
    full = a_layer()
    assert full.cropped() is full


def test_a_layer_is_cut_at_the_edge_of_the_canvas() -> None:
    canvas = replace(a_layer(), left=-2, top=-3).on_canvas(5, 5)
    assert (canvas[..., 3] > 0).sum() == 2
    assert not replace(a_layer(), left=5).on_canvas(5, 5).any()


def test_layers_overlap_where_both_are_seen() -> None:
    corner = np.zeros((4, 4, 4), np.uint8)
    corner[3, 3, 3] = 1
    lower = a_layer(corner)
    for left, top, expected in ((6, 5, True), (7, 5, False), (6, 6, False), (-9, 0, False)):
        upper = replace(a_layer(), left=left, top=top)
        assert (lower.overlaps(upper), upper.overlaps(lower)) == (expected, expected)
    assert not lower.overlaps(replace(a_layer(square(alpha=0)), left=6, top=5))


def test_colour_where_alpha_is_0_is_no_content() -> None:
    one, other = square(alpha=0), square(alpha=0)
    other[..., :3] = 99
    assert have_same_pixels(one, other)
    assert a_layer(one).has_same_content(a_layer(other))


@pytest.mark.parametrize("sample", [0, 1, 2, 3])
def test_one_level_of_one_sample_is_a_difference(sample: int) -> None:
    changed = square()
    changed[2, 1, sample] -= 1
    assert not have_same_pixels(square(), changed)


def test_pictures_of_different_size_differ() -> None:
    assert not have_same_pixels(square(side=4), square(side=5))


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Mug"},
        {"kind": LayerKind.SMALL},
        {"left": 4},
        {"top": 3},
        {"opacity": 254},
        {"is_hidden": True},
        {"is_locked": True},
        {"blend": BlendMode.MULTIPLY},
        {"text": (LINE,)},
    ],
)
def test_every_fact_of_a_layer_counts(change: dict[str, object]) -> None:
    stack = LayerStack(10, 10, (a_layer(),))
    other = LayerStack(10, 10, (replace(a_layer(), **change),))  # pyright: ignore[reportArgumentType]
    assert stack.has_same_content(LayerStack(10, 10, (a_layer(),)))
    assert not stack.has_same_content(other)


def test_canvas_order_and_number_of_layers_count() -> None:
    cup, mug = a_layer(), replace(a_layer(), name="Mug")
    stack = LayerStack(10, 10, (cup, mug))
    assert not stack.has_same_content(LayerStack(11, 10, (cup, mug)))
    assert not stack.has_same_content(LayerStack(10, 11, (cup, mug)))
    assert not stack.has_same_content(LayerStack(10, 10, (mug, cup)))
    assert not stack.has_same_content(LayerStack(10, 10, (cup,)))


def test_a_stack_is_a_sequence_of_its_layers_lowest_first() -> None:
    cup, mug = a_layer(), replace(a_layer(), name="Mug")
    stack = LayerStack(10, 10, (cup, mug))
    assert (len(stack), stack[0], stack[-1], list(stack)) == (2, cup, mug, [cup, mug])


@pytest.mark.parametrize(("width", "height"), [(0, 5), (5, 0), (-1, 5)])
def test_a_canvas_has_pixels(width: int, height: int) -> None:
    with pytest.raises(LaminaError) as refused:
        LayerStack(width, height, ())
    assert refused.value.code is ErrorCode.STACK_INVALID
