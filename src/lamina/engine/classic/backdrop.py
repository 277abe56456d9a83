"""Backdrop: what a line of text stands on, as smooth colour surfaces, and so which pixels the text changed."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engine.classic.neighbourhood import Colours, Mask

_MAX_SURFACES = 3
_SAMPLE = 4000
_ROUNDING = 2.0  # levels: what dither and rounding alone may do


@dataclass(frozen=True, slots=True, eq=False)
class Backdrop:
    """`departure` (height, width, 3): signed levels by which each pixel departs from the nearest surface.

    `noise`: levels by which the backdrop itself usually departs from its surfaces. `coverage`: 0..1, the share of the
    sampled pixels that the surfaces explain. `contrast`: levels by which the text departs.
    """

    departure: Colours
    noise: float
    coverage: float
    contrast: float

    @property
    def is_smooth(self) -> bool:
        """True if the surfaces tell text and ground apart."""
        return self.coverage > 0.7 and self.noise < 0.3 * self.contrast

    @property
    def difference(self) -> NDArray[np.float32]:
        """(height, width): the largest departure of the three channels, 0..255."""
        return np.abs(self.departure).max(-1)


def backdrop_of(rgb: Colours, sample: Mask, text: Mask) -> Backdrop:
    """Fit one to three smooth colour surfaces to the pixels in `sample`; `text` is where the line stands.

    `rgb`: (height, width, 3), 0..255; the masks (height, width).
    """
    terms = _terms(sample.shape)
    rows, columns = np.nonzero(sample)
    step = max(1, len(rows) // _SAMPLE)
    rows, columns = rows[::step], columns[::step]
    colours, basis = rgb[rows, columns], terms[rows, columns]
    departure = np.full(rgb.shape, 255, np.float32)
    difference = np.full(sample.shape, np.inf, np.float32)
    is_left = np.ones(len(rows), bool)
    noise = _ROUNDING
    for _ in range(_MAX_SURFACES):
        if is_left.sum() < max(40, 0.08 * len(rows)):
            break
        weights, spread = _fit(basis[is_left], colours[is_left])
        noise = max(noise, spread)
        residual = rgb - cv2.transform(terms, np.ascontiguousarray(weights.T))
        distance = np.abs(residual).max(-1)
        is_nearer = distance < difference
        departure[is_nearer] = residual[is_nearer]
        difference[is_nearer] = distance[is_nearer]
        is_left &= distance[rows, columns] > 2 * noise
    coverage = 1 - float(is_left.mean()) if len(rows) else 0.0
    contrast = float(np.percentile(difference[text], 85)) if text.any() else 0.0
    return Backdrop(departure, noise, coverage, contrast)


def _terms(shape: tuple[int, ...]) -> Colours:
    """(height, width, 6): the terms of a quadratic surface, coordinates scaled to -1..1."""
    y, x = np.meshgrid(*(np.linspace(-1, 1, side, dtype=np.float32) for side in shape), indexing="ij")
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], -1)


def _fit(basis: Colours, colours: Colours) -> tuple[Colours, float]:
    """The surface that most of the samples follow, and how far from it they usually lie (levels).

    Reweighted least squares, started from every sample (a gradient) and from the commonest colour (something flat
    beside something else); the start that explains more samples wins.
    """
    values, terms = colours.astype(np.float64), basis.astype(np.float64)
    near_main = np.exp(-np.square(np.abs(values - _main_colour(colours)).max(1) / 24))
    tries = [_reweighted(terms, values, start) for start in (np.ones(len(terms)), near_main)]
    weights, residual = min(tries, key=lambda found: float(np.minimum(found[1], 24).mean()))
    usual = residual[residual < 24]
    spread = float(np.median(usual)) * 2.2 if usual.size > 0.2 * residual.size else 30.0
    return weights.astype(np.float32), spread


def _reweighted(terms: NDArray[np.float64], values: NDArray[np.float64], weight: NDArray[np.float64]) -> tuple[
    NDArray[np.float64], NDArray[np.float64]
]:
    solution, residual = np.zeros((terms.shape[1], values.shape[1])), np.zeros(len(terms))
    for scale in (32.0, 16.0, 8.0, 6.0, 4.0, 4.0, 4.0):
        weighted = terms * weight[:, None]
        ridge = 1e-4 * weight.sum() * np.diag([1e-6, 1e-3, 1e-3, 1, 1, 1])  # keeps thin samples from curling up
        solution = np.linalg.solve(weighted.T @ terms + ridge + 1e-9 * np.eye(terms.shape[1]), weighted.T @ values)
        residual = np.abs(terms @ solution - values).max(1)
        weight = 1 / np.square(1 + np.square(residual / scale))
    return solution, residual


def _main_colour(colours: Colours) -> NDArray[np.float64]:
    """The colour around which the samples lie thickest."""
    bins = (colours // 24).astype(np.int64) @ np.array([1, 16, 256])
    values, counts = np.unique(bins, return_counts=True)
    return np.median(colours[bins == values[counts.argmax()]], 0).astype(np.float64)
