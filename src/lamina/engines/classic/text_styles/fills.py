"""Finds the colour or the gradient that letters are filled with."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.core.text_styles import Colour, ColourGradient
from lamina.engines.classic.raster import Labels, Mask, Values, depth

_SOLID = 0.95
_MAX_SAMPLES = 6000
_MIN_RANGE = 24.0  # levels between the ends of a gradient
_MUCH_BETTER = 0.4  # share of the variance of one colour, or of one per line, that a gradient may leave
_MAX_SIDE_RANGE = 0.4  # of its range: how much the colour may change at right angles to the gradient
_OUTLIER_LEVELS = 24.0
_MIN_SAMPLES = 30


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Fill:
    """`colour`: the median, sRGB 0..255. `gradient`: None for one colour. `plane`: (3, 3), levels of each channel as
    x, y and constant; None without a gradient.
    """

    colour: Colour
    gradient: ColourGradient | None = None
    plane: Values | None = None

    def at(self, shape: tuple[int, int]) -> Values:
        """(h, w, 3) or (1, 1, 3): the colours in levels."""
        if self.plane is None:
            return np.array(self.colour, np.float32)[None, None]
        x, y = np.arange(shape[1]) + 0.5, np.arange(shape[0]) + 0.5
        across, down, constant = self.plane
        values = x[None, :, None] * across + y[:, None, None] * down + constant
        return np.clip(values, 0, 255).astype(np.float32)


def innermost(alpha: Values) -> Mask:
    """(h, w): the solid pixels in the middle of the strokes, which show the fill and not the outline."""
    solid = alpha >= _SOLID
    inward = depth(np.pad(solid, 1))[1:-1, 1:-1]
    return solid & (inward >= np.asarray(cv2.dilate(inward, np.ones((5, 5), np.uint8)))) & (inward >= 1)


def find_fill(pixels: Values, inner: Mask, owners: Labels, fallback: Colour) -> Fill:
    """The fill of letters. `pixels`: (h, w, 4), premultiplied 0..1; `inner`: see `innermost`; `owners`: their lines."""
    rows, columns = np.nonzero(inner & (owners >= 0))
    if len(rows) < _MIN_SAMPLES:
        return Fill(colour=fallback)
    step = max(1, len(rows) // _MAX_SAMPLES)
    rows, columns = rows[::step], columns[::step]
    samples: Values = pixels[rows, columns].astype(np.float64)
    samples = np.clip(samples[:, :3] * 255 / samples[:, 3:], 0, 255)
    red, green, blue = np.median(samples, 0)
    middle = round(red), round(green), round(blue)
    places = np.column_stack([columns + 0.5, rows + 0.5, np.ones(len(rows))])
    plane, is_inlier = _plane(places, samples)
    if is_inlier.sum() < max(_MIN_SAMPLES, 0.6 * len(samples)):
        return Fill(colour=middle)
    if not _is_gradient(samples[is_inlier], places[is_inlier] @ plane, owners[rows, columns][is_inlier]):
        return Fill(colour=middle)
    gradient = _gradient(plane, places[is_inlier])
    return Fill(colour=middle) if gradient is None else Fill(colour=middle, gradient=gradient, plane=plane)


def _plane(places: Values, samples: Values) -> tuple[Values, NDArray[np.bool_]]:
    """The linear fit of colours, and which samples it explains; outliers are left out."""
    is_inlier = np.ones(len(samples), bool)
    plane = np.zeros((3, 3))
    for _ in range(4):
        plane = np.linalg.lstsq(places[is_inlier], samples[is_inlier], rcond=None)[0]
        residuals = np.abs(samples - places @ plane).max(1)
        is_inlier = residuals <= max(_OUTLIER_LEVELS, 2.5 * float(np.median(residuals)))
    return plane, is_inlier


def _is_gradient(samples: Values, fitted: Values, lines: NDArray[np.int32]) -> bool:
    left = ((samples - fitted) ** 2).sum()
    if left > _MUCH_BETTER * ((samples - samples.mean(0)) ** 2).sum():
        return False
    by_line = sum(((samples[lines == line] - samples[lines == line].mean(0)) ** 2).sum() for line in np.unique(lines))
    return left <= _MUCH_BETTER * by_line


def _gradient(plane: Values, places: Values) -> ColourGradient | None:
    """The two colours at the ends of the text's box; None if they hardly differ, or not in one direction."""
    _, strengths, directions = np.linalg.svd(plane[:2].T, full_matrices=False)
    (right, down), side = directions[0], strengths[1] if len(strengths) > 1 else 0.0
    if right < -1e-9 or (abs(right) <= 1e-9 and down < 0):
        right, down = -right, -down
    low, high = places.min(0), places.max(0)
    middle = (low + high) / 2
    width, height = high[0] - low[0], high[1] - low[1]
    reach = (abs(right) * width + abs(down) * height) / 2
    ends = [middle + np.array([sign * reach * right, sign * reach * down, 0.0]) for sign in (-1, 1)]
    start, end = (np.clip(place @ plane, 0, 255) for place in ends)
    if np.abs(end - start).max() < _MIN_RANGE or side > _MAX_SIDE_RANGE * strengths[0]:
        return None
    first, last = ((round(red), round(green), round(blue)) for red, green, blue in (start, end))
    return ColourGradient(start=first, end=last, degrees=round(math.degrees(math.atan2(down, right)), 1))
