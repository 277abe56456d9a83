"""Lines that run up or down: the detector breaks large ones into letters, so it is shown the picture turned as well."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.raster import Rgb
from lamina.engines.classic.recognition import detected

TALL = 1.5  # a line this many times taller than wide lies on its side or runs downwards
_WIDE = 1.6  # boxes this many times wider than high are lines of upright text, not letters that lie on their sides
_MARGIN = 1.0  # of the widest box, beside the boxes in question: letters that were not seen may lie there
_INSIDE = 0.5  # of a box, from which on it is a piece of the line in which it lies

Quad = NDArray[np.float32]


def columns(rgb: Rgb, quads: Sequence[Quad]) -> list[tuple[Quad, float]]:
    """Lines that run up or down where these boxes in `rgb` (height, width, 3) seem to be such lines or parts of them.

    Their corners, clockwise from the top left, and 0..1, how surely they are text. That part of the picture is looked
    at again over its whole height, turned to the left, so that such lines lie.
    """
    suspects = [box for box in map(_Box, quads) if not box.is_wide]
    if len(suspects) < 2 and not any(box.is_tall for box in suspects):
        return []
    margin = _MARGIN * max(box.width for box in suspects)
    left = max(0, int(min(box.left for box in suspects) - margin))
    right = min(rgb.shape[1], int(max(box.right for box in suspects) + margin) + 1)
    turned = detected(np.ascontiguousarray(np.rot90(rgb[:, left:right])))
    found = [
        (_turned_back(quad, right - left) + np.array([left, 0], np.float32), certainty) for quad, certainty in turned
    ]
    return [(quad, certainty) for quad, certainty in found if _Box(quad).is_tall]


def is_wide(quad: Quad) -> bool:
    """True for a box that is a line of upright text, not a letter that lies on its side, nor a line that does."""
    return _Box(quad).is_wide


def is_part(quad: Quad, column: Quad) -> bool:
    """True if most of the quad's upright box lies within the column's."""
    outer, box = _Box(column), _Box(quad)
    across = min(outer.right, box.right) - max(outer.left, box.left)
    down = min(outer.bottom, box.bottom) - max(outer.top, box.top)
    return min(across, down) > 0 and across * down >= _INSIDE * box.width * box.height


class _Box:
    """The upright box around a line's corners."""

    def __init__(self, quad: Quad) -> None:
        self.left, self.top = (float(value) for value in quad.min(0))
        self.right, self.bottom = (float(value) for value in quad.max(0))
        self.width, self.height = max(1.0, self.right - self.left), max(1.0, self.bottom - self.top)

    @property
    def is_wide(self) -> bool:
        return self.width >= _WIDE * self.height

    @property
    def is_tall(self) -> bool:
        return self.height >= TALL * self.width


def _turned_back(quad: Quad, width: int) -> Quad:
    """Corners in a picture of this width, from those in the picture turned to the left."""
    return np.asarray(np.roll(np.stack([width - quad[:, 1], quad[:, 0]], 1), 1, 0), np.float32)
