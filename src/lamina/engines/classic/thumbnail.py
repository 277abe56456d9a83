"""Measures shapes of a cut-out on a small grid: convex hulls, symmetry, and the ends of borders."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.raster import Labels, Mask, as_bytes, depth
from lamina.engines.classic.regions import Patches, touching

_SIDE = 64
_SAMPLES = 500  # number of mirrored pixels
_TURNS = 2 * np.deg2rad(np.arange(0, 180, 15))[:, None]  # twice the angles of the mirror axes
_COSINE, _SINE = np.cos(_TURNS), np.sin(_TURNS)

Places = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Rows and columns, (n,) each."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Shape:
    """One side of a split on the grid: `mask` and convex `hull` (h, w); `convexity`, `symmetry`: 0..1.

    `length`: ratio of the principal axes. `centre`: row and column. `sample`: rows and columns of some of its pixels.
    """

    mask: Mask
    hull: Mask
    sample: Places
    convexity: float
    symmetry: float
    length: float
    centre: NDArray[np.float64]


class Thumbnail:
    """A cut-out on a small grid."""

    def __init__(self, patches: Patches) -> None:
        height, width = patches.labels.shape
        scale = _SIDE / max(height, width)
        size = max(4, round(width * scale)), max(4, round(height * scale))
        small = cv2.resize(patches.labels.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        self.labels: Labels = np.pad(np.asarray(small, np.int32), 3)
        self.inside = self.labels > 0
        radius = max(3, round(0.12 * float(np.sqrt(self.inside.sum()))))
        disc = np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.float32)
        self._disc = disc / disc.sum()
        self._wide = np.pad(self.labels, radius, mode="edge")
        self.near_outside = _widened(~self.inside)
        self.line_widths = _line_widths(patches)
        self.fine_touch = touching(patches.fine)
        first = np.zeros(len(self.fine_touch), np.int32)
        first[patches.fine] = patches.labels
        self.holder = first

    def share_around(self, place: tuple[int, int], side: NDArray[np.bool_]) -> float:
        """Share of the disc around a place (row, column) that the patches of `side` (n,) cover."""
        return self._share_around(place, np.concatenate([[False], side]))

    def openness_around(self, place: tuple[int, int]) -> float:
        """Share of the disc around a place (row, column) outside the cut-out."""
        return self._share_around(place, np.arange(self.labels.max() + 1) == 0)

    def _share_around(self, place: tuple[int, int], is_counted: NDArray[np.bool_]) -> float:
        row, column = place
        side = len(self._disc)
        return float(self._disc[is_counted[self._wide[row : row + side, column : column + side]]].sum())

    def shape_of(self, side: NDArray[np.bool_]) -> Shape:
        """The shape of the patches of `side` (n,)."""
        mask = np.concatenate([[False], side])[self.labels]
        outlines, _ = cv2.findContours(as_bytes(mask), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        hull = np.zeros(mask.shape, np.uint8)
        if outlines:
            cv2.fillConvexPoly(hull, cv2.convexHull(np.concatenate(outlines)), 1)
        hull = hull.view(np.bool_)
        moments = cv2.moments(as_bytes(mask), binaryImage=True)
        area = max(1.0, moments["m00"])
        centre = np.array([moments["m01"], moments["m10"]]) / area
        mean = (moments["mu20"] + moments["mu02"]) / 2  # of the two principal moments
        half = float(np.hypot((moments["mu20"] - moments["mu02"]) / 2, moments["mu11"]))
        length = float(np.sqrt((mean + half) / max(mean - half, 0.1 * area)))
        sample = _sampled(mask)
        convexity = float(np.count_nonzero(mask) / max(1, np.count_nonzero(hull)))
        return Shape(
            mask=mask,
            hull=hull,
            sample=sample,
            convexity=convexity,
            symmetry=_symmetry(mask, sample),
            length=length,
            centre=centre,
        )


def _widened(mask: Mask) -> Mask:
    return np.asarray(cv2.dilate(as_bytes(mask), np.ones((3, 3), np.uint8))).view(np.bool_)


def _symmetry(mask: Mask, sample: Places) -> float:
    """The highest intersection over union of a shape with its mirror image about an axis through its centre."""
    rows, columns = sample
    if len(rows) < 8:
        return 0.5
    count_on_mask = _count_mirrored_on_mask(mask, sample, float(rows.mean()), float(columns.mean()))
    return float((count_on_mask / (2 * len(rows) - count_on_mask)).max())


def completed_symmetry(shape: Shape, other_side: Mask) -> float:
    """The largest share of a shape whose mirror image, about an axis through its hull's centre, is on it or covered."""
    count = len(shape.sample[0])
    if count < 8:
        return 0.5
    hull = cv2.moments(as_bytes(shape.hull), binaryImage=True)
    count_on_mask = _count_mirrored_on_mask(
        shape.mask | other_side, shape.sample, hull["m01"] / hull["m00"], hull["m10"] / hull["m00"]
    )
    return float((count_on_mask / count).max())


def _sampled(mask: Mask) -> Places:
    """Rows and columns of a few hundred evenly distributed pixels of the mask, or all."""
    rows, columns = np.nonzero(mask)
    step = max(1, len(rows) // _SAMPLES)
    return rows[::step], columns[::step]


def _count_mirrored_on_mask(mask: Mask, sample: Places, down: float, right: float) -> NDArray[np.intp]:
    """(angles,): number of sampled pixels that fall on the mask when mirrored about each axis through a point."""
    height, width = mask.shape
    beyond = height + width  # maximum distance of a mirror image outside the grid
    wide = np.zeros((height + 2 * beyond, width + 2 * beyond), bool)
    wide[beyond : beyond + height, beyond : beyond + width] = mask
    y, x = sample[0] - down, sample[1] - right
    rows = np.rint(down + _SINE * x - _COSINE * y)
    columns = np.rint(right + _COSINE * x + _SINE * y)
    places = ((rows + beyond) * wide.shape[1] + (columns + beyond)).astype(np.int32)
    return wide.ravel().take(places, mode="clip").sum(1)


def _line_widths(patches: Patches) -> NDArray[np.float64]:
    """(n, n): width of the drawn line between each pair of patches, over the root of the cut-out's area."""
    count = len(patches) + 1
    thickness = 2 * depth(patches.lines) / np.sqrt(patches.areas[1:].sum())
    sums = np.zeros((count, count))
    for near, far, width in (
        (patches.labels[:, 1:], patches.labels[:, :-1], np.maximum(thickness[:, 1:], thickness[:, :-1])),
        (patches.labels[1:], patches.labels[:-1], np.maximum(thickness[1:], thickness[:-1])),
    ):
        differs = near != far
        np.add.at(sums, (near[differs], far[differs]), width[differs])
    sums = sums + sums.T
    return sums[1:, 1:] / np.maximum(patches.touch[1:, 1:], 1)


def ends_of(view: Thumbnail, first: Mask, second: Mask) -> list[tuple[int, int]]:
    """Row and column of each place where the common border meets the outside."""
    ends = _widened(first) & _widened(second) & view.near_outside
    count, _, _, centres = cv2.connectedComponentsWithStats(as_bytes(ends))
    return [(round(float(y)), round(float(x))) for x, y in np.asarray(centres)[1:count]]
