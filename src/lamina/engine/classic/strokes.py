"""Strokes: which pixels of a line's window may be its letters, as candidates for a reader to choose from."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engine.classic.backdrop import Backdrop
from lamina.engine.classic.neighbourhood import Mask, Neighbourhood

_CLUSTERS = 5
_SAMPLE = 3000
_SAME_COLOUR_LAB = 10.0
_BACKGROUND_SHARE = 0.10  # of the ring around the quad that a colour must hold to count as ground


@dataclass(frozen=True, slots=True, eq=False)
class Palette:
    """The window's colours: `labels` (height, width) of int, `centres` (n, 3) in Lab, `is_ground` (n,)."""

    labels: NDArray[np.intp]
    centres: NDArray[np.float32]
    is_ground: NDArray[np.bool_]

    @property
    def ground(self) -> Mask:
        return self.is_ground[self.labels]


def palette_of(near: Neighbourhood) -> Palette:
    """Up to five colours by k-means, and which of them are the ground that the line stands on."""
    lab = cv2.cvtColor(near.rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    pixels = lab.reshape(-1, 3)
    step = max(1, len(pixels) // _SAMPLE)
    sample = np.ascontiguousarray(pixels[::step])
    cv2.setRNGSeed(1)
    count = min(_CLUSTERS, len(np.unique(sample, axis=0)))
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 15, 0.5)
    centres = cv2.kmeans(sample, count, np.empty(0, np.int32), stop, 2, cv2.KMEANS_PP_CENTERS)[2]
    distances = np.stack([np.square(lab - centre).sum(-1) for centre in centres])
    labels = distances.argmin(0)
    return Palette(labels, centres, _which_are_ground(near, labels, centres))


def _which_are_ground(near: Neighbourhood, labels: NDArray[np.intp], centres: NDArray[np.float32]) -> Mask:
    ring = near.outside if near.outside.sum() >= 30 else ~near.inside
    if not ring.any():
        ring = _border(near.shape)
    outside = np.bincount(labels[ring], minlength=len(centres)) / ring.sum()
    inside = np.bincount(labels[near.inside], minlength=len(centres)) / max(1, near.inside.sum())
    main = int(outside.argmax())
    resembles = np.linalg.norm(centres - centres[main], axis=1) < _SAME_COLOUR_LAB
    spreads = (outside > _BACKGROUND_SHARE) & (inside < 0.8 * outside)
    return resembles | spreads


def candidates(near: Neighbourhood, palette: Palette, backdrop: Backdrop) -> list[Mask]:
    """Masks that may be the letters, the likeliest first.

    What departs clearly from a smooth backdrop; all colours but the ground; these colours apart; each colour.
    """
    departs = np.zeros(near.shape, bool)
    if backdrop.is_smooth:
        departs = _contained(near, backdrop.difference > max(backdrop.noise, 0.35 * backdrop.contrast), is_strict=False)
    together = _contained(near, ~palette.ground, is_strict=False)
    apart = {
        index: _contained(near, palette.labels == index, is_strict=True)
        for index in np.flatnonzero(~palette.is_ground)
    }
    union = np.any(list(apart.values()), 0) if apart else np.zeros(near.shape, bool)
    single = [_contained(near, palette.labels == index, is_strict=False) for index in range(len(palette.centres))]
    single.sort(key=lambda mask: -int(mask.sum()))
    area = int(near.inside.sum())
    found: list[Mask] = []
    for mask in (departs, together, union, *single):
        is_plausible = 0.02 * area < mask.sum() < 0.9 * area
        if is_plausible and not any(np.array_equal(mask, other) for other in found):
            found.append(mask)
    return found


def _contained(near: Neighbourhood, mask: Mask, *, is_strict: bool) -> Mask:
    """The connected parts that lie in the quad and do not run out of the window; strict: none if most do."""
    _, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA]
    within = np.bincount(parts[near.inside], minlength=len(areas))
    escaping = np.bincount(parts[_border(near.shape)], minlength=len(areas))
    stays = (escaping <= 0.02 * areas + 2) | (within >= 0.9 * areas)
    good = (within >= 0.5 * areas) & stays & (areas >= max(3, 0.0008 * near.height_px**2))
    good[0] = False
    if is_strict and areas[good].sum() < 0.5 * areas[1:].sum():
        return np.zeros(mask.shape, bool)
    return good[parts]


def _border(shape: tuple[int, int]) -> Mask:
    border = np.ones(shape, bool)
    border[1:-1, 1:-1] = False
    return border
