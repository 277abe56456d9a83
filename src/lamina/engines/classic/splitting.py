"""Splits a cut-out of several overlapping objects into these objects."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.raster import Mask, Rgb, depth, grow
from lamina.engines.classic.regions import MAX_PATCHES, Patches, find_even_patches, merge_patches
from lamina.engines.classic.split_features import MEASURES, is_in_front, measure_splits

_MAX_CUT_DEPTH = 2
_MIN_SCORE, _MIN_SCORE_UNEVEN = 0.0, 3.0  # only confident cuts are made in blurred patches
_MAX_EVEN_PATCHES = 120  # more patches indicate a crowd or a scene, where cuts would divide objects

Dense = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Weights (inputs, outputs) and biases (outputs,) of one dense layer."""


@dataclass(frozen=True, eq=False)
class SplitPart:
    """One object. `mask`: (h, w); `cuts`: its side of each cut and the score of the cut, first cut first."""

    mask: Mask
    cuts: tuple[tuple[bool, float], ...] = ()


def split_cutout(rgb: Rgb, mask: Mask, smooth: Mask, is_uneven: bool = False) -> list[SplitPart]:
    """The objects in one connected cut-out, whose masks add up to `mask`; a single one if nothing overlaps.

    `rgb` (h, w, 3), `mask` and `smooth` (h, w) in the window of the cut-out. `is_uneven`: fine noise has blurred the
    patches, so that only confident cuts are made.
    """
    return _split_part(rgb, SplitPart(mask), smooth, _MIN_SCORE_UNEVEN if is_uneven else _MIN_SCORE)


def merge_probability(first: tuple[tuple[bool, float], ...], second: tuple[tuple[bool, float], ...]) -> float:
    """0..1: probability that two parts of a cut-out are one object, from the score of the cut between them."""
    for (side, score), (other_side, _) in zip(first, second, strict=False):
        if side != other_side:
            return float(1 / (1 + np.exp(score)))
    return 1.0


def _split_part(rgb: Rgb, part: SplitPart, smooth: Mask, min_score: float) -> list[SplitPart]:
    cut = _best_cut(rgb, part.mask, smooth, min_score) if len(part.cuts) < _MAX_CUT_DEPTH else None
    if cut is None:
        return [part]
    first, score = cut
    sides = ((True, part.mask & first), (False, part.mask & ~first))
    parts = [SplitPart(mask, (*part.cuts, (is_first, score))) for is_first, mask in sides]
    return [final for half in parts for final in _split_part(rgb, half, smooth, min_score)]


def _best_cut(rgb: Rgb, mask: Mask, smooth: Mask, min_score: float) -> tuple[Mask, float] | None:
    even = find_even_patches(mask, smooth)
    if len(even) > _MAX_EVEN_PATCHES:
        return None
    patches = merge_patches(rgb, even)
    if not 2 <= len(patches) <= MAX_PATCHES:
        return None
    splits = measure_splits(patches)
    if not len(splits.sides):
        return None
    scores = load_split_model().scores(splits.measures)
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


@dataclass(frozen=True, eq=False)
class SplitModel:
    """Predicts the score of a split, which is above 0 if the split is better than none: the mean of a few small
    networks.

    `mean`, `scale` (k,): of the k measures. `networks`: the layers of each network, weights (inputs, outputs) and
    biases (outputs,), with ReLU between layers and one output. scripts/fit_parting.py fits them on drawn objects, on
    which no published figure is measured.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    networks: tuple[tuple[Dense, ...], ...]

    def scores(self, measures: NDArray[np.float64]) -> NDArray[np.float64]:
        """(m,): the score of each split; `measures` (m, len(MEASURES)) as in `split_features.Splits`."""
        inputs = np.clip((measures - self.mean) / self.scale, -4, 4)
        return np.mean([_output(network, inputs) for network in self.networks], 0)


def _output(network: tuple[Dense, ...], values: NDArray[np.float64]) -> NDArray[np.float64]:
    for weights, biases in network[:-1]:
        values = np.maximum(values @ weights + biases, 0)
    weights, biases = network[-1]
    return (values @ weights + biases)[:, 0]


@cache
def load_split_model() -> SplitModel:
    """The fitted model in the package."""
    stored = json.loads(Path(__file__).with_name("parting.json").read_text("utf-8"))
    if stored["measures"] != list(MEASURES):
        raise ValueError("parting.json was fitted for other measures: run scripts/fit_parting.py")
    networks = tuple(
        tuple((np.array(layer["weights"]), np.array(layer["biases"])) for layer in network)
        for network in stored["networks"]
    )
    return SplitModel(np.array(stored["mean"]), np.array(stored["scale"]), networks)
