"""Splits a line of text into the parts that do not touch one another, most of which are single letters."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.typefaces.shapes import Coverage, LetterShape, letter_shape

_SOLID = 0.5  # of the usual coverage within strokes, which is below 1 where they are thinner than a pixel
_FAINT = 0.1
_MIN_PART = 0.002  # of the squared height of a line: smaller parts are noise, and the dot of an i is larger
_ABOVE = 0.5  # share of a part's width that is over or below another part: then they are one letter
_SMALL = 0.45  # height of a dot or an accent, of the letter that it belongs to
_MAX_PARTS = 400


@dataclass(slots=True)
class _Part:
    """`numbers`: of the components. Edges in pixels."""

    numbers: list[int]
    left: int
    top: int
    right: int
    bottom: int

    @property
    def height(self) -> int:
        return self.bottom - self.top


def line_segments(coverage: Coverage) -> list[LetterShape]:
    """The shapes of a line's parts from left to right. A dot and its stem are one part."""
    inked = coverage[coverage > _FAINT]
    usual = float(np.quantile(inked, 0.9)) if inked.size else 1.0
    solid = (coverage > _SOLID * usual).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
    least = _MIN_PART * coverage.shape[0] ** 2
    parts = [
        _Part([number], x, y, x + width, y + height)
        for number, (x, y, width, height, area) in enumerate(stats.tolist())
        if number and area >= least
    ]
    if count > _MAX_PARTS:
        return []
    numbers = np.asarray(labels, np.int32)
    shapes = [_shape(coverage, numbers, part) for part in _joined(parts)]
    return [shape for shape in shapes if shape is not None]


def _joined(parts: list[_Part]) -> list[_Part]:
    """The parts from left to right, dots and accents joined with their letters."""
    large: list[_Part] = []
    for part in sorted(parts, key=lambda part: -part.height):
        owner = next((each for each in large if _belongs(part, each)), None)
        if owner is None:
            large.append(part)
        else:
            owner.numbers += part.numbers
            owner.left, owner.right = min(owner.left, part.left), max(owner.right, part.right)
            owner.top, owner.bottom = min(owner.top, part.top), max(owner.bottom, part.bottom)
    return sorted(large, key=lambda part: part.left + part.right)


def _belongs(part: _Part, letter: _Part) -> bool:
    overlap = min(part.right, letter.right) - max(part.left, letter.left)
    is_apart = part.bottom <= letter.top or part.top >= letter.bottom
    is_small = part.height <= _SMALL * letter.height
    return is_apart and is_small and overlap >= _ABOVE * min(part.right - part.left, letter.right - letter.left)


def _shape(coverage: Coverage, labels: NDArray[np.int32], part: _Part) -> LetterShape | None:
    """The shape of a part without its neighbours."""
    top, left = max(0, part.top - 2), max(0, part.left - 2)
    window = np.s_[top : part.bottom + 2, left : part.right + 2]
    own = labels[window] == part.numbers[0]
    for number in part.numbers[1:]:
        own |= labels[window] == number
    near = cv2.dilate(own.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    shape = letter_shape(np.where(near & (own | (labels[window] == 0)), coverage[window], 0).astype(np.float32))
    return None if shape is None else replace(shape, left=shape.left + left, top=shape.top + top)
