"""Computes the difference of two images of the same size, and renders it as an image."""

from dataclasses import dataclass, field

import numpy as np

from lamina.core.layers import Pixels


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """The difference of two RGBA images.

    `levels`: (height, width, 3) uint8, per channel the larger of the absolute differences of the colour and of alpha.
    Where both images are fully transparent, colours are ignored.
    """

    levels: Pixels = field(repr=False)

    @property
    def share_of_pixels(self) -> float:
        """Share of the pixels that differ, 0..1."""
        return float(self.levels.any(-1).mean())

    @property
    def amplification(self) -> int:
        """The factor that `visible` applies, so that the largest level is close to 255; 1 if nothing differs."""
        return 255 // max(1, int(self.levels.max())) if self.levels.any() else 1

    def visible(self) -> Pixels:
        """(height, width, 3), amplified; black where the images are equal."""
        return self.levels * np.uint8(self.amplification)


def difference_of(first: Pixels, second: Pixels) -> Difference:
    """The difference of two (height, width, 4) uint8 RGBA images of the same size."""
    levels = np.maximum(first, second) - np.minimum(first, second)
    colour, alpha = levels[..., :3], levels[..., 3:]
    colour[(first[..., 3] == 0) & (second[..., 3] == 0)] = 0
    return Difference(np.maximum(colour, alpha))
