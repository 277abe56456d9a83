"""Measures the difference between the composite of a stack and the picture that was decomposed."""

from dataclasses import dataclass

import numpy as np

from lamina.core.composite import composite
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import LayerStack, Pixels
from lamina.imaging.strips import strip_of, strips


@dataclass(frozen=True, slots=True)
class RecompositionError:
    """Differences between composite and picture, as fractions of 255: one level of 8 bits is 1/255 = 0.0039."""

    max_abs_error: float
    mean_abs_error: float


def recomposition_error(stack: LayerStack, source: Pixels) -> RecompositionError:
    """Compares the composite of `stack` with `source`, (height, width, 4) RGBA of the same size.

    Counted are the alpha of every pixel, and the three colours of every pixel where the source's alpha is above 0;
    the mean is over all samples that are counted. Works in strips. Raises `LaminaError` stack_invalid: sizes differ.
    """
    if source.shape != (stack.height, stack.width, 4):
        raise LaminaError(
            ErrorCode.STACK_INVALID,
            f"The stack is {stack.width} x {stack.height} pixels, the picture {source.shape[1]} x {source.shape[0]}.",
            "Compare a stack with the RGBA picture that it was made of.",
        )
    largest, total, count = 0, 0, 0
    for top, bottom in strips(stack.width, stack.height):
        seen = source[top:bottom]
        difference = _abs_difference(composite(strip_of(stack, top, bottom)), seen)
        difference[..., :3][seen[..., 3] == 0] = 0
        largest = max(largest, int(difference.max()))
        total += int(difference.sum(dtype=np.int64))
        count += seen[..., 3].size + 3 * int(np.count_nonzero(seen[..., 3]))
    return RecompositionError(largest / 255, total / count / 255)


def _abs_difference(first: Pixels, second: Pixels) -> Pixels:
    return np.maximum(first, second) - np.minimum(first, second)
