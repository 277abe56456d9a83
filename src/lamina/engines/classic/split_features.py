"""Measures every split of a cut-out in two, to distinguish overlapping objects from the parts of one object.

The cues are those of perceptual grouping (Wertheimer 1923; Palmer, Vision Science, 1999, chapter 6): closed and convex
shapes, mirror symmetry, similar colour, concave corners where outlines cross, outlines that end at a border.
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
    "convexity_gain",  # mean convexity of the sides minus that of the whole
    "convexity_least",
    "convexity_whole",
    "symmetry_gain",
    "symmetry_least",
    "symmetry_most",
    "symmetry_whole",
    "symmetry_completed_least",  # missing parts may be covered by the other side
    "symmetry_completed_most",
    "bite_least",  # overlap of one side with the other's convex hull, over the smaller area
    "bite_most",
    "hulls_common",  # of the two convex hulls, over the smaller area
    "colours_common",
    "breaks_least",  # patches that end at the common border, on the plainer side
    "breaks_most",
    "patches_least",
    "patches_most",
    "contrast_across",
    "contrast_within",
    "contrast_least",  # at the faintest part of the common border
    "open_least",  # share of the outline that meets the outside
    "open_most",
    "ends",  # where the common border meets the outside
    "end_corner_most",  # share of outside around such an end; below 0.5 in a concave corner
    "end_corner_mean",
    "end_corner_least",
    "end_side_most",  # larger share of a side around such an end; 0.5 if its outline is straight
    "end_side_least",
    "distance_across",  # of the centres over the root of the area
    "distance_down",
    "length_least",  # of the main axis over the other
    "length_most",
    "raggedness_most",  # outline squared over area
    "line_across",  # width of the drawn lines along the common border, over the root of the area
    "line_within",  # and along the borders within the sides
)
_MIN_SHARE = 0.07

Sides = NDArray[np.bool_]
"""(m, n): which of the n patches are on the first side of each of m splits."""
_Measured = dict[str, NDArray[Any]]  # (m,) for each measure


@dataclass(frozen=True, eq=False)
class Splits:
    """`sides` (m, n): which of the n patches are on the first side; `measures` (m, len(MEASURES))."""

    sides: NDArray[np.bool_]
    measures: NDArray[np.float64]


def measure_splits(patches: Patches) -> Splits:
    """Measures every split of the patches in two connected sides of sufficient size."""
    sides = _connected_sides(patches)
    if not len(sides):
        return Splits(sides, np.zeros((0, len(MEASURES))))
    view = Thumbnail(patches)
    measured = {
        **_extents(patches, sides),
        **_contrasts(patches, sides, view.line_widths),
        **_patch_counts(view, sides),
        **_shapes(view, sides, patches.areas[1:]),
    }
    return Splits(sides, np.stack([measured[name] for name in MEASURES], 1))


def is_in_front(patches: Patches, side: NDArray[np.bool_]) -> bool:
    """True if the patches of `side` (n,) seem to cover the others, because their outline continues undisturbed.

    The hull of a covered object extends over the object that covers it; around the ends of the common border, the
    covered object has the smaller share.
    """
    view = Thumbnail(patches)
    first, second = view.shape_of(side), view.shape_of(~side)
    reach = float((second.hull & first.mask).sum()) - float((first.hull & second.mask).sum())
    evidence = reach / max(1, min(first.mask.sum(), second.mask.sum()))
    ends = ends_of(view, first.mask, second.mask)
    if ends:
        evidence += float(np.mean([view.share_around(end, side) - view.share_around(end, ~side) for end in ends]))
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
    """Areas, common borders and outer outlines."""
    touch = patches.touch[1:].astype(float)
    areas = _sums_of_sides(sides, patches.areas[1:])
    border = ((sides @ touch[:, 1:]) * ~sides).sum(1)
    open_px = _sums_of_sides(sides, touch[:, 0])
    outlines = open_px + border
    open_mask = open_px / np.maximum(outlines, 1)
    return {
        "smaller_share": (areas / areas.sum(0)).min(0),
        "border_length": border / np.sqrt(areas.min(0)),
        "border_share": border / np.maximum(1, outlines.min(0)),
        **_range("open", open_mask),
        "raggedness_most": (outlines**2 / areas).max(0),
    }


def _contrasts(patches: Patches, sides: Sides, line_widths: NDArray[np.float64]) -> _Measured:
    """Colour differences (Lab) and drawn lines between the sides and within them."""
    colours, touch = patches.colours[1:], patches.touch[1:, 1:].astype(float)
    distances = np.linalg.norm(colours[:, None] - colours[None], axis=-1)
    pairs = sides[:, :, None] & ~sides[:, None]
    border = touch * pairs
    least_px = np.minimum(0.1 * border.sum((1, 2)), border.max((1, 2)))
    faintest = np.where(pairs & (touch >= least_px[:, None, None]), distances, np.inf).min((1, 2))
    # similarity of each colour to the most similar one of the other side
    likeness = np.exp(-((distances / 15) ** 2)) * (pairs | pairs.swapaxes(1, 2))
    common = _sums_of_sides(sides, likeness.max(2) * patches.areas[1:]) / _sums_of_sides(sides, patches.areas[1:])
    return {
        "contrast_least": faintest,
        "colours_common": common.mean(0),
        **_mean_on_borders("contrast", distances, touch, sides),
        **_mean_on_borders("line", line_widths, touch, sides),
    }


def _mean_on_borders(name: str, values: NDArray[np.float64], touch: NDArray[np.float64], sides: Sides) -> _Measured:
    """Mean of values per pair of patches (n, n), along the common border and along borders within the sides."""
    is_across = (sides[:, :, None] != sides[:, None]).reshape(len(sides), -1)
    weighted, weight = (values * touch).ravel(), touch.ravel()
    return {
        f"{name}_{where}": (chosen @ weighted) / np.maximum(1, chosen @ weight)
        for where, chosen in (("across", is_across), ("within", ~is_across))
    }


def _patch_counts(view: Thumbnail, sides: Sides) -> _Measured:
    """Number of even patches of each side, and of those at the common border."""
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
    """Shapes of the sides, separately and compared with each other and the whole."""
    whole = view.shape_of(np.ones(sides.shape[1], bool))
    pairs = [(view.shape_of(side), view.shape_of(~side)) for side in sides]
    convexity, symmetry, length = (
        np.array([[getattr(shape, name) for shape in pair] for pair in pairs]).T
        for name in ("convexity", "symmetry", "length")
    )
    share = _sums_of_sides(sides, areas) / areas.sum()
    offset = np.abs([first.centre - second.centre for first, second in pairs]) / np.sqrt(max(1, view.inside.sum()))
    completed = np.array(
        [(completed_symmetry(first, second.mask), completed_symmetry(second, first.mask)) for first, second in pairs]
    )
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
    """Overlaps of the convex hulls of the sides."""
    common = [(first.hull & second.mask, second.hull & first.mask, first.hull & second.hull) for first, second in pairs]
    least_px = np.array(
        [max(1, min(np.count_nonzero(first.mask), np.count_nonzero(second.mask))) for first, second in pairs]
    )
    shares = np.array([[np.count_nonzero(mask) for mask in masks] for masks in common]).T / least_px
    return {**_range("bite", shares[:2]), "hulls_common": shares[2]}


def _ends(view: Thumbnail, pairs: list[tuple[Shape, Shape]], sides: Sides) -> _Measured:
    """Places where the common border meets the outside, and their surroundings."""
    rows: list[tuple[float, ...]] = []
    for (first, second), side in zip(pairs, sides, strict=True):
        ends = ends_of(view, first.mask, second.mask)
        if ends:
            corners = [view.openness_around(end) for end in ends]
            shares = [
                float(np.mean([view.share_around(end, side_patches) for end in ends])) for side_patches in (side, ~side)
            ]
            rows.append((len(ends), max(corners), float(np.mean(corners)), min(corners), max(shares), min(shares)))
        else:
            rows.append((0.0, 0.0, 0.0, 0.0, 0.4, 0.4))
    names = ("ends", "end_corner_most", "end_corner_mean", "end_corner_least", "end_side_most", "end_side_least")
    return dict(zip(names, np.array(rows, float).T, strict=True))


def _sums_of_sides(sides: Sides, of_patches: NDArray[Any]) -> NDArray[np.float64]:
    """(2, m): sums of values per patch, (n,) or (m, n), over the first and the second side."""
    return np.stack([(side * of_patches).sum(1) for side in (sides, ~sides)]).astype(float)


def _range(name: str, values: NDArray[Any]) -> _Measured:
    """The smaller and the larger of the values (2, m) of the sides."""
    return {f"{name}_least": values.min(0), f"{name}_most": values.max(0)}
