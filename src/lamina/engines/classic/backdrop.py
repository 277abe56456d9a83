"""Backdrop: what a line of text stands on, as smooth colour surfaces, and how far each pixel departs from it."""

from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.neighbourhood import Colours
from lamina.engines.classic.raster import (
    Labels,
    Mask,
    Rgb,
    Values,
    as_bytes,
    components,
    grow,
    largest,
    means_by_label,
    only_where,
    spread_from,
    steps,
)

_MAX_SURFACES = 5
_SAMPLE = 1500
_ROUNDING = 2.0  # levels: what dither and rounding alone may do
_MAX_PARTS = 200
_SAME_TONE = 6.0  # levels between the mean colours of parts of one pattern
_STEP = 3.0  # levels between neighbours, beyond which a gradient is an edge


@dataclass(frozen=True, slots=True, eq=False)
class Backdrop:
    """`departure` (height, width, 3): signed levels by which each pixel departs from the surface it belongs to.

    `difference` (height, width): the largest departure of the three channels, 0..255. `noise` (height, width): levels
    by which that surface's own pixels usually depart from it. `coverage`: 0..1, the share of the sampled pixels that
    the surfaces explain. `contrast`: levels by which the text departs.
    """

    departure: Colours
    difference: Values
    noise: Values
    coverage: float
    contrast: float

    def is_smooth_under(self, text: Mask) -> bool:
        """True if the surfaces tell text and ground apart."""
        if self.coverage <= 0.6 or not text.any():
            return False
        return float(np.percentile(self.noise[text], 80)) < 0.3 * self.contrast


def backdrop_of(rgb: Rgb, sample: Mask, text: Mask, letters: Mask | None = None) -> Backdrop:
    """Fit a smooth surface to every region that the pixels in `sample` lie in; `text` is where the line stands.

    `rgb`: (height, width, 3), 0..255; the masks (height, width). `letters`: once known, its strokes. A surface's
    territory starts from regions that reach into the sample, and goes as far as it is nearer than any other: so
    letters that have the colour of something nearby do not pass for it. With the letters known it starts from all
    else that has its colour, in gaps and counters too. An empty sample explains nothing.
    """
    if not sample.any():
        return _nothing_known(sample.shape)
    labels, count = _regions(rgb, sample)
    colours = rgb.astype(np.float32)
    terms = _terms(sample.shape)
    departures: list[Colours] = []
    spreads: list[float] = []
    seeds = np.full(sample.shape, -1, np.int8)
    for index in range(count):
        is_own = labels == index + 1
        where = is_own & sample
        departure, spread = _fit(terms, colours, where)
        departures.append(departure)
        spreads.append(spread)
        may_be = is_own if letters is None else ~letters & (labels != 0)
        seeds[may_be & (seeds < 0) & (largest(np.abs(departure)) < 2 * spread)] = index
    coverage = float((grow(seeds >= 0, 1) & sample).sum()) / max(1, int(sample.sum()))
    territory = spread_from(seeds, seeds >= 0) if count > 1 and (seeds >= 0).any() else np.zeros_like(seeds)
    departure = _chosen(departures, territory)
    difference = largest(np.abs(departure))
    contrast = float(np.percentile(difference[text], 85)) if text.any() else 0.0
    return Backdrop(departure, difference, np.array(spreads, np.float32)[territory], coverage, contrast)


def _nothing_known(shape: tuple[int, ...]) -> Backdrop:
    plane = np.zeros(shape, np.float32)
    return Backdrop(np.zeros((*shape, 3), np.float32), plane, plane, 0.0, 0.0)


def _regions(rgb: Rgb, sample: Mask) -> tuple[Labels, int]:
    """(height, width) numbers from 1 of the regions without edges that hold a fair share of the sample; their count.

    Unconnected parts of one colour, as of a pattern, are one region. Other calm parts are -1, edges 0.
    """
    across, down = steps(rgb, 1), steps(rgb, 0)
    limit = max(_STEP, 3 * _usual(across[sample[:, 1:]]), 3 * _usual(down[sample[1:]]))
    calm = np.ones(sample.shape, bool)
    calm[:, 1:] &= across <= limit
    calm[1:] &= down <= limit
    parts = components(calm, connectivity=4)
    held = np.bincount(parts.labels[sample], minlength=len(parts))
    held[0] = 0
    groups = _alike(rgb, sample, parts.labels, held)
    names = np.full(len(parts), -1, np.int32)
    names[0] = 0
    for number, group in enumerate(groups, 1):
        names[group] = number
    return (names[parts.labels], len(groups)) if groups else (np.ones(sample.shape, np.int32), 1)


def _usual(steps: Values) -> float:
    return float(np.median(steps)) if steps.size else 0.0


def _alike(rgb: Rgb, sample: Mask, labels: Labels, held: NDArray[np.intp]) -> list[list[int]]:
    """The parts in groups of one colour, those groups that hold a fair share of the sample, the largest first."""
    known = labels[sample]
    means = means_by_label(known, rgb[sample], len(held))
    groups: list[list[int]] = []
    for part in np.argsort(-held, kind="stable")[:_MAX_PARTS]:
        if held[part] < 12:
            break
        match = next((group for group in groups if np.abs(means[group[0]] - means[part]).max() < _SAME_TONE), None)
        if match is None:
            groups.append([int(part)])
        else:
            match.append(int(part))
    groups = [group for group in groups if held[group].sum() >= max(40, 0.03 * len(known))]
    return sorted(groups, key=lambda group: -int(held[group].sum()))[:_MAX_SURFACES]


def _chosen(departures: list[Colours], territory: NDArray[np.int8]) -> Colours:
    chosen = departures[0].copy()
    for index in range(1, len(departures)):
        cv2.copyTo(departures[index], as_bytes(territory == index), chosen)
    for one, other in combinations(range(len(departures)), 2):
        frontier = grow(territory == one, 2) & grow(territory == other, 2)
        if frontier.any():
            _excuse_mixtures(chosen, departures[one], departures[other], frontier)
    return chosen


def _excuse_mixtures(chosen: Colours, one: Colours, other: Colours, frontier: Mask) -> None:
    """Where two surfaces meet, a mixture of both is ground too."""
    here, step = one[frontier], one[frontier] - other[frontier]
    share = np.clip((here * step).sum(-1) / np.maximum(np.square(step).sum(-1), 1e-6), 0, 1)
    rest = here - share[:, None] * step
    is_better = np.abs(rest).max(-1) < np.abs(chosen[frontier]).max(-1)
    chosen[frontier] = np.where(is_better[:, None], rest, chosen[frontier])


def _terms(shape: tuple[int, ...]) -> Colours:
    """(height, width, 6): the terms of a quadratic surface, coordinates scaled to -1..1."""
    y, x = np.meshgrid(*(np.linspace(-1, 1, side, dtype=np.float32) for side in shape), indexing="ij")
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], -1)


def _fit(terms: Colours, rgb: Colours, where: Mask) -> tuple[Colours, float]:
    """How the picture departs from the surface that most pixels in `where` follow, and how far these usually do.

    By reweighted least squares, so that shadows that reach into the region do not pull at it; then less what the
    ground nearby departs, for gradients need not be quadratic.
    """
    rows, columns = np.nonzero(where)
    step = max(1, len(rows) // _SAMPLE)
    rows, columns = rows[::step], columns[::step]
    weights = _reweighted(terms[rows, columns].astype(np.float64), rgb[rows, columns].astype(np.float64))
    departure = rgb - np.asarray(cv2.transform(terms, weights), np.float32)
    usual = float(np.median(np.abs(departure[rows, columns]).max(-1)))
    if usual > 0.5:
        departure = _levelled(departure, where & (largest(np.abs(departure)) < max(8.0, 4 * usual)))
    rest = np.abs(departure[rows, columns]).max(-1)
    usual = float(np.median(rest))
    return departure, max(_ROUNDING, 2.2 * usual, float(np.percentile(rest[rest < max(6.0, 4 * usual)], 95)))


def _reweighted(basis: NDArray[np.float64], values: NDArray[np.float64]) -> Colours:
    """(3, terms)"""
    weight = np.ones(len(values))
    solution = np.zeros((basis.shape[1], 3))
    for scale in (32.0, 12.0, 6.0, 4.0, 4.0):
        weighted = basis * weight[:, None]
        ridge = 1e-4 * weight.sum() * np.diag([1e-6, 1e-3, 1e-3, 1, 1, 1])  # keeps thin samples from curling up
        solution = np.linalg.solve(weighted.T @ basis + ridge + 1e-9 * np.eye(len(ridge)), weighted.T @ values)
        residual = np.abs(basis @ solution - values).max(1)
        weight = 1 / np.square(1 + np.square(residual / scale))
    return np.ascontiguousarray(solution.T, np.float32)


def _levelled(departure: Colours, ground: Mask) -> Colours:
    """The departure, less that of the ground around, and then of the ground nearby."""
    height, width = ground.shape
    size = max(1, width // 4), max(1, height // 4)
    known = cv2.resize(ground.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    values = np.asarray(cv2.resize(only_where(ground, departure), size, interpolation=cv2.INTER_AREA), np.float32)
    level = np.zeros_like(values)
    for sigma, doubt in ((0.08 * min(size) + 2, 1e-4), (2.5, 0.05)):
        weight = cv2.GaussianBlur(known, (0, 0), sigma)[..., None] + doubt
        level += cv2.GaussianBlur(values - level * known[..., None], (0, 0), sigma) / weight
    return departure - np.asarray(cv2.resize(level, (width, height)), np.float32)
