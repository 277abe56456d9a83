"""Compares seen letters with those of every face of the index."""

from collections.abc import Sequence

import numpy as np

from lamina.engines.typefaces.alignment import SeenLetter
from lamina.engines.typefaces.index import Floats, Integers, TypefaceIndex

_FREEDOM = 10.0  # of Student's t-distribution: letters that were mistaken do not decide
_MISSING_RATIO = 5.0  # of a letter that a face lacks, in the usual noise
_SIZE_ERROR = 0.02  # share of a size by which letters of one face differ
_EDGE_ERROR_PX = 0.3
_CUT_NOISE = 6.0  # of letters that were cut off others


def face_scores(letters: Sequence[SeenLetter], index: TypefaceIndex) -> Floats:
    """(F): the logarithm of each face's likelihood, up to a constant; the letters need not be of one size."""
    columns = np.array([letter.column for letter in letters])
    heights = np.array([letter.shape.height for letter in letters], np.float32)
    noise = np.interp(heights, index.noise[:, 0], index.noise[:, 1]) * _noise_factors(letters)
    components = np.stack([letter.components for letter in letters])
    described = np.einsum("lp,lpd->ld", components, index.projections[columns])
    difference = index.descriptors[:, columns] - described
    ratios = np.einsum("fld,fld->fl", difference, difference) / noise
    ratios = np.where(index.known[:, columns], ratios, _MISSING_RATIO)
    dimensions = index.projections.shape[2]
    shape = -0.5 * (_FREEDOM + dimensions) * np.log1p(ratios * dimensions / _FREEDOM)
    return (shape.sum(1) + _size_scores(letters, columns, index)).astype(np.float32)


def _noise_factors(letters: Sequence[SeenLetter]) -> Floats:
    """(letters): more for letters that were cut, whose edges are uncertain."""
    return np.array([_CUT_NOISE if letter.is_cut else 1.0 for letter in letters], np.float32)


def _size_scores(letters: Sequence[SeenLetter], columns: Integers, index: TypefaceIndex) -> Floats:
    """(F): the same of the widths and heights of letters, relative to one another."""
    sizes = np.array([(letter.shape.width, letter.shape.height) for letter in letters], np.float32)
    errors = np.hypot(np.float32(_SIZE_ERROR), np.float32(_EDGE_ERROR_PX) / sizes)
    errors *= np.sqrt(_noise_factors(letters))[:, None]
    known = np.repeat(index.known[:, columns], 2, axis=1)
    apart = (np.log(sizes) - index.log_sizes[:, columns]).reshape(len(known), -1)
    precision = errors.ravel() ** -2
    weights = precision * known
    scale = _weighted_mean(apart, weights)
    weights /= 1 + precision * (apart - scale) ** 2 / _FREEDOM  # outliers lose their weight
    ratios = precision * (apart - _weighted_mean(apart, weights)) ** 2
    ratios[~known] = _MISSING_RATIO
    return np.asarray(-0.5 * (_FREEDOM + 1) * np.log1p(ratios / _FREEDOM).sum(1), np.float32)


def _weighted_mean(values: Floats, weights: Floats) -> Floats:
    """(rows, 1)"""
    total = np.maximum(weights.sum(1, keepdims=True), 1e-6)
    return np.asarray((values * weights).sum(1, keepdims=True) / total, np.float32)
