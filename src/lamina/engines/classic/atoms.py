"""Divides an image into atoms: even regions, and small basins where nothing is even. Candidates are unions of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.observation import Observation
from lamina.engines.classic.raster import (
    Labels,
    Mask,
    Rgb,
    bounds_by_label,
    components,
    depth,
    means_by_label,
    nearest_values,
    take_by_label,
)
from lamina.engines.classic.regions import touching

_MIN_ATOM_PX = 16
_SLIVER_DEPTH_PX = 1.6  # thinner even regions belong to soft edges
_GRID_STEPS = 64  # of the longer side: distance of the basins where nothing is even
_MAX_ATOMS = 1200  # `touching` is quadratic in their number


@dataclass(frozen=True, eq=False)
class Atoms:
    """`labels` (h, w): 0..n - 1, everywhere. `areas` (n,) in pixels; `colours` (n, 3): mean CIE L*a*b*.

    `touch` (n, n): common border in pixels. `bounds` (n, 4): see `raster.bounds_by_label`.
    """

    labels: Labels
    areas: NDArray[np.int64]
    colours: NDArray[np.float64]
    touch: NDArray[np.int64]
    bounds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.areas)

    def union(self, members: Sequence[int]) -> tuple[Mask, tuple[slice, slice]]:
        """The mask of some atoms within their bounding box, and the rows and columns of the box."""
        top, left = self.bounds[members, :2].min(0).tolist()
        bottom, right = self.bounds[members, 2:].max(0).tolist()
        window = slice(top, bottom), slice(left, right)
        is_member = np.zeros(len(self), bool)
        is_member[members] = True
        return take_by_label(is_member, self.labels[window]), window


def find_atoms(seen: Observation) -> Atoms:
    """The atoms of an image."""
    labels = _grow_seeds(seen.denoised, _seeds(seen.smooth))
    count = int(labels.max()) + 1
    areas = np.bincount(labels.ravel(), minlength=count)
    touch = touching(labels + 1)[1:, 1:]
    colours = means_by_label(labels, seen.colours, count)
    return Atoms(labels, areas, colours, touch, bounds_by_label(labels, count))


def _seeds(smooth: Mask) -> Labels:
    """(h, w): numbers from 1 of the even regions, the largest first, then of points of a grid; 0 elsewhere."""
    height, width = smooth.shape
    regions = components(smooth, connectivity=4)
    inward = depth(smooth)
    is_thick = np.bincount(regions.labels[inward > _SLIVER_DEPTH_PX], minlength=len(regions)) > 0
    is_seed = is_thick & (regions.areas >= _MIN_ATOM_PX)
    is_seed[0] = False
    order = sorted(np.flatnonzero(is_seed).tolist(), key=lambda label: -int(regions.areas[label]))[:_MAX_ATOMS]
    number = np.zeros(len(regions), np.int32)
    number[order] = np.arange(1, len(order) + 1)
    seeds = take_by_label(number, regions.labels)
    far = depth(seeds == 0)
    step = max(8, round(max(height, width) / _GRID_STEPS))
    count = len(order)
    for y in range(step // 2, height, step):
        for x in range(step // 2, width, step):
            if far[y, x] > 0.6 * step and count < _MAX_ATOMS:
                count += 1
                seeds[y, x] = count
    return seeds


def _grow_seeds(denoised: Rgb, seeds: Labels) -> Labels:
    """(h, w): every pixel gets the number, less one, of a seed, by a watershed (Meyer, 1992)."""
    if not seeds.any():
        return np.zeros(seeds.shape, np.int32)
    markers = seeds.copy()
    cv2.watershed(denoised, markers)
    if not (markers > 0).any():  # the watershed leaves no pixel of the image border a number
        markers = seeds
    labels = np.asarray(nearest_values(np.maximum(markers, 0), markers > 0), np.int32)
    is_used = np.bincount(labels.ravel()) > 0
    return take_by_label((np.cumsum(is_used) - 1).astype(np.int32), labels)
