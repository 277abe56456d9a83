"""Splits a cut-out of several overlapping objects into these objects."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.fitted_networks import FittedNetworks, load_networks
from lamina.engines.classic.raster import Mask, Values, depth, grow
from lamina.engines.classic.regions import MAX_PATCHES, Patches, find_even_patches, merge_patches
from lamina.engines.classic.split_features import MEASURES, is_in_front, measure_splits

_MAX_CUT_DEPTH = 2
_MIN_SCORE, _MIN_SCORE_UNEVEN = 0.0, 3.0  # only confident cuts are made in blurred patches
_MAX_EVEN_PATCHES = 120  # more patches indicate a crowd or a scene, where cuts would divide objects


@dataclass(frozen=True, eq=False)
class SplitPart:
    """One object. `mask`: (h, w); `cuts`: its side of each cut and the score of the cut, first cut first."""

    mask: Mask
    cuts: tuple[tuple[bool, float], ...] = ()


def split_cutout(colours: Values, mask: Mask, smooth: Mask, is_uneven: bool = False) -> list[SplitPart]:
    """The objects in one connected cut-out, whose masks add up to `mask`; a single one if nothing overlaps.

    `colours` (h, w, 3) in CIE L*a*b*, `mask` and `smooth` (h, w) in the window of the cut-out. `is_uneven`: fine noise
    has blurred the patches, so that only confident cuts are made.
    """
    return _split_part(colours, SplitPart(mask), smooth, _MIN_SCORE_UNEVEN if is_uneven else _MIN_SCORE)


def _split_part(colours: Values, part: SplitPart, smooth: Mask, min_score: float) -> list[SplitPart]:
    cut = _best_cut(colours, part.mask, smooth, min_score) if len(part.cuts) < _MAX_CUT_DEPTH else None
    if cut is None:
        return [part]
    first, score = cut
    sides = ((True, part.mask & first), (False, part.mask & ~first))
    parts = [SplitPart(mask, (*part.cuts, (is_first, score))) for is_first, mask in sides]
    return [final for half in parts for final in _split_part(colours, half, smooth, min_score)]


def _best_cut(colours: Values, mask: Mask, smooth: Mask, min_score: float) -> tuple[Mask, float] | None:
    even = find_even_patches(mask, smooth)
    if len(even) > _MAX_EVEN_PATCHES:
        return None
    patches = merge_patches(colours, even)
    if not 2 <= len(patches) <= MAX_PATCHES:
        return None
    splits = measure_splits(patches)
    if not len(splits.sides):
        return None
    scores = load_split_model().outputs(splits.measures)
    best = int(scores.argmax())
    if scores[best] <= min_score:
        return None
    return assign_outline(patches, splits.sides[best]), float(scores[best])


def assign_outline(patches: Patches, side: NDArray[np.bool_]) -> Mask:
    """(h, w): the pixels of a side; the drawn line along the cut is the outline of the side in front."""
    first = np.concatenate([[False], side])[patches.labels]
    second = (patches.labels > 0) & ~first
    along = patches.lines & grow(first, 1) & grow(second, 1)
    if not along.any():
        return first
    half_width = round(float(np.median(depth(patches.lines)[along]))) + 1
    if is_in_front(patches, side):
        return first | (patches.lines & second & grow(first, half_width))
    return first & ~(patches.lines & grow(second, half_width))


@cache
def load_split_model() -> FittedNetworks:
    """The networks that predict the score of a split, which is above 0 if the split is better than none.

    scripts/fit_parting.py fits them on drawn objects, on which no published figure is measured.
    """
    return load_networks("parting.json", MEASURES)
