"""What tells two overlapping things from the parts of one: measures of every way to part a cut-out in two.

The cues are those of perceptual grouping (Wertheimer 1923; Palmer, Vision Science, 1999, chapter 6): closed and convex
shapes, mirror symmetry, like colour, concave corners where outlines cross, outlines that break off at a border.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lamina.engine.classic.regions import Patches
from lamina.engine.classic.thumbnail import Shape, Thumbnail, completed_symmetry, ends_of

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
_MIN_SHARE = 0.07


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
    view = Thumbnail(patches)
    whole = view.shape_of(np.ones(len(patches), bool))
    return Partings(sides, np.array([_measures(patches, view, whole, side) for side in sides]))


def is_in_front(patches: Patches, side: NDArray[np.bool_]) -> bool:
    """True if the patches of `side` (n,) seem to cover the others: theirs is the outline that runs on undisturbed.

    The hull of what is covered reaches over what covers it; about the ends of the common border the covered has less.
    """
    view = Thumbnail(patches)
    one, two = view.shape_of(side), view.shape_of(~side)
    reach = float((two.hull & one.mask).sum()) - float((one.hull & two.mask).sum())
    evidence = reach / max(1, min(one.mask.sum(), two.mask.sum()))
    ends = ends_of(view, one.mask, two.mask)
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


def _measures(patches: Patches, view: Thumbnail, whole: Shape, side: NDArray[np.bool_]) -> list[float]:
    areas = np.array([patches.areas[1:][side].sum(), patches.areas[1:][~side].sum()], float)
    one, two = view.shape_of(side), view.shape_of(~side)
    touch = patches.touch[1:, 1:]
    border = float(touch[np.ix_(side, ~side)].sum())
    open_px = np.array([patches.touch[1:, 0][side].sum(), patches.touch[1:, 0][~side].sum()], float)
    outlines = open_px + border
    share = areas / areas.sum()
    convexity, symmetry = (one.convexity, two.convexity), (one.symmetry, two.symmetry)
    least_px = max(1, min(one.mask.sum(), two.mask.sum()))
    completed = completed_symmetry(one, two.mask), completed_symmetry(two, one.mask)
    bites = (one.hull & two.mask).sum() / least_px, (two.hull & one.mask).sum() / least_px
    breaks, counts = _breaks(view, side)
    across, within = _contrasts(patches, side)
    ends = ends_of(view, one.mask, two.mask)
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


def _breaks(view: Thumbnail, side: NDArray[np.bool_]) -> tuple[list[float], list[float]]:
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


def _colours_common(patches: Patches, side: NDArray[np.bool_]) -> float:
    """0..1: how far each colour of the one side has its like on the other."""
    colours, areas = patches.colours[1:], patches.areas[1:]
    apart = np.linalg.norm(colours[side][:, None] - colours[~side][None], axis=-1)
    likeness = np.exp(-((apart / 15) ** 2))
    one = float(likeness.max(1) @ areas[side] / areas[side].sum())
    two = float(likeness.max(0) @ areas[~side] / areas[~side].sum())
    return (one + two) / 2
