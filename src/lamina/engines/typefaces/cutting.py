"""Cuts parts of a line that show several letters, as joined scripts have them, into these letters."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from lamina.engines.typefaces.index import Floats, TypefaceIndex
from lamina.engines.typefaces.shapes import Coverage, LetterShape, letter_shape

_INK_COST = 6.0  # of a cut through ink as high as the part
_WIDTH_SPREAD = 0.35  # share by which widths of letters differ from typeface to typeface
_SPACE_EM, _GAP_EM = 0.25, 0.05  # of what is between words, and between letters
_MAX_WIDTH_PX, _MAX_LETTERS = 1200, 30
_FAR = 2.5  # widths of letters beyond this multiple of the usual one are not tried


def cut_letters(
    coverage: Coverage,
    parts: Sequence[LetterShape],
    columns: Sequence[int],
    places: Sequence[int],
    index: TypefaceIndex,
) -> list[LetterShape | None]:
    """A shape for each of the letters that some adjacent parts show together; None where there is none.

    `columns`, `places`: of the letters, see `SeenLetter`.
    """
    left = max(0, int(min(part.left for part in parts)) - 1)
    right = min(coverage.shape[1], int(max(part.left + part.width for part in parts)) + 2)
    nothing: list[LetterShape | None] = [None] * len(columns)
    if not 2 <= len(columns) <= _MAX_LETTERS or not 2 * len(columns) <= right - left <= _MAX_WIDTH_PX:
        return nothing
    part = coverage[:, left:right]
    edges = _edges(part, _usual_widths(columns, places, index))
    if edges is None:
        return nothing
    shapes = [letter_shape(np.pad(part[:, start:end], ((0, 0), (1, 1)))) for start, end in pairwise(edges)]
    return [
        None if shape is None else replace(shape, left=shape.left + left + start - 1)
        for shape, start in zip(shapes, edges, strict=False)
    ]


def _usual_widths(columns: Sequence[int], places: Sequence[int], index: TypefaceIndex) -> Floats:
    """(letters): usual advances in any unit, with that of a space that follows."""
    known = np.array(columns) >= 0
    widths = np.where(known, np.exp(index.usual_log_sizes[np.array(columns), 0]), 1.0)
    em = 2 * float(np.median(widths))
    spaces = np.array([after - before - 1 for before, after in zip(places, [*places[1:], places[-1] + 1], strict=True)])
    return np.asarray(widths + em * (_GAP_EM + _SPACE_EM * spaces), np.float32)


def _edges(part: Coverage, widths: Floats) -> list[int] | None:
    """Where letters begin and end, from the first pixel to the last; None if they do not fit."""
    length = part.shape[1]
    expected = widths * (length / float(widths.sum()))
    ink = _INK_COST * part.sum(0) / max(1.0, float((part.max(1) > 0.5).sum()))
    cost = np.full(length + 1, np.inf)
    cost[0] = 0.0
    came: list[np.ndarray] = []
    for number, width in enumerate(expected.tolist()):
        farthest = min(length, int(_FAR * width) + 1)
        best, source = np.full(length + 1, np.inf), np.zeros(length + 1, np.int64)
        for step in range(2, farthest + 1):
            tried = cost[:-step] + ((step - width) / (_WIDTH_SPREAD * width)) ** 2
            is_better = tried < best[step:]
            best[step:][is_better] = tried[is_better]
            source[step:][is_better] = np.flatnonzero(is_better)
        if number < len(expected) - 1:
            best[:-1] += ink
        cost = best
        came.append(source)
    if not np.isfinite(cost[length]):
        return None
    edges = [length]
    for source in reversed(came):
        edges.append(int(source[edges[-1]]))
    return edges[::-1]
