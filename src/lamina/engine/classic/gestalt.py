"""What tells two overlapping things from the parts of one: measures of every way to part a cut-out in two.

The cues are those of perceptual grouping (Wertheimer 1923; Palmer, Vision Science, 1999, chapter 6): closed and convex
shapes, mirror symmetry, like colour, concave corners where outlines cross, outlines that break off at a border.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engine.classic.raster import Labels, Mask, Values, as_bytes
from lamina.engine.classic.regions import Patches, touching

MEASURES = (
    "smaller_share",  # of the area
    "border_length",  # common border over the root of the smaller area
    "border_share",  # common border over the shorter outline
    "convexity_gain",  # how much more convex the two are than the whole
    "convexity_least",
    "convexity_whole",
    "symmetry_gain",
    "symmetry_least",
    "symmetry_most",
    "symmetry_whole",
    "bite_least",  # of the one's convex hull that the other fills, over the smaller area
    "bite_most",
    "colours_common",
    "breaks_least",  # patches that end at the common border, on the plainer side
    "breaks_most",
    "patches_least",
    "patches_most",
    "contrast_across",
    "contrast_within",
    "open_least",  # share of the outline that meets the outside
    "open_most",
    "ends",  # where the common border meets the outside
    "end_corner_most",  # share of outside about such an end: below a half is a concave corner
    "end_corner_mean",
    "distance",  # of the centres over the root of the area
)
_SIDE = 48
_MIN_SHARE = 0.07
_ANGLES = np.deg2rad(np.arange(0, 180, 15))


@dataclass(frozen=True, eq=False)
class Partings:
    """`sides` (m, n): which of the n patches stand on the first side; `measures` (m, len(MEASURES))."""

    sides: NDArray[np.bool_]
    measures: NDArray[np.float64]


def partings(patches: Patches) -> Partings:
    """Every way to part the patches in two connected sides of some size, measured."""
    sides = _connected_sides(patches)
    if not len(sides):
        return Partings(sides, np.zeros((0, len(MEASURES))))
    view = _Thumbnail(patches)
    whole = view.shape_of(np.ones(len(patches), bool))
    return Partings(sides, np.array([_measures(patches, view, whole, side) for side in sides]))


def _connected_sides(patches: Patches) -> NDArray[np.bool_]:
    count = len(patches)
    near = patches.touch[1:, 1:] > 2
    areas = patches.areas[1:]
    numbers = np.arange(1, 2 ** (count - 1))
    sides = (numbers[:, None] >> np.arange(count)) & 1 > 0
    share = sides @ areas / areas.sum()
    sides = sides[np.minimum(share, 1 - share) >= _MIN_SHARE]
    return sides[_connected(sides, near) & _connected(~sides, near)]


def _connected(sides: NDArray[np.bool_], near: NDArray[np.bool_]) -> NDArray[np.bool_]:
    reached = sides & (np.cumsum(sides, 1) == 1)  # the first patch of each
    for _ in range(sides.shape[1]):
        reached |= sides & ((reached.astype(np.int32) @ near.astype(np.int32)) > 0)
    return (reached == sides).all(1)


@dataclass(frozen=True, eq=False)
class _Shape:
    mask: Mask
    hull: Mask
    convexity: float
    symmetry: float


class _Thumbnail:
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
        outside = (~self.inside).astype(np.float32)
        self.openness = np.asarray(
            cv2.filter2D(outside, -1, disc / disc.sum(), borderType=cv2.BORDER_REPLICATE), np.float32
        )
        self.near_outside = _widened(~self.inside)
        self.fine_touch = touching(patches.fine)
        first = np.zeros(len(self.fine_touch), np.int32)
        first[patches.fine] = patches.labels
        self.holder = first

    def shape_of(self, side: NDArray[np.bool_]) -> _Shape:
        mask = np.concatenate([[False], side])[self.labels]
        outlines, _ = cv2.findContours(as_bytes(mask), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        hull = np.zeros(mask.shape, np.uint8)
        if outlines:
            cv2.fillConvexPoly(hull, cv2.convexHull(np.concatenate(outlines)), 1)
        hull = hull.view(np.bool_)
        return _Shape(mask, hull, float(mask.sum() / max(1, hull.sum())), _symmetry(mask))


def _widened(mask: Mask) -> Mask:
    return np.asarray(cv2.dilate(as_bytes(mask), np.ones((3, 3), np.uint8))).view(np.bool_)


def _symmetry(mask: Mask) -> float:
    """The best overlap (intersection over union) of a shape with its mirror image about an axis through its centre."""
    rows, columns = np.nonzero(mask)
    if len(rows) < 8:
        return 0.5
    down, right = rows - rows.mean(), columns - columns.mean()
    cosine, sine = np.cos(2 * _ANGLES)[:, None], np.sin(2 * _ANGLES)[:, None]
    x = np.rint(columns.mean() + cosine * right + sine * down).astype(np.intp)
    y = np.rint(rows.mean() + sine * right - cosine * down).astype(np.intp)
    height, width = mask.shape
    within = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    met = (mask[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)] & within).sum(1)
    return float((met / (2 * len(rows) - met)).max())


def _measures(patches: Patches, view: _Thumbnail, whole: _Shape, side: NDArray[np.bool_]) -> list[float]:
    areas = np.array([patches.areas[1:][side].sum(), patches.areas[1:][~side].sum()], float)
    one, two = view.shape_of(side), view.shape_of(~side)
    touch = patches.touch[1:, 1:]
    border = float(touch[np.ix_(side, ~side)].sum())
    open_px = np.array([patches.touch[1:, 0][side].sum(), patches.touch[1:, 0][~side].sum()], float)
    outlines = open_px + border
    share = areas / areas.sum()
    convexity, symmetry = (one.convexity, two.convexity), (one.symmetry, two.symmetry)
    least_px = max(1, min(one.mask.sum(), two.mask.sum()))
    bites = (one.hull & two.mask).sum() / least_px, (two.hull & one.mask).sum() / least_px
    breaks, counts = _breaks(view, side)
    across, within = _contrasts(patches, side)
    corners = _corners(view, one.mask, two.mask)
    offset = np.array([np.argwhere(one.mask).mean(0) - np.argwhere(two.mask).mean(0)])
    opened = open_px / np.maximum(outlines, 1)
    return [
        float(share.min()),
        border / float(np.sqrt(areas.min())),
        border / float(max(1, outlines.min())),
        float(share @ convexity) - whole.convexity,
        min(convexity),
        whole.convexity,
        float(np.mean(symmetry)) - whole.symmetry,
        min(symmetry),
        max(symmetry),
        whole.symmetry,
        float(min(bites)),
        float(max(bites)),
        _colours_common(patches, side),
        *sorted(breaks),
        *sorted(counts),
        across,
        within,
        float(opened.min()),
        float(opened.max()),
        float(len(corners)),
        max(corners, default=0.0),
        float(np.mean(corners)) if corners else 0.0,
        float(np.linalg.norm(offset) / np.sqrt(view.inside.sum())),
    ]


def _breaks(view: _Thumbnail, side: NDArray[np.bool_]) -> tuple[list[float], list[float]]:
    """How many even patches of each side reach the common border, and how many there are."""
    of_side = np.concatenate([[False], side])[view.holder]
    of_other = np.concatenate([[False], ~side])[view.holder]
    border = view.fine_touch[np.ix_(of_side, of_other)]
    enough = 0.08 * border.sum()
    breaks = [float((border.sum(axis) > enough).sum()) for axis in (0, 1)]
    return breaks, [float(of_side.sum()), float(of_other.sum())]


def _contrasts(patches: Patches, side: NDArray[np.bool_]) -> tuple[float, float]:
    """Mean colour difference (Lab) along the common border, and along the borders within the sides."""
    colours = patches.colours[1:]
    apart = np.linalg.norm(colours[:, None] - colours[None], axis=-1)
    weight = patches.touch[1:, 1:].astype(float)
    is_across = side[:, None] != side[None]
    means = [
        float((apart * weight * chosen).sum() / max(1, (weight * chosen).sum())) for chosen in (is_across, ~is_across)
    ]
    return means[0], means[1]


def _colours_common(patches: Patches, side: NDArray[np.bool_]) -> float:
    """0..1: how far each colour of the one side has its like on the other."""
    colours, areas = patches.colours[1:], patches.areas[1:]
    apart = np.linalg.norm(colours[side][:, None] - colours[~side][None], axis=-1)
    likeness = np.exp(-((apart / 15) ** 2))
    one = float(likeness.max(1) @ areas[side] / areas[side].sum())
    two = float(likeness.max(0) @ areas[~side] / areas[~side].sum())
    return (one + two) / 2


def _corners(view: _Thumbnail, one: Mask, two: Mask) -> list[float]:
    """The share of outside about each place where the common border meets the outside."""
    ends = _widened(one) & _widened(two) & view.near_outside
    count, _, _, centres = cv2.connectedComponentsWithStats(as_bytes(ends))
    places: Values = np.rint(np.asarray(centres, np.float64)[1:count]).astype(np.intp)
    return [float(view.openness[y, x]) for x, y in places]
