"""Solvers that draw fresh noise at every step and are not among those that diffusers has for any noise levels."""

import math
from collections.abc import Sequence

import torch

from lamina.engines.qwen.samplers.solver import Noise, Solver


class AncestralEuler(Solver):
    """Euler's step to below the next level, then scaled and noised up to it, all of the randomness (eta) of 1.

    The form for straight paths, as diffusers' `LTXEulerAncestralRFScheduler` has it: step to sigma_down =
    sigma_next^2 / sigma, scale so that the picture's share is that of sigma_next, add noise for the rest.
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
    """Consistency sampling (Luo et al. 2023, arXiv:2310.04378): guess the clean picture, noise it anew.

    Right for models that were distilled to guess well in one step; others lose detail with it.
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
