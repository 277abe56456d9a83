"""Groups the text lines of pages into paragraphs, which stay together in one layer."""

from collections.abc import Sequence

import numpy as np

from lamina.engines.classic.lettering import Lettering
from lamina.engines.classic.ocr import sides

_MANY_LINES = 24  # with fewer lines, each one stays separate, so that it can be moved
_LIKE_SIZE = 1.6  # maximum ratio of line heights
_NEAR = 1.0  # maximum gap between lines, or parts of a line, in heights of the smaller one


def paragraphs(lines: Sequence[Lettering]) -> list[list[int]]:
    """The indices of the lines grouped by paragraph; each line alone if there are few."""
    if len(lines) < _MANY_LINES:
        return [[index] for index in range(len(lines))]
    x, y, width, height = np.array([line.box for line in lines], float).T
    size = np.array([sides(np.array(line.quad, np.float32))[1] for line in lines])
    low, high = np.minimum(size[:, None], size), np.maximum(size[:, None], size)
    across = np.maximum(x[:, None], x) - np.minimum((x + width)[:, None], x + width)
    down = np.maximum(y[:, None], y) - np.minimum((y + height)[:, None], y + height)
    is_near = (high <= _LIKE_SIZE * low) & (np.maximum(across, down) <= _NEAR * low) & (np.minimum(across, down) < 0)
    return _connected(is_near)


def _connected(is_near: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> list[list[int]]:
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
