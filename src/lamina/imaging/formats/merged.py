"""Compares layers that were read with the merged picture that their file carries, and tells of a difference."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lamina.core.composite import strips_of_rows
from lamina.core.layers import Pixels
from lamina.imaging.formats.pixel_change import levels_apart

_ROUNDING_LEVELS = 5  # what programs differ by that round after every layer


@dataclass(frozen=True, slots=True)
class MergedDifference:
    """How far two pictures are apart, in levels of 0..255; colours count as much as their alpha shows of them.

    `share`: of the pixels, 0..1, those that differ by more than rounding does.
    """

    share: float
    largest: float
    mean: float

    def notes(self) -> tuple[str, ...]:
        """A sentence with the size of the difference; none where it is rounding alone."""
        if not self.share:
            return ()
        return (
            f"The layers differ from the merged picture in the file in {max(self.share, 0.0001):.2%} of the pixels, "
            f"by at most {self.largest:.0f} of 255 levels and {self.mean:.2g} on average.",
        )


def difference_from_merged(composite: Pixels, merged: Pixels) -> MergedDifference:
    """`composite`: what the layers add up to; `merged`: what the file says that they do; RGBA of the same size."""
    largest, total, pixels_apart = 0.0, 0.0, 0
    for rows in strips_of_rows(*composite.shape[:2]):
        levels = levels_apart(composite[rows], merged[rows])
        largest = max(largest, float(levels.max()))
        total += float(levels.sum(dtype=np.float64))
        pixels_apart += int((levels.max(-1) > _ROUNDING_LEVELS).sum())
    return MergedDifference(pixels_apart / (composite.shape[0] * composite.shape[1]), largest, total / composite.size)


def differs(one: Pixels, other: Pixels) -> NDArray[np.bool_]:
    """(height, width): where two pictures of the same size are apart by more than rounding is."""
    strips = strips_of_rows(*one.shape[:2])
    return np.concatenate([levels_apart(one[rows], other[rows]).max(-1) > _ROUNDING_LEVELS for rows in strips])
