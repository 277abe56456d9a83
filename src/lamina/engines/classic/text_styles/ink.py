"""Locates the edges of the visible letters of each line to a fraction of a pixel."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.raster import Labels, Mask, Values, bounds_by_label, components, take_by_label
from lamina.typesetting.frames import LineBox

_MARGIN = 0.6  # of the height of a line: letters beyond its box that may belong to it
_MOSTLY = 0.8  # share of a component in one line from which on it belongs to it entirely
_MIN_PART = 0.003  # of the squared height of a line: smaller parts are noise, and the dot of an i is larger
_NOBODY = -1


def line_owners(boxes: Sequence[LineBox], shape: tuple[int, int], letters: Mask) -> Labels:
    """(h, w): the index of the line to which each pixel of the letters belongs, or -1. `boxes`: of the OCR, in pixels.

    Letters belong to the line whose middle is nearest, and as a whole if nearly all of them does.
    """
    owners = np.full(shape, _NOBODY, np.int32)
    distances = np.full(shape, np.inf, np.float32)
    for index, box in enumerate(boxes):
        height = max(2.0, box.height)
        top, bottom = _clipped(box.top - _MARGIN * height, box.bottom + _MARGIN * height, shape[0])
        left, right = _clipped(box.left - _MARGIN * height, box.right + _MARGIN * height, shape[1])
        rows = np.abs(np.arange(top, bottom) + 0.5 - (box.top + box.bottom) / 2) / height
        columns = np.arange(left, right) + 0.5
        beside = np.maximum(0, np.maximum(box.left - columns, columns - box.right)) / height
        distance = (rows[:, None] + beside[None]).astype(np.float32)
        window = np.s_[top:bottom, left:right]
        is_nearer = distance < distances[window]
        owners[window][is_nearer] = index
        distances[window][is_nearer] = distance[is_nearer]
    owners[~letters] = _NOBODY
    return _whole_letters(owners, letters, boxes)


def _whole_letters(owners: Labels, letters: Mask, boxes: Sequence[LineBox]) -> Labels:
    parts = components(letters)
    count = len(boxes) + 1
    pairs = np.bincount((parts.labels.astype(np.int64) * count + owners + 1).ravel(), minlength=len(parts) * count)
    shares = pairs.reshape(len(parts), count)
    best = shares.argmax(1) - 1
    heights = np.array([0.0, *(box.height for box in boxes)])
    is_noise = parts.areas < _MIN_PART * heights[best + 1] ** 2
    is_whole = shares.max(1) >= _MOSTLY * parts.areas
    is_whole[0] = is_noise[0] = False
    owner_of_part = np.where(is_noise, _NOBODY, best).astype(np.int32)
    changed = take_by_label(is_whole | is_noise, parts.labels)
    owners[changed] = take_by_label(owner_of_part, parts.labels)[changed]
    return owners


def windows_of_lines(owners: Labels, count: int) -> dict[int, tuple[slice, slice]]:
    """The rows and columns of the letters of each line that has any, with a margin of one pixel."""
    areas = np.bincount((owners + 1).ravel(), minlength=count + 1)[1:]
    bounds = bounds_by_label(owners + 1, count + 1)[1:].tolist()
    return {
        index: (slice(max(0, top - 1), bottom + 1), slice(max(0, left - 1), right + 1))
        for index, (top, left, bottom, right) in enumerate(bounds)
        if areas[index]
    }


def ink_box(coverage: Values) -> LineBox | None:
    """The extents in pixels of letters with this coverage (h, w), 0..1, to where it falls to a half; None without."""
    horizontal, vertical = _extent(coverage.max(0)), _extent(coverage.max(1))
    if horizontal is None or vertical is None:
        return None
    return LineBox(left=horizontal[0], right=horizontal[1], top=vertical[0], bottom=vertical[1])


def letters_bottom(coverage: Values) -> float | None:
    """The row, in pixels, on which most letters (h, w) end: where their coverage falls most from row to row."""
    counts = np.concatenate([coverage.sum(1), [0.0]])
    falls = counts[:-1] - counts[1:]
    falls[: len(falls) // 3] = 0  # there are the tops of letters
    last = int(falls.argmax()) if falls.size else 0
    if falls.size < 3 or falls[last] <= 0:
        return None
    near = falls[max(0, last - 1) : last + 2].clip(0)
    places = np.arange(max(0, last - 1), max(0, last - 1) + len(near)) + 1.0
    return float((places * near).sum() / near.sum())


def _extent(profile: NDArray[np.floating]) -> tuple[float, float] | None:
    inside = np.flatnonzero(profile >= 0.5)
    if not inside.size:
        return None
    padded = np.concatenate([[0.0], profile, [0.0]])
    first, last = int(inside[0]) + 1, int(inside[-1]) + 1
    # Positions of pixel centres, which are at halves; the padding shifts them by one.
    start = first - 0.5 - (padded[first] - 0.5) / max(1e-6, padded[first] - padded[first - 1])
    end = last - 0.5 + (padded[last] - 0.5) / max(1e-6, padded[last] - padded[last + 1])
    return float(start), float(end)


def _clipped(first: float, last: float, length: int) -> tuple[int, int]:
    start, end = (int(np.clip(np.floor(edge), 0, length)) for edge in (first, last))
    return start, max(start, end)
