"""Describes the shape of a letter: its coverage in a square of fixed size, and its extents in pixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIDE = 24
"""Cells of a shape in a row and in a column."""

Coverage = NDArray[np.float32]
"""(h, w), 0..1."""

_STEPS = np.linspace(0, 1, SIDE + 1)
_EDGE = 0.5  # share of the strongest coverage at which a letter ends


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LetterShape:
    """`cells`: (SIDE, SIDE), the coverage of the letter's box, stretched to a square.

    `left`, `top`: of the box in pixels; `width`, `height`: where coverage falls to a half, in fractions of pixels.
    """

    cells: Coverage
    left: float
    top: float
    width: float
    height: float


def letter_shape(coverage: Coverage) -> LetterShape | None:
    """The shape of the letter that `coverage` shows alone; None if there is too little of it."""
    columns, rows = coverage.max(0), coverage.max(1)
    horizontal, vertical = _extent(columns), _extent(rows)
    if horizontal is None or vertical is None:
        return None
    (left, right), (top, bottom) = horizontal, vertical
    if right - left < 1 or bottom - top < 1:
        return None
    sums = np.zeros((coverage.shape[0] + 1, coverage.shape[1] + 1), np.float64)
    sums[1:, 1:] = coverage.cumsum(0).cumsum(1)
    xs, ys = left + _STEPS * (right - left), top + _STEPS * (bottom - top)
    x0 = np.minimum(xs.astype(np.int64), coverage.shape[1] - 1)
    y0 = np.minimum(ys.astype(np.int64), coverage.shape[0] - 1)
    down = sums[y0] + (sums[y0 + 1] - sums[y0]) * (ys - y0)[:, None]
    both = down[:, x0] + (down[:, x0 + 1] - down[:, x0]) * (xs - x0)
    cells = np.diff(np.diff(both, axis=0), axis=1) * (SIDE * SIDE / ((right - left) * (bottom - top)))
    return LetterShape(cells=cells.astype(np.float32), left=left, top=top, width=right - left, height=bottom - top)


def _extent(profile: NDArray[np.float32]) -> tuple[float, float] | None:
    """Where the profile of coverage rises above a half and falls below it, between pixels, in pixels."""
    level = _EDGE * float(profile.max(initial=0.0))
    inside = np.flatnonzero(profile > level)
    if level < 0.1 or not inside.size:
        return None
    first, last = int(inside[0]), int(inside[-1])
    before = float(profile[first - 1]) if first else 0.0
    after = float(profile[last + 1]) if last + 1 < len(profile) else 0.0
    start = first + 0.5 - (float(profile[first]) - level) / max(1e-6, float(profile[first]) - before)
    end = last + 0.5 + (float(profile[last]) - level) / max(1e-6, float(profile[last]) - after)
    return max(0.0, start), min(float(len(profile)), end)
