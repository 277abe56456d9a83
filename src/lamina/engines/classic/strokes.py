"""Strokes: which pixels of a line's window may be its letters, as candidates for a reader to choose from."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.backdrop import Backdrop
from lamina.engines.classic.neighbourhood import Colours, Neighbourhood, border_of
from lamina.engines.classic.raster import (
    Components,
    Mask,
    Values,
    components,
    grow,
    lab,
    means_by_label,
    share_by_label,
    shrink,
)

_CLUSTERS = 5
_SAMPLE = 3000
_SAME_COLOUR_LAB = 10.0
_ODD_COLOUR_LAB = 30.0
_BACKGROUND_SHARE = 0.10  # of the ring around the quad that a colour must hold to count as ground


@dataclass(frozen=True, slots=True, eq=False)
class Palette:
    """The window's colours: `labels` (height, width) of int, `centres` (n, 3) in Lab, `is_ground` (n,)."""

    labels: NDArray[np.intp]
    centres: Colours
    is_ground: NDArray[np.bool_]

    @property
    def ground(self) -> Mask:
        return self.is_ground[self.labels]


def palette_of(near: Neighbourhood) -> Palette:
    """Up to five colours by k-means, and which of them are the ground that the line stands on."""
    colours = lab(near.rgb)
    pixels = colours.reshape(-1, 3)
    sample = np.ascontiguousarray(pixels[:: max(1, len(pixels) // _SAMPLE)])
    cv2.setRNGSeed(1)
    count = min(_CLUSTERS, len(np.unique(sample, axis=0)))
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 15, 0.5)
    centres = np.asarray(
        cv2.kmeans(sample, count, np.empty(0, np.int32), stop, 2, cv2.KMEANS_PP_CENTERS)[2], np.float32
    )
    labels = _nearest_centre(colours, centres)
    return Palette(labels, centres, _which_are_ground(near, labels, centres))


def _nearest_centre(colours: Values, centres: Colours) -> NDArray[np.intp]:
    planes = cv2.split(colours)
    labels = np.zeros(colours.shape[:2], np.intp)
    least = np.full(colours.shape[:2], np.inf, np.float32)
    for index, centre in enumerate(centres):
        one, two, three = (np.square(plane - value) for plane, value in zip(planes, centre, strict=True))
        distance = one + two + three
        labels[distance < least] = index
        least = np.minimum(least, distance)
    return labels


def _which_are_ground(near: Neighbourhood, labels: NDArray[np.intp], centres: Colours) -> Mask:
    outside = share_by_label(labels[near.ground(30)], len(centres))
    inside = share_by_label(labels[near.inside], len(centres))
    main = int(outside.argmax())
    resembles = np.linalg.norm(centres - centres[main], axis=1) < _SAME_COLOUR_LAB
    spreads = (outside > _BACKGROUND_SHARE) & (inside < 0.8 * outside)
    return resembles | spreads


def candidates(near: Neighbourhood, palette: Palette, backdrop: Backdrop) -> list[tuple[Mask, float]]:
    """Masks that may be the letters, the likeliest first, each with a handicap 0..1 for what speaks against it.

    What departs clearly from a smooth backdrop, parts of one colour or all; each colour alone, the one most at home
    in the quad first; all colours but the ground, each filtered alone or all together. Several colours are a
    handicap, because drawings that touch the letters hide among them; so is reaching out of the quad.
    """
    offered: list[tuple[Mask, float]] = []
    if backdrop.is_smooth_under(near.inside):
        departs = backdrop.difference > np.maximum(backdrop.noise, 0.35 * backdrop.contrast)
        letters = _parts_of(near, departs).contained()
        offered += [(_of_one_colour(letters, palette), 0.0), (letters, 0.1)]
    by_colour = [_parts_of(near, palette.labels == index) for index in range(len(palette.centres))]
    single = [parts.contained() for parts in by_colour]
    single.sort(key=lambda mask: -int((mask & near.inside).sum()))
    offered += [(mask, 0.0) for mask in single]
    coloured = [by_colour[index].contained(0.5) for index in np.flatnonzero(~palette.is_ground)]
    if coloured:
        offered.append((np.logical_or.reduce(coloured), 0.1))
    offered.append((_parts_of(near, ~palette.ground).contained(), 0.1))
    area = int(near.inside.sum())
    found: list[tuple[Mask, float]] = []
    for mask, handicap in offered:
        if 0.02 * area < mask.sum() < 0.9 * area and not any(np.array_equal(mask, other) for other, _ in found):
            found.append((mask, handicap + _spill(near, mask) + _inversion(near, mask)))
    return found


def accompanying(near: Neighbourhood, palette: Palette, core: Mask) -> Mask:
    """Pixels of a colour that lines the letters all around, and far more than the ground has of it: their outline."""
    beside = grow(core, 3) & ~grow(core, 1)
    away = near.outside & ~grow(core, 3)
    count = len(palette.centres)
    lining = share_by_label(palette.labels[beside], count)
    usual = share_by_label(palette.labels[away], count)
    return ((lining > 0.4) & (lining > 2 * usual))[palette.labels]


def _of_one_colour(mask: Mask, palette: Palette) -> Mask:
    """The parts of the mask whose mean colour is near that of most of it: no confetti between the letters."""
    parts = components(mask)
    where = parts.labels[mask]
    colours = palette.centres[palette.labels[mask]]
    means = means_by_label(where, colours, len(parts))
    apart = np.linalg.norm(means[:, None] - means[None], axis=-1) < _ODD_COLOUR_LAB
    areas = np.where(np.arange(len(parts)) > 0, parts.areas, 0)
    return mask & apart[(apart @ areas).argmax()][parts.labels]


def _spill(near: Neighbourhood, mask: Mask) -> float:
    """0..1: the share of the mask clear out of the quad, what letters may (a tail, a flourish) let off."""
    within = grow(near.inside, round(0.1 * near.height_px) + 1)
    return max(0.0, float((mask & ~within).sum()) / max(1, int(mask.sum())) - 0.03)


def _inversion(near: Neighbourhood, mask: Mask) -> float:
    """0..1: how far the mask fills the quad, or the quad's edge, more than letters do: a panel, letters as holes."""
    edge = near.inside & ~shrink(near.inside, 1)
    on_edge = float((mask & edge).sum()) / max(1, int(edge.sum()))
    filled = float((mask & near.inside).sum()) / max(1, int(near.inside.sum()))
    return max(0.0, on_edge - 0.4, 2 * (filled - 0.6))


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """The connected parts of a mask, and which of them (n,) lie in the quad and stay in the window."""

    parts: Components
    is_good: NDArray[np.bool_]

    def contained(self, least_share: float = 0.0) -> Mask:
        """The good parts; none if they are less than that share of all."""
        areas = self.parts.areas
        if areas[self.is_good].sum() < least_share * areas[1:].sum():
            return np.zeros(self.parts.labels.shape, bool)
        return self.is_good[self.parts.labels]


def _parts_of(near: Neighbourhood, mask: Mask) -> _Parts:
    parts = components(mask)
    within = np.bincount(parts.labels[near.inside], minlength=len(parts))
    escaping = np.bincount(parts.labels[border_of(near.shape)], minlength=len(parts))
    stays = (escaping <= 0.02 * parts.areas + 2) | (within >= 0.9 * parts.areas)
    good = (within >= 0.5 * parts.areas) & stays & (parts.areas >= max(3, 0.0008 * near.height_px**2))
    good[0] = False
    return _Parts(parts, good)
