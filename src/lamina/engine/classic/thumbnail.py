"""A cut-out on a small grid, where the shapes of its sides are quick to measure: hulls, symmetry, where borders end."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engine.classic.raster import Labels, Mask, as_bytes, depth
from lamina.engine.classic.regions import Patches, touching

_SIDE = 64
_SAMPLES = 500  # pixels that are mirrored
_ANGLES = np.deg2rad(np.arange(0, 180, 15))


@dataclass(frozen=True, eq=False)
class Shape:
    """One side of a parting on the grid: its `mask` and convex `hull` (h, w); `convexity`, `symmetry`: 0..1.

    `length`: its main axis over the other. `centre`: row and column.
    """

    mask: Mask
    hull: Mask
    convexity: float
    symmetry: float
    length: float
    centre: NDArray[np.float64]


class Thumbnail:
    """The cut-out on a small grid, where shapes are quick to measure."""

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
        self.openness = self.share_about(~self.inside)
        self.near_outside = _widened(~self.inside)
        self.line_widths = _line_widths(patches)
        self.fine_touch = touching(patches.fine)
        first = np.zeros(len(self.fine_touch), np.int32)
        first[patches.fine] = patches.labels
        self.holder = first

    def share_about(self, mask: Mask) -> NDArray[np.float32]:
        """(h, w): how much of the disc about each pixel the mask fills."""
        return np.asarray(
            cv2.filter2D(mask.astype(np.float32), -1, self._disc, borderType=cv2.BORDER_REPLICATE), np.float32
        )

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
        return Shape(mask, hull, float(mask.sum() / max(1, hull.sum())), _symmetry(mask), length, centre)


def _widened(mask: Mask) -> Mask:
    return np.asarray(cv2.dilate(as_bytes(mask), np.ones((3, 3), np.uint8))).view(np.bool_)


def _symmetry(mask: Mask) -> float:
    """The best overlap (intersection over union) of a shape with its mirror image about an axis through its centre."""
    rows, columns = _sampled(mask)
    if len(rows) < 8:
        return 0.5
    x, y = _mirrored(rows, columns, float(rows.mean()), float(columns.mean()))
    height, width = mask.shape
    within = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    met = (mask[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)] & within).sum(1)
    return float((met / (2 * len(rows) - met)).max())


def completed_symmetry(shape: Shape, other: Mask) -> float:
    """The largest share of a shape whose mirror image, about an axis through its hull's centre, is on it or hidden."""
    rows, columns = _sampled(shape.mask)
    if len(rows) < 8:
        return 0.5
    hull = cv2.moments(as_bytes(shape.hull), binaryImage=True)
    down, right = hull["m01"] / hull["m00"], hull["m10"] / hull["m00"]
    x, y = _mirrored(rows, columns, down, right)
    height, width = other.shape
    either = shape.mask | other
    within = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    met = (either[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)] & within).mean(1)
    return float(met.max())


def _sampled(mask: Mask) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of a few hundred pixels all over the mask, or all."""
    rows, columns = np.nonzero(mask)
    step = max(1, len(rows) // _SAMPLES)
    return rows[::step], columns[::step]


def _mirrored(
    rows: NDArray[np.intp], columns: NDArray[np.intp], down: float, right: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(angles, n) each: columns and rows mirrored about axes through a point."""
    y, x = rows - down, columns - right
    cosine, sine = np.cos(2 * _ANGLES)[:, None], np.sin(2 * _ANGLES)[:, None]
    return np.rint(right + cosine * x + sine * y).astype(np.intp), np.rint(down + sine * x - cosine * y).astype(np.intp)


def _line_widths(patches: Patches) -> NDArray[np.float64]:
    """(n, n): how wide the drawn line between each two patches is, over the root of the cut-out's area."""
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


def ends_of(view: Thumbnail, one: Mask, two: Mask) -> list[tuple[int, int]]:
    """Row and column of each place where the common border meets the outside."""
    ends = _widened(one) & _widened(two) & view.near_outside
    count, _, _, centres = cv2.connectedComponentsWithStats(as_bytes(ends))
    return [(round(float(y)), round(float(x))) for x, y in np.asarray(centres)[1:count]]
