"""Parts a cut-out that shows several overlapping things into those things."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.raster import Mask, Rgb, depth, grow
from lamina.engines.classic.regions import MAX_PATCHES, Patches, even_patches, joined
from lamina.engines.classic.split_features import MEASURES, is_in_front, partings

_MAX_CUTS_DEEP = 2
_MIN_MERIT, _MIN_MERIT_UNEVEN = 0.0, 3.0  # where patches are blurred, only sure cuts are made
_MAX_EVEN_PATCHES = 120  # more is a crowd or a scene, whose cuts would run through things

Dense = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Weights (inputs, outputs) and biases (outputs,) of one layer of a network."""


@dataclass(frozen=True, eq=False)
class Thing:
    """`mask` (h, w) of one thing; `cuts`: which side of each cut it is on, with the cut's merit, first cut first."""

    mask: Mask
    cuts: tuple[tuple[bool, float], ...] = ()


def parted(rgb: Rgb, mask: Mask, smooth: Mask, is_uneven: bool = False) -> list[Thing]:
    """The things that one connected cut-out shows: their masks add up to `mask`; one where nothing overlaps.

    `rgb` (h, w, 3), `mask` and `smooth` (h, w) in the cut-out's window. `is_uneven`: fine noise has
    blurred the patches, so that only sure cuts are made.
    """
    return _parted(rgb, Thing(mask), smooth, _MIN_MERIT_UNEVEN if is_uneven else _MIN_MERIT)


def doubt(one: tuple[tuple[bool, float], ...], other: tuple[tuple[bool, float], ...]) -> float:
    """0..1: how likely two things of one cut-out are one, by the cut between them."""
    for (side, merit), (other_side, _) in zip(one, other, strict=False):
        if side != other_side:
            return float(1 / (1 + np.exp(merit)))
    return 1.0


def _parted(rgb: Rgb, thing: Thing, smooth: Mask, least: float) -> list[Thing]:
    found = _best_cut(rgb, thing.mask, smooth, least) if len(thing.cuts) < _MAX_CUTS_DEEP else None
    if found is None:
        return [thing]
    first, merit = found
    sides = ((True, thing.mask & first), (False, thing.mask & ~first))
    things = [Thing(mask, (*thing.cuts, (is_first, merit))) for is_first, mask in sides]
    return [part for side in things for part in _parted(rgb, side, smooth, least)]


def _best_cut(rgb: Rgb, mask: Mask, smooth: Mask, least: float) -> tuple[Mask, float] | None:
    even = even_patches(mask, smooth)
    if len(even) > _MAX_EVEN_PATCHES:
        return None
    patches = joined(rgb, even)
    if not 2 <= len(patches) <= MAX_PATCHES:
        return None
    ways = partings(patches)
    if not len(ways.sides):
        return None
    merits = judgement().merits(ways.measures)
    best = int(merits.argmax())
    if merits[best] <= least:
        return None
    return with_its_outline(patches, ways.sides[best]), float(merits[best])


def with_its_outline(patches: Patches, side: NDArray[np.bool_]) -> Mask:
    """(h, w): the side's pixels, the drawn line along the cut going to what is in front, as its outline."""
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
class Judgement:
    """How much better a parting is than none: above 0 for better, by the mean of a few small networks.

    `mean`, `scale` (k,): of the k measures. `networks`: for each its layers, weights (inputs, outputs) and biases
    (outputs,), with a rectifier between layers and one output. Fitted by scripts/fit_parting.py on drawn things that no
    figure is measured on.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    networks: tuple[tuple[Dense, ...], ...]

    def merits(self, measures: NDArray[np.float64]) -> NDArray[np.float64]:
        """(m,): the merit of each parting; `measures` (m, len(MEASURES)) as `gestalt.partings` gives them."""
        inputs = np.clip((measures - self.mean) / self.scale, -4, 4)
        return np.mean([_output(network, inputs) for network in self.networks], 0)


def _output(network: tuple[Dense, ...], values: NDArray[np.float64]) -> NDArray[np.float64]:
    for weights, biases in network[:-1]:
        values = np.maximum(values @ weights + biases, 0)
    weights, biases = network[-1]
    return (values @ weights + biases)[:, 0]


@cache
def judgement() -> Judgement:
    """The fitted judgement that comes with the package."""
    stored = json.loads(Path(__file__).with_name("parting.json").read_text("utf-8"))
    if stored["measures"] != list(MEASURES):
        raise ValueError("parting.json was fitted for other measures: run scripts/fit_parting.py")
    networks = tuple(
        tuple((np.array(layer["weights"]), np.array(layer["biases"])) for layer in network)
        for network in stored["networks"]
    )
    return Judgement(np.array(stored["mean"]), np.array(stored["scale"]), networks)
