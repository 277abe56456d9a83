"""The spacings of noise levels between the highest and the lowest level of the model.

The multistep solvers of diffusers derive their levels from a variance schedule, which flow-matching models do not have.
Sigma is the share of noise, 0..1.
"""

import math

import numpy as np
import numpy.typing as npt

from lamina.core.schedulers import Spacing

RHO = 7.0  # Karras et al. 2022, arXiv:2206.00364
BETA_SHAPE = 0.6  # alpha and beta; Lee et al. 2024, arXiv:2407.12173
_SERIES_TERMS = 60  # of 2^-n and less each
_HALVINGS = 60

Levels = npt.NDArray[np.float64]


def respaced(sigmas: Levels, spacing: Spacing) -> Levels:
    """(N,) levels, strictly decreasing, with the first and last value of `sigmas` (N,) and another spacing.

    Neither contains the final zero.
    """
    highest, lowest = float(sigmas[0]), float(sigmas[-1])
    share = np.linspace(0, 1, len(sigmas))
    match spacing:
        case Spacing.OWN:
            return sigmas
        case Spacing.UNIFORM:
            return highest + share * (lowest - highest)
        case Spacing.KARRAS:
            first, last = highest ** (1 / RHO), lowest ** (1 / RHO)
            return (first + share * (last - first)) ** RHO
        case Spacing.EXPONENTIAL:
            return np.exp(math.log(highest) + share * math.log(lowest / highest))
        case Spacing.BETA:
            return lowest + (highest - lowest) * symmetric_beta_quantiles(1 - share)


def symmetric_beta_quantiles(shares: Levels, shape: float = BETA_SHAPE) -> Levels:
    """Quantiles at `shares` (N,) in 0..1 of the beta distribution with alpha = beta = `shape`."""
    is_upper = shares > 0.5
    lower = np.where(is_upper, 1 - shares, shares)
    least, most = np.zeros_like(lower), np.full_like(lower, 0.5)
    for _ in range(_HALVINGS):
        middle = (least + most) / 2
        is_below = _lower_half_cdf(middle, shape) < lower
        least, most = np.where(is_below, middle, least), np.where(is_below, most, middle)
    quantiles = np.where(lower == 0, 0, (least + most) / 2)
    return np.where(is_upper, 1 - quantiles, quantiles)


def _lower_half_cdf(x: Levels, shape: float) -> Levels:
    """The regularised incomplete beta function for x in 0..0.5, by its power series (DLMF 8.17.7)."""
    total, coefficient = np.zeros_like(x), 1.0
    for term in range(_SERIES_TERMS):
        total += coefficient * x**term / (shape + term)
        coefficient *= (1 - shape + term) / (term + 1)
    return total * x**shape * math.gamma(2 * shape) / math.gamma(shape) ** 2
