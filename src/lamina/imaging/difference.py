"""How two pictures of the same size differ: where, and as a picture that can be looked at."""

from dataclasses import dataclass, field

import numpy as np

from lamina.core.layers import Pixels


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """`levels`: (height, width, 3) uint8, the absolute difference of each colour; where only alpha differs, of that.

    Colour counts where one of the two pictures has alpha above 0.
    """

    levels: Pixels = field(repr=False)

    @property
    def share_of_pixels(self) -> float:
        """0..1: pixels that differ at all."""
        return float(self.levels.any(-1).mean())

    @property
    def amplification(self) -> int:
        """What the levels are multiplied by in `visible`, so that the largest comes near 255; 1 if nothing differs."""
        return 255 // max(1, int(self.levels.max())) if self.levels.any() else 1

    def visible(self) -> Pixels:
        """(height, width, 3): black where the pictures agree."""
        return self.levels * np.uint8(self.amplification)


def difference_of(one: Pixels, other: Pixels) -> Difference:
    """`one`, `other`: (height, width, 4) uint8 RGBA of the same size."""
    levels = np.maximum(one, other) - np.minimum(one, other)
    colour, alpha = levels[..., :3], levels[..., 3:]
    colour[(one[..., 3] == 0) & (other[..., 3] == 0)] = 0
    return Difference(np.maximum(colour, alpha))
