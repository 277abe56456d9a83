"""Layers that are a pixel wide, or far from each other, are compared and refined in little memory."""

from dataclasses import replace

import numpy as np
import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Layer, LayerKind, LayerStack, Pixels
from lamina.stacks import operations as op
from lamina.stacks.changes import Moved, Repainted
from lamina.stacks.content import best_shift, content_of, difference
from lamina.stacks.editor import StackEditor
from stacks_drawn import drawn_stack, ellipse

SUN = 2


def layer_of(pixels: Pixels, left: int = 0, top: int = 0) -> Layer:
    return Layer("A", LayerKind.OBJECT, pixels, left, top)


@pytest.mark.parametrize("shape", [(1, 9), (9, 1), (2, 1), (40, 1)])
def test_thin_layers_are_compared(shape: tuple[int, int]) -> None:
    pixels = np.full((*shape, 4), (10, 20, 30, 255), np.uint8)
    painted = pixels.copy()
    painted[-1, -1] = (200, 20, 30, 255)
    one, other = content_of(layer_of(pixels), 64), content_of(layer_of(painted, 5, 3), 64)
    assert best_shift(one, other) == (5, 3)
    assert difference(one, other, (5, 3)) == (1 / (shape[0] * shape[1]), 190)


def test_a_difference_counts_what_only_one_of_the_layers_has() -> None:
    one = content_of(layer_of(np.full((4, 4, 4), (10, 20, 30, 255), np.uint8)), 64)
    other = content_of(layer_of(np.full((4, 4, 4), (10, 20, 37, 255), np.uint8), 2, 0), 64)
    assert difference(one, other, (2, 0)) == (1.0, 7)
    assert difference(one, other, (0, 0)) == (1.0, 255)
    assert difference(one, one, (2, 0)) == (16 / 24, 255)
    assert difference(one, one, (9, 0)) == (1.0, 255)
    assert difference(one, one, (0, 0)) == (0.0, 0)


@pytest.mark.parametrize("corner", [(-(1 << 24), -(1 << 24)), (1 << 24, 1 << 24), (70_000, 50_000)])
def test_a_layer_that_was_repainted_far_away_is_found_again(corner: tuple[int, int]) -> None:
    stack = drawn_stack()
    sun = stack[1]
    pixels = sun.pixels.copy()
    pixels[25:35, 25:35] = (0, 0, 255, 255)
    far = replace(sun, pixels=pixels, left=corner[0], top=corner[1])
    editor = StackEditor(stack)
    found = editor.adopt(replace(stack, layers=(stack[0], far, *stack.layers[2:]))).changes
    moved = Moved(node=SUN, name="Sun", right=corner[0] - sun.left, down=corner[1] - sun.top)
    assert found[0] == moved
    assert isinstance(found[1], Repainted) and found[1].node == SUN
    assert len(found) == 2


def test_a_long_row_and_a_long_column_of_one_name_are_compared() -> None:
    row, column = layer_of(ellipse(60_000, 1, (200, 0, 0))), layer_of(ellipse(1, 60_000, (200, 0, 0)))
    editor = StackEditor(LayerStack(50, 50, (row,)))
    assert any(isinstance(change, Repainted) for change in editor.adopt(LayerStack(50, 50, (column,))).changes)


def test_a_layer_far_from_the_canvas_does_not_get_pixels_on_it() -> None:
    stack = drawn_stack()
    far = replace(stack[1], left=70_000, top=50_000)
    editor = StackEditor(replace(stack, layers=(stack[0], far, *stack.layers[2:])))
    mask = editor.pixels.put(np.full((stack.height, stack.width, 4), 255, np.uint8))
    with pytest.raises(LaminaError, match="The layer 'Sun' would be 70060 x 50060 pixels") as refused:
        editor.apply(op.Refine(node=SUN, mask=mask))
    assert refused.value.code is ErrorCode.TASK_INVALID
