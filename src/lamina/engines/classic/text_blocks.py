"""Groups lines of text into blocks: the paragraphs, titles and labels that a designer would edit as one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.lettering import Lettering
from lamina.engines.classic.ocr import sides

_SAME_SIZE = 1.2  # largest ratio of the em sizes of one block
_SAME_HEIGHT = 1.9  # and of the heights of its lines, which depend on their letters
# Distances of the centres of successive lines, in em. Text is set at 1 to 1.6 em, and a gap between texts has 1.8 em
# or more, in 140 pairs of lines of 70 designs. Wider lines are one text only if there are three at the same distance.
_MAX_LEADING, _MAX_EVEN_LEADING = 1.75, 2.6
_EVEN = 0.08  # largest difference of equal distances, as a share of them
_MAX_SPACE = 1.2  # largest gap between words of a line, in heights
_MIN_SHARED = 0.4  # share of the shorter line that another must be above or below, unless they start together
_MIN_OVERLAP, _MOST = 0.3, 0.8  # shares of the height and of the width that a line has in common with its reflection
_SAME_LEVELS = 48  # difference of colours, in levels
_MAX_TURN = 0.2  # radians between the directions of two lines
_REACH = 4  # em or heights between their boxes: lines farther apart are not compared, or pages would take minutes


@dataclass(frozen=True, eq=False)
class TextBlock:
    """Lines of text that become one layer. `name`: of the layer; empty if it is named by its text.

    `is_selected`: the user selected it.
    """

    lines: tuple[Lettering, ...]
    name: str = ""
    is_selected: bool = False

    @property
    def area(self) -> int:
        """The area of the boxes around its lines, in pixels."""
        return sum(line.box[2] * line.box[3] for line in self.lines)


def text_blocks(lines: Sequence[Lettering]) -> list[list[int]]:
    """The indices of the lines of each block, in the order of the lines.

    Lines belong together if their size, colour and direction are alike, and if one follows below the other, or beside
    it, at the distance of a line or a word.
    """
    count = len(lines)
    is_near = np.zeros((count, count), bool)
    leading = np.full((count, count), np.nan)  # signed, of lines above one another
    for first, second in np.argwhere(np.triu(_are_within_reach(lines), 1)).tolist():
        is_near[first, second] = _is_echo(lines[first], lines[second])
        if not _have_one_style(lines[first], lines[second]):
            continue
        is_near[first, second] |= _are_on_one_line(lines[first], lines[second])
        distance = _leading(lines[first], lines[second])
        leading[first, second], leading[second, first] = distance, -distance
    is_near |= (np.abs(leading) <= _MAX_LEADING) | _evenly_spaced(leading)
    return _connected(is_near | is_near.T)


def _are_within_reach(lines: Sequence[Lettering]) -> NDArray[np.bool_]:
    """(n, n): pairs whose boxes are so close that they may belong together."""
    if not lines:
        return np.zeros((0, 0), bool)
    quads = np.array([line.quad for line in lines], float)
    low, high = quads.min(1), quads.max(1)
    gaps = np.maximum(low[:, None], low) - np.minimum(high[:, None], high)
    sizes = np.array([max(_height(line), line.size_px) for line in lines])
    return gaps.max(2) <= _REACH * np.maximum(sizes[:, None], sizes)


def _evenly_spaced(leading: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(n, n): pairs of successive lines that a third line follows, or precedes, at the same distance."""
    is_next = np.zeros(leading.shape, bool)
    for first, distances in enumerate(leading):
        below = np.where(distances > 0, distances, np.inf)
        if below.min(initial=np.inf) <= _MAX_EVEN_LEADING:
            is_next[first, below.argmin()] = True
    is_even = np.zeros(leading.shape, bool)
    for first, second in zip(*np.nonzero(is_next), strict=True):
        for third in np.flatnonzero(is_next[second]):
            one, other = leading[first, second], leading[second, third]
            is_even[[first, second], [second, third]] |= abs(one - other) <= _EVEN * max(one, other)
    return is_even


def _is_echo(first: Lettering, second: Lettering) -> bool:
    """True if one line is the reflection or shadow of the other: it cannot be read, and their boxes overlap."""
    if bool(first.string) == bool(second.string) or _angle_between(first, second) > _MAX_TURN:
        return False
    along_gap, down_gap = _gaps(first, second)
    heights, widths = zip(*(sides(np.array(line.quad, np.float32))[::-1] for line in (first, second)), strict=True)
    return -down_gap > _MIN_OVERLAP * max(heights) and -along_gap > _MOST * max(widths)


def _have_one_style(first: Lettering, second: Lettering) -> bool:
    sizes = max(1.0, first.size_px), max(1.0, second.size_px)
    heights = _height(first), _height(second)
    if max(sizes) > _SAME_SIZE * min(sizes) or max(heights) > _SAME_HEIGHT * min(heights):
        return False
    if _angle_between(first, second) > _MAX_TURN:
        return False
    return max(abs(a - b) for a, b in zip(first.colour, second.colour, strict=True)) <= _SAME_LEVELS


def _are_on_one_line(first: Lettering, second: Lettering) -> bool:
    """True if one continues the other at the distance of a word."""
    height = max(_height(first), _height(second))
    along_gap, down_gap = _gaps(first, second)
    return -down_gap > 0.5 * height and along_gap < _MAX_SPACE * height


def _leading(first: Lettering, second: Lettering) -> float:
    """The distance of the centre of the second line below that of the first, in em; NaN if they are side by side."""
    direction = _direction(first)
    (a0, a1), (b0, b1) = _extent(first, direction), _extent(second, direction)
    along_gap, down_gap = _gaps(first, second)
    shared = -along_gap / max(1.0, min(a1 - a0, b1 - b0))
    height = max(_height(first), _height(second))
    is_above = shared > _MIN_SHARED or (abs(a0 - b0) < height and shared > 0)
    if not is_above or -down_gap > 0.5 * height:
        return float("nan")
    down = float((np.mean(second.quad, 0) - np.mean(first.quad, 0)) @ _across(direction))
    return down / max(1.0, float(np.sqrt(first.size_px * second.size_px)))


def _gaps(first: Lettering, second: Lettering) -> tuple[float, float]:
    """The gaps along and across the first line, in pixels; negative where the lines overlap."""
    direction = _direction(first)
    (a0, a1), (b0, b1) = _extent(first, direction), _extent(second, direction)
    (c0, c1), (d0, d1) = _extent(first, _across(direction)), _extent(second, _across(direction))
    return max(a0, b0) - min(a1, b1), max(c0, d0) - min(c1, d1)


def _across(direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """The direction from a line to the next, at right angles to its own."""
    return np.array([-direction[1], direction[0]])


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
