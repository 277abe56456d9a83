"""Predicts which candidates are layers that a person would draw, and what a set of them is worth."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.candidate_features import MEASURES, Measured, Overlaps
from lamina.engines.classic.candidates import Candidate
from lamina.engines.classic.fitted_networks import FittedNetworks, load_networks
from lamina.engines.classic.pair_features import PAIR_MEASURES, measure_pairs, overlapping_pairs
from lamina.engines.classic.selection import Worth

Floats = NDArray[np.floating[Any]]

_HALF_SHARE = 0.003  # share of the image with half the importance
_COST = 0.25  # of a layer: less certain candidates are not worth one
_SAME_IOU = 0.72  # candidates that overlap more are never both chosen


def judge(measured: Measured, expected: Floats, candidates: list[Candidate], is_eligible: NDArray[np.bool_]) -> Worth:
    """The worth of sets of the candidates, which are `expected` to have these merits.

    `is_eligible` (n,): whether each may be chosen.
    """
    is_eligible = is_eligible & (expected > _COST)  # the others are worth less than a layer costs
    pairs = [pair for pair in overlapping_pairs(measured.overlaps) if is_eligible[list(pair)].all()]
    retained = np.zeros(0)
    if pairs:
        retained = _pair_networks().probabilities(measure_pairs(measured, expected, pairs, candidates))
    worth = worth_of(expected, measured.overlaps, pairs, retained)
    return Worth(np.where(is_eligible, worth.own, -np.inf), worth.loss)


def merits(measured: Measured) -> Floats:
    """(n,): the expected intersection over union of each candidate with a layer that a person would draw."""
    return merits_of(measured.values)


def merits_of(values: Floats) -> Floats:
    """(n,): the same for candidates with these measures (n, k)."""
    return _merit_networks().probabilities(values)


def worth_of(merits: Floats, overlaps: Overlaps, pairs: list[tuple[int, int]], retained: Floats) -> Worth:
    """The worth of sets: merit by importance, less what overlapping candidates take from each other.

    `merits` (n,): expected intersection over union of each candidate with a true layer. `retained` (p,): the share of
    the lesser candidate's merit that each of the pairs keeps if both are chosen.
    """
    count = len(merits)
    shares = overlaps.areas / max(1, overlaps.masks.shape[1])
    importance = shares / (shares + _HALF_SHARE)
    loss = np.zeros((count, count))
    for (first, second), kept in zip(pairs, retained.tolist(), strict=True):
        share = 0.0 if overlaps.iou[first, second] > _SAME_IOU else kept
        lesser = min(merits[first] * importance[first], merits[second] * importance[second])
        loss[first, second] = loss[second, first] = lesser * (1 - share)
    return Worth(merits * importance - _COST * importance, loss)


@cache
def _merit_networks() -> FittedNetworks:
    return load_networks("merit.json", MEASURES)


@cache
def _pair_networks() -> FittedNetworks:
    return load_networks("pairs.json", PAIR_MEASURES)
