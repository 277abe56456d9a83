"""Proposes candidate masks for the letters in the window of a line."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.backdrop import Backdrop
from lamina.engines.classic.raster import (
    Components,
    Mask,
    Values,
    components,
    grow,
    lab,
    means_by_label,
    share_by_label,
    share_within,
    shrink,
    take_by_label,
)
from lamina.engines.classic.text_window import Colours, TextWindow, border_of

_CLUSTERS = 5
_SAMPLE = 3000
_SAME_COLOUR_LAB = 10.0
_ODD_COLOUR_LAB = 30.0
_BACKGROUND_SHARE = 0.10  # minimum share of the ring around the quad for a background colour


@dataclass(frozen=True, slots=True, eq=False)
class Palette:
    """The colour clusters of a window: `labels` (height, width), `centres` (n, 3) in Lab, `is_background` (n,)."""

    labels: NDArray[np.intp]
    centres: Colours
    is_background: NDArray[np.bool_]

    @property
    def background(self) -> Mask:
        return self.is_background[self.labels]


def compute_palette(window: TextWindow) -> Palette:
    """Clusters the colours by k-means, and determines which clusters are background."""
    colours = lab(window.rgb)
    pixels = colours.reshape(-1, 3)
    sample = np.ascontiguousarray(pixels[:: max(1, len(pixels) // _SAMPLE)])
    cv2.setRNGSeed(1)
    count = min(_CLUSTERS, len(np.unique(sample, axis=0)))
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 15, 0.5)
    centres = np.asarray(
        cv2.kmeans(
            data=sample,
            K=count,
            bestLabels=np.empty(0, np.int32),
            criteria=stop,
            attempts=2,
            flags=cv2.KMEANS_PP_CENTERS,
        )[2],
        np.float32,
    )
    labels = _nearest_centre(colours, centres)
    return Palette(labels, centres, _detect_background(window, labels, centres))


def _nearest_centre(colours: Values, centres: Colours) -> NDArray[np.intp]:
    planes = cv2.split(colours)
    labels = np.zeros(colours.shape[:2], np.intp)
    best_distance = np.full(colours.shape[:2], np.inf, np.float32)
    for index, centre in enumerate(centres):
        first, second, third = (np.square(plane - value) for plane, value in zip(planes, centre, strict=True))
        distance = first + second + third
        labels[distance < best_distance] = index
        best_distance = np.minimum(best_distance, distance)
    return labels


def _detect_background(window: TextWindow, labels: NDArray[np.intp], centres: Colours) -> Mask:
    outside = share_by_label(labels[window.background_sample(30)], len(centres))
    inside = share_by_label(labels[window.inside], len(centres))
    main = int(outside.argmax())
    resembles = np.linalg.norm(centres - centres[main], axis=1) < _SAME_COLOUR_LAB
    spreads = (outside > _BACKGROUND_SHARE) & (inside < 0.8 * outside)
    return resembles | spreads


def letter_candidates(window: TextWindow, palette: Palette, backdrop: Backdrop) -> list[tuple[Mask, float]]:
    """Candidate masks of the letters, likeliest first, each with a penalty 0..1.

    The candidates are: pixels that differ clearly from a smooth backdrop, of one colour or all; each colour cluster
    alone, the one with most pixels in the quad first; all clusters but the background, filtered separately or together.
    Several colours get a penalty, because they may include drawings that touch the letters; so does exceeding the quad.
    """
    proposals: list[tuple[Mask, float]] = []
    if backdrop.is_smooth_under(window.inside):
        departs = backdrop.difference > np.maximum(backdrop.noise, 0.35 * backdrop.contrast)
        letters = _parts_of(window, departs).contained()
        proposals += [(_of_one_colour(letters, palette), 0.0), (letters, 0.1)]
    by_colour = [_parts_of(window, palette.labels == index) for index in range(len(palette.centres))]
    single = [parts.contained() for parts in by_colour]
    single.sort(key=lambda mask: -int((mask & window.inside).sum()))
    proposals += [(mask, 0.0) for mask in single]
    coloured = [by_colour[index].contained(0.5) for index in np.flatnonzero(~palette.is_background)]
    if coloured:
        proposals.append((np.logical_or.reduce(coloured), 0.1))
    proposals.append((_parts_of(window, ~palette.background).contained(), 0.1))
    area = int(window.inside.sum())
    within = grow(window.inside, round(0.1 * window.height_px) + 1)
    edge = window.inside & ~shrink(window.inside, 1)
    candidates_with_penalty: list[tuple[Mask, float]] = []
    for mask, penalty in proposals:
        if 0.02 * area < mask.sum() < 0.9 * area and not any(
            np.array_equal(mask, other) for other, _ in candidates_with_penalty
        ):
            candidates_with_penalty.append(
                (mask, penalty + _spill(mask, within) + _inversion(mask, window.inside, edge))
            )
    return candidates_with_penalty


def outline_pixels(window: TextWindow, palette: Palette, core: Mask) -> Mask:
    """Pixels of colours that surround the letters much more often than they occur in the background: an outline."""
    beside = grow(core, 3) & ~grow(core, 1)
    away = window.outside & ~grow(core, 3)
    count = len(palette.centres)
    lining = share_by_label(palette.labels[beside], count)
    usual = share_by_label(palette.labels[away], count)
    return ((lining > 0.4) & (lining > 2 * usual))[palette.labels]


def _of_one_colour(mask: Mask, palette: Palette) -> Mask:
    """Components of the mask with a mean colour close to the dominant one, without speckles between letters."""
    parts = components(mask)
    where = parts.labels[mask]
    colours = palette.centres[palette.labels[mask]]
    means = means_by_label(where, colours, len(parts))
    apart = np.linalg.norm(means[:, None] - means[None], axis=-1) < _ODD_COLOUR_LAB
    areas = np.where(np.arange(len(parts)) > 0, parts.areas, 0)
    return mask & take_by_label(apart[(apart @ areas).argmax()], parts.labels)


def _spill(mask: Mask, within: Mask) -> float:
    """0..1: the share of the mask outside the quad beyond the tolerance for tails and flourishes.

    `within`: the quad with a margin.
    """
    return max(0.0, float((mask & ~within).sum()) / max(1, int(mask.sum())) - 0.03)


def _inversion(mask: Mask, inside: Mask, edge: Mask) -> float:
    """0..1: how much more than letters the mask fills the quad or its edge, as a panel with letters as holes does."""
    on_edge, filled = share_within(edge, mask), share_within(inside, mask)
    return max(0.0, on_edge - 0.4, 2 * (filled - 0.6))


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """The components of a mask, and which of them (n,) are in the quad and within the window."""

    parts: Components
    is_good: NDArray[np.bool_]

    def contained(self, min_share: float = 0.0) -> Mask:
        """The accepted components; none if they cover less than `min_share` of all."""
        areas = self.parts.areas
        if areas[self.is_good].sum() < min_share * areas[1:].sum():
            return np.zeros(self.parts.labels.shape, bool)
        return take_by_label(self.is_good, self.parts.labels)


def _parts_of(window: TextWindow, mask: Mask) -> _Parts:
    parts = components(mask)
    within = np.bincount(parts.labels[window.inside], minlength=len(parts))
    escaping = np.bincount(parts.labels[border_of(window.shape)], minlength=len(parts))
    stays = (escaping <= 0.02 * parts.areas + 2) | (within >= 0.9 * parts.areas)
    good = (within >= 0.5 * parts.areas) & stays & (parts.areas >= max(3, 0.0008 * window.height_px**2))
    good[0] = False
    return _Parts(parts, good)
