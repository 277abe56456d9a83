"""Estimates how probable it is that the best family of the index is the right one."""

import math

import numpy as np

from lamina.engines.typefaces.index import Floats

_COEFFICIENTS = (1.7948, -0.0719, -0.642, 0.0709, -4.49)  # fitted by lab.typefaces.calibration


def confidence(family_scores: Floats, letters: int) -> float:
    """The probability, 0..1, from the scores of all families for a number of letters."""
    measures = confidence_measures(family_scores, letters)
    logit = sum(factor * measure for factor, measure in zip(_COEFFICIENTS, measures, strict=True))
    return 1 / (1 + math.exp(-min(max(logit, -30.0), 30.0)))


def confidence_measures(family_scores: Floats, letters: int) -> tuple[float, ...]:
    """How far the best family is ahead of the next, how well it fits for a letter, how many letters there are."""
    second, best = np.partition(family_scores, -2)[-2:].tolist()
    fit, count = best / letters, math.log(letters)
    return math.log1p(best - second), fit, count, fit * count, 1.0
