"""Detects vertical text in the rotated image, because the detector splits large vertical lines into letters."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.raster import Rgb
from lamina.engines.classic.text_detector import detect_lines

TALL = 1.5  # lines with at least this ratio of height to width are vertical
_WIDE = 1.6  # boxes with at least this ratio of width to height are upright lines, not rotated letters
_MARGIN = 1.0  # of the widest box: margin for letters that were not detected
_INSIDE = 0.5  # share of a box within a line from which on it is part of it

Quad = NDArray[np.float32]


def columns(rgb: Rgb, quads: Sequence[Quad]) -> list[tuple[Quad, float]]:
    """Vertical lines where the given boxes in `rgb` (height, width, 3) seem to be such lines or parts of them.

    Returns their corners, clockwise from the top left, and their detection scores 0..1. The columns of the image that
    contain the boxes are rotated to the left and searched again.
    """
    suspects = [box for box in map(_Box, quads) if not box.is_wide]
    if len(suspects) < 2 and not any(box.is_tall for box in suspects):
        return []
    margin = _MARGIN * max(box.width for box in suspects)
    left = max(0, int(min(box.left for box in suspects) - margin))
    right = min(rgb.shape[1], int(max(box.right for box in suspects) + margin) + 1)
    rotated = detect_lines(np.ascontiguousarray(np.rot90(rgb[:, left:right])))
    lines = [
        (_rotate_back(quad, right - left) + np.array([left, 0], np.float32), certainty) for quad, certainty in rotated
    ]
    return [(quad, certainty) for quad, certainty in lines if _Box(quad).is_tall]


def is_wide(quad: Quad) -> bool:
    """True for the box of an upright line; False for a rotated letter or line."""
    return _Box(quad).is_wide


def is_part(quad: Quad, column: Quad) -> bool:
    """True if most of the quad's bounding box is within that of the column."""
    outer, box = _Box(column), _Box(quad)
    across = min(outer.right, box.right) - max(outer.left, box.left)
    down = min(outer.bottom, box.bottom) - max(outer.top, box.top)
    return min(across, down) > 0 and across * down >= _INSIDE * box.width * box.height


class _Box:
    """The axis-aligned bounding box of a line's corners."""

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


def _rotate_back(quad: Quad, width: int) -> Quad:
    """Maps corners from the image rotated to the left back to an image of this width."""
    return np.asarray(np.roll(np.stack([width - quad[:, 1], quad[:, 0]], 1), 1, 0), np.float32)
