"""Groups lines of text into blocks: the paragraphs, titles and labels that a designer would edit as one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.lettering import Lettering
from lamina.engines.classic.ocr import sides

_SAME_SIZE = 1.2  # largest ratio of the em sizes of one block
_SAME_HEIGHT = 1.9  # and of the heights of its lines, which depend on their letters
_MAX_LEADING = 1.3  # largest gap between lines, in heights of the taller one
_MAX_SPACE = 1.2  # largest gap between words of a line, in heights
_MIN_SHARED = 0.4  # share of the shorter line that another must be above or below, unless they start together
_SAME_LEVELS = 48  # difference of colours, in levels
_MAX_TURN = 0.2  # radians between the directions of two lines


def text_blocks(lines: Sequence[Lettering]) -> list[list[int]]:
    """The indices of the lines of each block, in the order of the lines.

    Lines belong together if their size, colour and direction are alike, and if one follows below the other, or beside
    it, at the distance of a line or a word.
    """
    count = len(lines)
    is_near = np.zeros((count, count), bool)
    for first in range(count):
        for second in range(first + 1, count):
            is_near[first, second] = is_near[second, first] = _belong_together(lines[first], lines[second])
    return _connected(is_near)


def _belong_together(first: Lettering, second: Lettering) -> bool:
    sizes = max(1.0, first.size_px), max(1.0, second.size_px)
    heights = _height(first), _height(second)
    if max(sizes) > _SAME_SIZE * min(sizes) or max(heights) > _SAME_HEIGHT * min(heights):
        return False
    if _angle_between(first, second) > _MAX_TURN:
        return False
    if max(abs(a - b) for a, b in zip(first.colour, second.colour, strict=True)) > _SAME_LEVELS:
        return False
    direction = _direction(first)
    (a0, a1), (b0, b1) = _extent(first, direction), _extent(second, direction)
    across = np.array([-direction[1], direction[0]])
    (c0, c1), (d0, d1) = _extent(first, across), _extent(second, across)
    height = max(heights)
    along_gap, down_gap = max(a0, b0) - min(a1, b1), max(c0, d0) - min(c1, d1)
    is_same_line = -down_gap > 0.5 * height and along_gap < _MAX_SPACE * height
    shared = -along_gap / max(1.0, min(a1 - a0, b1 - b0))
    starts_together = abs(a0 - b0) < height
    is_below = down_gap < _MAX_LEADING * height and (shared > _MIN_SHARED or (starts_together and shared > 0))
    return is_same_line or is_below


def _height(line: Lettering) -> float:
    return max(1.0, float(sides(np.array(line.quad, np.float32))[1]))


def _direction(line: Lettering) -> NDArray[np.float64]:
    (x0, y0), (x1, y1) = line.quad[:2]
    vector = np.array([x1 - x0, y1 - y0], float)
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else np.array([1.0, 0.0])


def _angle_between(first: Lettering, second: Lettering) -> float:
    return float(np.arccos(np.clip(_direction(first) @ _direction(second), -1, 1)))


def _extent(line: Lettering, direction: NDArray[np.float64]) -> tuple[float, float]:
    """The range of the line's corners along a direction."""
    places = np.array(line.quad, float) @ direction
    return float(places.min()), float(places.max())


def _connected(is_near: NDArray[np.bool_]) -> list[list[int]]:
    groups: list[list[int]] = []
    left = np.ones(len(is_near), bool)
    for first in range(len(is_near)):
        if not left[first]:
            continue
        reached = np.zeros(len(is_near), bool)
        reached[first] = True
        edge = reached
        while edge.any():
            edge = is_near[edge].any(0) & ~reached
            reached |= edge
        left &= ~reached
        groups.append(np.flatnonzero(reached).tolist())
    return groups
