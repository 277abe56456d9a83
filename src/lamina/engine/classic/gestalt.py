"""What tells two overlapping things from the parts of one: measures of every way to part a cut-out in two.

The cues are those of perceptual grouping (Wertheimer 1923; Palmer, Vision Science, 1999, chapter 6): closed and convex
shapes, mirror symmetry, like colour, concave corners where outlines cross, outlines that break off at a border.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engine.classic.raster import Labels, Mask, as_bytes, depth
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
    "symmetry_completed_least",  # as if the other side covered what is missing
    "symmetry_completed_most",
    "bite_least",  # of the one's convex hull that the other fills, over the smaller area
    "bite_most",
    "hulls_common",  # of the two convex hulls, over the smaller area
    "colours_common",
    "breaks_least",  # patches that end at the common border, on the plainer side
    "breaks_most",
    "patches_least",
    "patches_most",
    "contrast_across",
    "contrast_within",
    "contrast_least",  # where the common border is faintest
    "open_least",  # share of the outline that meets the outside
    "open_most",
    "ends",  # where the common border meets the outside
    "end_corner_most",  # share of outside about such an end: below a half is a concave corner
    "end_corner_mean",
    "end_corner_least",
    "end_side_most",  # share about such an end of the side that has more: a half where its outline runs straight on
    "end_side_least",
    "distance_across",  # of the centres over the root of the area: things stand upright
    "distance_down",
    "length_least",  # of the main axis over the other
    "length_most",
    "raggedness_most",  # outline squared over area
    "line_across",  # width of the drawn lines along the common border, over the root of the area
    "line_within",  # and along the borders within the sides
)
_SIDE = 64
_SAMPLES = 500
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


def is_in_front(patches: Patches, side: NDArray[np.bool_]) -> bool:
    """True if the patches of `side` (n,) seem to cover the others: theirs is the outline that runs on undisturbed.

    The hull of what is covered reaches over what covers it; about the ends of the common border the covered has less.
    """
    view = _Thumbnail(patches)
    one, two = view.shape_of(side), view.shape_of(~side)
    reach = float((two.hull & one.mask).sum()) - float((one.hull & two.mask).sum())
    evidence = reach / max(1, min(one.mask.sum(), two.mask.sum()))
    ends = _ends(view, one.mask, two.mask)
    if ends:
        shares = view.share_about(one.mask) - view.share_about(two.mask)
        evidence += float(np.mean([shares[end] for end in ends]))
    return evidence > 0


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
    length: float
    centre: NDArray[np.float64]


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

    def shape_of(self, side: NDArray[np.bool_]) -> _Shape:
        mask = np.concatenate([[False], side])[self.labels]
        outlines, _ = cv2.findContours(as_bytes(mask), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        hull = np.zeros(mask.shape, np.uint8)
        if outlines:
            cv2.fillConvexPoly(hull, cv2.convexHull(np.concatenate(outlines)), 1)
        hull = hull.view(np.bool_)
        m = cv2.moments(as_bytes(mask), binaryImage=True)
        area = max(1.0, m["m00"])
        centre = np.array([m["m01"], m["m10"]]) / area
        middle = (m["mu20"] + m["mu02"]) / 2
        half = float(np.hypot((m["mu20"] - m["mu02"]) / 2, m["mu11"]))
        length = float(np.sqrt((middle + half) / max(middle - half, 0.1 * area)))
        return _Shape(mask, hull, float(mask.sum() / max(1, hull.sum())), _symmetry(mask), length, centre)


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


def _completed_symmetry(shape: _Shape, other: Mask) -> float:
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
    completed = _completed_symmetry(one, two.mask), _completed_symmetry(two, one.mask)
    bites = (one.hull & two.mask).sum() / least_px, (two.hull & one.mask).sum() / least_px
    breaks, counts = _breaks(view, side)
    across, within = _contrasts(patches, side)
    ends = _ends(view, one.mask, two.mask)
    corners = [float(view.openness[end]) for end in ends]
    held = np.full(2, 0.4)
    if ends:
        about = view.share_about(one.mask), view.share_about(two.mask)
        held = np.array([np.mean([float(shares[end]) for end in ends]) for shares in about])
    offset = np.abs(one.centre - two.centre) / np.sqrt(max(1, view.inside.sum()))
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
        min(completed),
        max(completed),
        float(min(bites)),
        float(max(bites)),
        float((one.hull & two.hull).sum() / least_px),
        _colours_common(patches, side),
        *sorted(breaks),
        *sorted(counts),
        across,
        within,
        _faintest(patches, side),
        float(opened.min()),
        float(opened.max()),
        float(len(corners)),
        max(corners, default=0.0),
        float(np.mean(corners)) if corners else 0.0,
        min(corners, default=0.0),
        float(held.max()),
        float(held.min()),
        float(offset[1]),
        float(offset[0]),
        *sorted((one.length, two.length)),
        float((outlines**2 / areas).max()),
        *_mean_on_borders(patches, side, view.line_widths),
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
    return _mean_on_borders(patches, side, np.linalg.norm(colours[:, None] - colours[None], axis=-1))


def _faintest(patches: Patches, side: NDArray[np.bool_]) -> float:
    """The least colour difference (Lab) across any good part of the common border."""
    colours, border = patches.colours[1:], patches.touch[1:, 1:][np.ix_(side, ~side)]
    apart = np.linalg.norm(colours[side][:, None] - colours[~side][None], axis=-1)
    return float(apart[border >= min(0.1 * border.sum(), border.max())].min())


def _mean_on_borders(patches: Patches, side: NDArray[np.bool_], values: NDArray[np.float64]) -> tuple[float, float]:
    """Mean of what each two patches have (n, n), along the common border, and along the borders within the sides."""
    weight = patches.touch[1:, 1:].astype(float)
    is_across = side[:, None] != side[None]
    across, within = (
        float((values * weight * chosen).sum() / max(1, (weight * chosen).sum())) for chosen in (is_across, ~is_across)
    )
    return across, within


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


def _colours_common(patches: Patches, side: NDArray[np.bool_]) -> float:
    """0..1: how far each colour of the one side has its like on the other."""
    colours, areas = patches.colours[1:], patches.areas[1:]
    apart = np.linalg.norm(colours[side][:, None] - colours[~side][None], axis=-1)
    likeness = np.exp(-((apart / 15) ** 2))
    one = float(likeness.max(1) @ areas[side] / areas[side].sum())
    two = float(likeness.max(0) @ areas[~side] / areas[~side].sum())
    return (one + two) / 2


def _ends(view: _Thumbnail, one: Mask, two: Mask) -> list[tuple[int, int]]:
    """Row and column of each place where the common border meets the outside."""
    ends = _widened(one) & _widened(two) & view.near_outside
    count, _, _, centres = cv2.connectedComponentsWithStats(as_bytes(ends))
    return [(round(float(y)), round(float(x))) for x, y in np.asarray(centres)[1:count]]
