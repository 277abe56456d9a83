"""Stochastic solvers for arbitrary noise levels that diffusers does not have."""

import math
from collections.abc import Sequence

import torch

from lamina.engines.qwen.samplers.solver import Noise, Solver


class AncestralEuler(Solver):
    """Ancestral Euler: a step below the next level, then noise up to it, with eta = 1.

    The rectified-flow form of diffusers' `LTXEulerAncestralRFScheduler`: step to sigma_down = sigma_next^2 / sigma,
    scale the picture to its share at sigma_next, add noise for the rest.
    """

    def __init__(self, noise: Noise) -> None:
        self._noise = noise

    def start(self, sigmas: Sequence[float]) -> None:
        self._sigmas = sigmas
        self._noise.restart()

    def advance(self, velocity_BLC: torch.Tensor, latents_BLC: torch.Tensor, index: int) -> torch.Tensor:
        sigma, sigma_next = self._sigmas[index], self._sigmas[index + 1]
        sigma_down = sigma_next**2 / sigma
        scale = (1 - sigma_next) / (1 - sigma_down)
        deviation = math.sqrt(sigma_next**2 - (scale * sigma_down) ** 2)
        stepped_BLC = latents_BLC + (sigma_down - sigma) * velocity_BLC
        return scale * stepped_BLC + deviation * self._noise.like(latents_BLC)


class Lcm(Solver):
    """Consistency sampling (Luo et al. 2023, arXiv:2310.04378): predict the clean picture, then add new noise.

    For models distilled for one-step prediction; others lose detail.
    """

    def __init__(self, noise: Noise) -> None:
        self._noise = noise

    def start(self, sigmas: Sequence[float]) -> None:
        self._sigmas = sigmas
        self._noise.restart()

    def advance(self, velocity_BLC: torch.Tensor, latents_BLC: torch.Tensor, index: int) -> torch.Tensor:
        sigma, sigma_next = self._sigmas[index], self._sigmas[index + 1]
        clean_BLC = latents_BLC - sigma * velocity_BLC
        return (1 - sigma_next) * clean_BLC + sigma_next * self._noise.like(latents_BLC)
