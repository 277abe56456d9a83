"""Models the backdrop of a text line as smooth colour surfaces, and measures how far pixels differ from it."""

from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.raster import (
    Labels,
    Mask,
    Rgb,
    Values,
    as_bytes,
    channel_max,
    components,
    grow,
    means_by_label,
    nearest_values,
    steps,
    zero_outside,
)
from lamina.engines.classic.text_window import Colours

_MAX_SURFACES = 5
_SAMPLE = 1500
_ROUNDING = 2.0  # levels: the effect of dithering and rounding
_MAX_PARTS = 200
_SAME_TONE = 6.0  # levels: difference of mean colours within one pattern
_STEP = 3.0  # levels: a larger difference of neighbours is an edge, not a gradient


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Backdrop:
    """The backdrop of one text line.

    `departure` (height, width, 3): signed difference of each pixel from its surface, in levels. `difference` (height,
    width): the largest absolute departure of the channels, 0..255. `noise` (height, width): typical departure of the
    surface's own pixels. `coverage`: share 0..1 of the sampled pixels that the surfaces explain. `contrast`: departure
    of the text, in levels.
    """

    departure: Colours
    difference: Values
    noise: Values
    coverage: float
    contrast: float

    def is_smooth_under(self, text: Mask) -> bool:
        """True if the surfaces separate text and background."""
        if self.coverage <= 0.6 or not text.any():
            return False
        return float(np.percentile(self.noise[text], 80)) < 0.3 * self.contrast


def fit_backdrop(rgb: Rgb, sample: Mask, text: Mask, letters: Mask | None = None) -> Backdrop:
    """Fits a smooth surface to every region of the sampled pixels.

    `rgb`: (height, width, 3), 0..255. `sample`, `text`: (height, width), pixels to fit, and the area of the line.
    `letters`: the strokes, if known. A surface's territory grows from its region in the sample as far as the surface is
    nearer than all others, so that letters in the colour of a nearby object are not taken for it. With known letters,
    it also grows from other pixels of its colour, such as gaps and counters. An empty sample explains nothing.
    """
    if not sample.any():
        return _empty_backdrop(sample.shape)
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
        seedable = is_own if letters is None else ~letters & (labels != 0)
        seeds[seedable & (seeds < 0) & (channel_max(np.abs(departure)) < 2 * spread)] = index
    coverage = float((grow(seeds >= 0, 1) & sample).sum()) / max(1, int(sample.sum()))
    territory = nearest_values(seeds, seeds >= 0) if count > 1 and (seeds >= 0).any() else np.zeros_like(seeds)
    departure = _select_departures(departures, territory)
    difference = channel_max(np.abs(departure))
    contrast = float(np.percentile(difference[text], 85)) if text.any() else 0.0
    return Backdrop(
        departure=departure,
        difference=difference,
        noise=np.array(spreads, np.float32)[territory],
        coverage=coverage,
        contrast=contrast,
    )


def _empty_backdrop(shape: tuple[int, ...]) -> Backdrop:
    plane = np.zeros(shape, np.float32)
    return Backdrop(
        departure=np.zeros((*shape, 3), np.float32), difference=plane, noise=plane, coverage=0.0, contrast=0.0
    )


def _regions(rgb: Rgb, sample: Mask) -> tuple[Labels, int]:
    """(height, width) region numbers from 1 for even regions that hold a sufficient share of the sample; their count.

    Unconnected parts of one colour, as in a pattern, are one region. Other even parts are -1, edges 0.
    """
    across, down = steps(rgb, 1), steps(rgb, 0)
    limit = max(_STEP, 3 * _median(across[sample[:, 1:]]), 3 * _median(down[sample[1:]]))
    calm = np.ones(sample.shape, bool)
    calm[:, 1:] &= across <= limit
    calm[1:] &= down <= limit
    parts = components(calm, connectivity=4)
    sample_counts = np.bincount(parts.labels[sample], minlength=len(parts))
    sample_counts[0] = 0
    groups = _group_by_colour(rgb, sample, parts.labels, sample_counts)
    names = np.full(len(parts), -1, np.int32)
    names[0] = 0
    for number, group in enumerate(groups, 1):
        names[group] = number
    return (names[parts.labels], len(groups)) if groups else (np.ones(sample.shape, np.int32), 1)


def _median(steps: Values) -> float:
    return float(np.median(steps)) if steps.size else 0.0


def _group_by_colour(rgb: Rgb, sample: Mask, labels: Labels, sample_counts: NDArray[np.intp]) -> list[list[int]]:
    """The parts grouped by colour, only groups with a sufficient share of the sample, largest first."""
    sample_labels = labels[sample]
    sampled = rgb.reshape(-1, 3).take(np.flatnonzero(sample), axis=0)  # much faster than by the mask
    means = means_by_label(sample_labels, sampled, len(sample_counts))
    groups: list[list[int]] = []
    for part in np.argsort(-sample_counts, kind="stable")[:_MAX_PARTS]:
        if sample_counts[part] < 12:
            break
        match = next((group for group in groups if np.abs(means[group[0]] - means[part]).max() < _SAME_TONE), None)
        if match is None:
            groups.append([int(part)])
        else:
            match.append(int(part))
    groups = [group for group in groups if sample_counts[group].sum() >= max(40, 0.03 * len(sample_labels))]
    return sorted(groups, key=lambda group: -int(sample_counts[group].sum()))[:_MAX_SURFACES]


def _select_departures(departures: list[Colours], territory: NDArray[np.int8]) -> Colours:
    selected = departures[0].copy()
    for index in range(1, len(departures)):
        cv2.copyTo(departures[index], as_bytes(territory == index), selected)
    for first, second in combinations(range(len(departures)), 2):
        frontier = grow(territory == first, 2) & grow(territory == second, 2)
        if frontier.any():
            _accept_mixtures(selected, departures[first], departures[second], frontier)
    return selected


def _accept_mixtures(selected: Colours, first: Colours, second: Colours, frontier: Mask) -> None:
    """Treats mixtures of two surfaces along their common border as backdrop."""
    here, step = first[frontier], first[frontier] - second[frontier]
    share = np.clip((here * step).sum(-1) / np.maximum(np.square(step).sum(-1), 1e-6), 0, 1)
    rest = here - share[:, None] * step
    is_better = np.abs(rest).max(-1) < np.abs(selected[frontier]).max(-1)
    selected[frontier] = np.where(is_better[:, None], rest, selected[frontier])


def _terms(shape: tuple[int, ...]) -> Colours:
    """(height, width, 6): the terms of a quadratic surface, coordinates scaled to -1..1."""
    y, x = np.meshgrid(*(np.linspace(-1, 1, side, dtype=np.float32) for side in shape), indexing="ij")
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], -1)


def _fit(terms: Colours, rgb: Colours, where: Mask) -> tuple[Colours, float]:
    """The departure of the image from the surface that most pixels in `where` follow, and the typical departure.

    Reweighted least squares make the fit robust against shadows in the region. Then the local departure of the backdrop
    is subtracted, because gradients need not be quadratic.
    """
    rows, columns = np.nonzero(where)
    step = max(1, len(rows) // _SAMPLE)
    rows, columns = rows[::step], columns[::step]
    weights = _reweighted(terms[rows, columns].astype(np.float64), rgb[rows, columns].astype(np.float64))
    departure = rgb - np.asarray(cv2.transform(terms, weights), np.float32)
    typical = float(np.median(np.abs(departure[rows, columns]).max(-1)))
    if typical > 0.5:
        departure = _subtract_low_frequencies(
            departure, where & (channel_max(np.abs(departure)) < max(8.0, 4 * typical))
        )
    rest = np.abs(departure[rows, columns]).max(-1)
    typical = float(np.median(rest))
    return departure, max(_ROUNDING, 2.2 * typical, float(np.percentile(rest[rest < max(6.0, 4 * typical)], 95)))


def _reweighted(basis: NDArray[np.float64], values: NDArray[np.float64]) -> Colours:
    """The coefficients (3, terms) of the fit by iteratively reweighted least squares."""
    weight = np.ones(len(values))
    solution = np.zeros((basis.shape[1], 3))
    for scale in (32.0, 12.0, 6.0, 4.0, 4.0):
        weighted = basis * weight[:, None]
        ridge = 1e-4 * weight.sum() * np.diag([1e-6, 1e-3, 1e-3, 1, 1, 1])  # regularises thin samples
        solution = np.linalg.solve(weighted.T @ basis + ridge + 1e-9 * np.eye(len(ridge)), weighted.T @ values)
        residual = np.abs(basis @ solution - values).max(1)
        weight = 1 / np.square(1 + np.square(residual / scale))
    return np.ascontiguousarray(solution.T, np.float32)


def _subtract_low_frequencies(departure: Colours, is_backdrop: Mask) -> Colours:
    """The departure minus its low-frequency part, at two scales."""
    height, width = is_backdrop.shape
    size = max(1, width // 4), max(1, height // 4)
    coverage = cv2.resize(is_backdrop.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    values = np.asarray(
        cv2.resize(zero_outside(is_backdrop, departure), size, interpolation=cv2.INTER_AREA), np.float32
    )
    level = np.zeros_like(values)
    for sigma, regularisation in ((0.08 * min(size) + 2, 1e-4), (2.5, 0.05)):
        weight = cv2.GaussianBlur(coverage, (0, 0), sigma)[..., None] + regularisation
        level += cv2.GaussianBlur(values - level * coverage[..., None], (0, 0), sigma) / weight
    return departure - np.asarray(cv2.resize(level, (width, height)), np.float32)
