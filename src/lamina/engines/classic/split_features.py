"""What tells two overlapping things from the parts of one: measures of every way to part a cut-out in two.

The cues are those of perceptual grouping (Wertheimer 1923; Palmer, Vision Science, 1999, chapter 6): closed and convex
shapes, mirror symmetry, like colour, concave corners where outlines cross, outlines that break off at a border.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.regions import Patches
from lamina.engines.classic.thumbnail import Shape, Thumbnail, completed_symmetry, ends_of

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

Sides = NDArray[np.bool_]
"""(m, n): which of the n patches stand on the first side of each of m partings."""
_Measured = dict[str, NDArray[Any]]  # (m,) for each measure


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
    measured = {
        **_extents(patches, sides),
        **_contrasts(patches, sides, view.line_widths),
        **_breaks(view, sides),
        **_shapes(view, sides, patches.areas[1:]),
    }
    return Partings(sides, np.stack([measured[name] for name in MEASURES], 1))


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
        evidence += float(np.mean([view.share_about(end, side) - view.share_about(end, ~side) for end in ends]))
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


def _extents(patches: Patches, sides: Sides) -> _Measured:
    """Areas, and outlines: in common and open to the outside."""
    touch = patches.touch[1:].astype(float)
    areas = _of_both(sides, patches.areas[1:])
    border = ((sides @ touch[:, 1:]) * ~sides).sum(1)
    open_px = _of_both(sides, touch[:, 0])
    outlines = open_px + border
    opened = open_px / np.maximum(outlines, 1)
    return {
        "smaller_share": (areas / areas.sum(0)).min(0),
        "border_length": border / np.sqrt(areas.min(0)),
        "border_share": border / np.maximum(1, outlines.min(0)),
        **_range("open", opened),
        "raggedness_most": (outlines**2 / areas).max(0),
    }


def _contrasts(patches: Patches, sides: Sides, line_widths: NDArray[np.float64]) -> _Measured:
    """Colour differences (Lab) and drawn lines between the two sides and within them."""
    colours, touch = patches.colours[1:], patches.touch[1:, 1:].astype(float)
    apart = np.linalg.norm(colours[:, None] - colours[None], axis=-1)
    pairs = sides[:, :, None] & ~sides[:, None]
    border = touch * pairs
    least_px = np.minimum(0.1 * border.sum((1, 2)), border.max((1, 2)))
    faintest = np.where(pairs & (touch >= least_px[:, None, None]), apart, np.inf).min((1, 2))
    # how far each colour of the one side has its like on the other
    likeness = np.exp(-((apart / 15) ** 2)) * (pairs | pairs.swapaxes(1, 2))
    common = _of_both(sides, likeness.max(2) * patches.areas[1:]) / _of_both(sides, patches.areas[1:])
    return {
        "contrast_least": faintest,
        "colours_common": common.mean(0),
        **_mean_on_borders("contrast", apart, touch, sides),
        **_mean_on_borders("line", line_widths, touch, sides),
    }


def _mean_on_borders(what: str, values: NDArray[np.float64], touch: NDArray[np.float64], sides: Sides) -> _Measured:
    """Mean of what each two patches have (n, n), along the common border, and along the borders within the sides."""
    is_across = (sides[:, :, None] != sides[:, None]).reshape(len(sides), -1)
    weighted, weight = (values * touch).ravel(), touch.ravel()
    return {
        f"{what}_{where}": (chosen @ weighted) / np.maximum(1, chosen @ weight)
        for where, chosen in (("across", is_across), ("within", ~is_across))
    }


def _breaks(view: Thumbnail, sides: Sides) -> _Measured:
    """How many even patches of each side reach the common border, and how many there are."""
    nothing = np.zeros((len(sides), 1), bool)
    of_sides = [np.hstack([nothing, side])[:, view.holder] for side in (sides, ~sides)]
    touch = view.fine_touch.astype(float)
    reached = [(other @ touch) * own for own, other in zip(of_sides, of_sides[::-1], strict=True)]
    breaks = [(border > 0.08 * border.sum(1, keepdims=True)).sum(1) for border in reached]
    return {
        **_range("breaks", np.array(breaks)),
        **_range("patches", np.array([of_side.sum(1) for of_side in of_sides])),
    }


def _shapes(view: Thumbnail, sides: Sides, areas: NDArray[np.int64]) -> _Measured:
    """What the two sides look like, each by itself and set against the other and the whole."""
    whole = view.shape_of(np.ones(sides.shape[1], bool))
    pairs = [(view.shape_of(side), view.shape_of(~side)) for side in sides]
    convexity, symmetry, length = (
        np.array([[getattr(shape, name) for shape in pair] for pair in pairs]).T
        for name in ("convexity", "symmetry", "length")
    )
    share = _of_both(sides, areas) / areas.sum()
    offset = np.abs([one.centre - two.centre for one, two in pairs]) / np.sqrt(max(1, view.inside.sum()))
    completed = np.array([(completed_symmetry(one, two.mask), completed_symmetry(two, one.mask)) for one, two in pairs])
    return {
        "convexity_gain": (share * convexity).sum(0) - whole.convexity,
        "convexity_least": convexity.min(0),
        "convexity_whole": np.full(len(sides), whole.convexity),
        "symmetry_gain": symmetry.mean(0) - whole.symmetry,
        **_range("symmetry", symmetry),
        "symmetry_whole": np.full(len(sides), whole.symmetry),
        **_range("symmetry_completed", completed.T),
        "distance_across": offset[:, 1],
        "distance_down": offset[:, 0],
        **_range("length", length),
        **_hulls(pairs),
        **_ends(view, pairs, sides),
    }


def _hulls(pairs: list[tuple[Shape, Shape]]) -> _Measured:
    """How far the two convex hulls reach into each other."""
    common = [(one.hull & two.mask, two.hull & one.mask, one.hull & two.hull) for one, two in pairs]
    least_px = np.array([max(1, min(np.count_nonzero(one.mask), np.count_nonzero(two.mask))) for one, two in pairs])
    shares = np.array([[np.count_nonzero(mask) for mask in masks] for masks in common]).T / least_px
    return {**_range("bite", shares[:2]), "hulls_common": shares[2]}


def _ends(view: Thumbnail, pairs: list[tuple[Shape, Shape]], sides: Sides) -> _Measured:
    """Where the common border meets the outside, and what lies about these places."""
    rows: list[tuple[float, ...]] = []
    for (one, two), side in zip(pairs, sides, strict=True):
        ends = ends_of(view, one.mask, two.mask)
        if ends:
            corners = [view.openness_about(end) for end in ends]
            held = [float(np.mean([view.share_about(end, which) for end in ends])) for which in (side, ~side)]
            rows.append((len(ends), max(corners), float(np.mean(corners)), min(corners), max(held), min(held)))
        else:
            rows.append((0.0, 0.0, 0.0, 0.0, 0.4, 0.4))
    names = ("ends", "end_corner_most", "end_corner_mean", "end_corner_least", "end_side_most", "end_side_least")
    return dict(zip(names, np.array(rows, float).T, strict=True))


def _of_both(sides: Sides, of_patches: NDArray[Any]) -> NDArray[np.float64]:
    """(2, m): the sum of what each patch has, (n,) or (m, n), over the one side and over the other."""
    return np.stack([(side * of_patches).sum(1) for side in (sides, ~sides)]).astype(float)


def _range(what: str, values: NDArray[Any]) -> _Measured:
    """The smaller and the larger of the values (2, m) of both sides."""
    return {f"{what}_least": values.min(0), f"{what}_most": values.max(0)}
