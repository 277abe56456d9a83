"""Compares the layers of a file with the merged image that it contains."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lamina.core.composite import strips_of_rows
from lamina.core.layers import Pixels
from lamina.imaging.formats.pixel_change import level_difference

_ROUNDING_LEVELS = 5  # difference of programs that round after every layer


@dataclass(frozen=True, slots=True)
class MergedDifference:
    """The difference of two images in levels of 255, with premultiplied colours.

    `share`: share of the pixels, 0..1, that differ by more than the rounding error.
    """

    share: float
    largest: float
    mean: float

    def notes(self) -> tuple[str, ...]:
        """A sentence on the difference; none if it is only rounding."""
        if not self.share:
            return ()
        return (
            f"The layers differ from the merged image in the file in {max(self.share, 0.0001):.2%} of the pixels, "
            f"by at most {self.largest:.0f} of 255 levels and {self.mean:.2g} on average.",
        )


def difference_from_merged(composite: Pixels, merged: Pixels) -> MergedDifference:
    """The difference of the composite of the layers and the merged image, RGBA of the same size."""
    largest, total, differing_pixels = 0.0, 0.0, 0
    for rows in strips_of_rows(*composite.shape[:2]):
        levels = level_difference(composite[rows], merged[rows])
        largest = max(largest, float(levels.max()))
        total += float(levels.sum(dtype=np.float64))
        differing_pixels += int((levels.max(-1) > _ROUNDING_LEVELS).sum())
    return MergedDifference(
        differing_pixels / (composite.shape[0] * composite.shape[1]), largest, total / composite.size
    )


def differs(first: Pixels, second: Pixels) -> NDArray[np.bool_]:
    """(height, width): mask of the pixels that differ by more than the rounding error."""
    strips = strips_of_rows(*first.shape[:2])
    return np.concatenate([level_difference(first[rows], second[rows]).max(-1) > _ROUNDING_LEVELS for rows in strips])
