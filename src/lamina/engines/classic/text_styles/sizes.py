"""Estimates em sizes from the extents of letters, and makes those equal that are equal within their error."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina.typesetting.setting import SetLine

_EDGE_ERROR_PX = 0.35  # standard deviation of the height of letters between two edges
_FACE_ERROR, _TYPICAL_ERROR = 0.004, 0.015  # of the size: of the metrics of the typeface, and of typical ones
_UNSURE_ERROR = 0.05  # of the size, with typical metrics: of lines whose tallest letters differ between typefaces
_SAME, _SAME_SHARE = 2.0, 0.02  # standard deviations, and share of the size, within which sizes are equal
_OUTLIER = 0.1  # of the size: lines that differ more do not have their block's size, or were misread
_CAPITAL_EM = 0.62  # strings that are as tall above the baseline have capitals or ascenders
_DESCENT_EM = 0.05  # letters that reach farther below the baseline descend
_DESCENDING, _MOST = frozenset("gjpqyQ"), 0.6
_TALL = frozenset("/\\|()[]{}@$§&")  # characters that are as tall as the typeface likes


@dataclass(frozen=True, slots=True)
class SizeEstimate:
    """An em size in pixels, and the standard deviation of its error."""

    px: float
    error_px: float


def line_size(line: SetLine, bottom: float | None, scale: float, is_exact: bool) -> SizeEstimate:
    """The em size from the height of a line.

    `bottom`: where most letters end. `scale`: pixels in which it was measured per pixel. `is_exact`: see `FaceMetrics`;
    of another typeface, only the height above the baseline is used, because typefaces differ more below it.
    """
    height_px, height, metric_error = line.box.height, line.ink.height, _FACE_ERROR
    if not is_exact:
        is_unsure = line.ink.top < _CAPITAL_EM or bool(_TALL.intersection(line.string))
        metric_error = _UNSURE_ERROR if is_unsure else _TYPICAL_ERROR
        if line.ink.bottom > _DESCENT_EM:
            if bottom is not None and _most_end_on_baseline(line.string) and bottom > line.box.top:
                height_px, height = bottom - line.box.top, line.ink.top
            else:
                metric_error = _UNSURE_ERROR
    px = height_px / height
    return SizeEstimate(px, float(np.hypot(_EDGE_ERROR_PX / scale / height, metric_error * px)))


def _most_end_on_baseline(string: str) -> bool:
    letters = [character for character in string if character.isalnum()]
    return sum(character not in _DESCENDING for character in letters) > _MOST * len(string.replace(" ", ""))


def pooled(estimates: Sequence[SizeEstimate]) -> SizeEstimate:
    """The weighted mean of estimates of one size, without outliers."""
    sizes = np.array([estimate.px for estimate in estimates])
    errors = np.array([estimate.error_px for estimate in estimates])
    middle = sizes[np.argsort(errors)[: max(1, (len(sizes) + 1) // 2)]]
    kept = np.abs(sizes - np.median(middle)) <= _OUTLIER * np.median(middle)
    if not kept.any():
        kept[:] = True
    weights = errors[kept] ** -2.0
    return SizeEstimate(float((sizes[kept] * weights).sum() / weights.sum()), float(weights.sum() ** -0.5))


def unified(estimates: Sequence[SizeEstimate]) -> list[float]:
    """The sizes in pixels, in which sizes that differ by less than their error are the same."""
    order = sorted(range(len(estimates)), key=lambda index: estimates[index].px)
    groups: list[list[int]] = []
    for index in order:
        if groups and _are_same(pooled([estimates[member] for member in groups[-1]]), estimates[index]):
            groups[-1].append(index)
        else:
            groups.append([index])
    sizes = [0.0] * len(estimates)
    for group in groups:
        px = round(pooled([estimates[member] for member in group]).px, 2)
        for member in group:
            sizes[member] = px
    return sizes


def _are_same(first: SizeEstimate, second: SizeEstimate) -> bool:
    tolerance_px = _SAME * float(np.hypot(first.error_px, second.error_px))
    return abs(first.px - second.px) <= max(tolerance_px, _SAME_SHARE * min(first.px, second.px))
