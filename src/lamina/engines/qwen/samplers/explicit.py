"""Deterministic solvers of the velocity ODE for arbitrary noise levels, which diffusers does not have."""

from collections import deque
from collections.abc import Sequence

import numpy as np
import torch

from lamina.engines.qwen.samplers.solver import Solver


class Heun(Solver):
    """Heun's method: trapezoidal rule with an Euler predictor, order 2, two evaluations per step, one in the last.

    Its levels come in pairs: s0, s1, s1, s2, s2, ..., 0. An even index predicts, an odd one corrects. A run that begins
    at an odd index (an image-to-image pipeline slices evaluations, not steps) skips the correction.
    """

    def start(self, sigmas: Sequence[float]) -> None:
        self._sigmas = sigmas
        self._before: tuple[float, torch.Tensor, torch.Tensor] | None = None

    def advance(self, velocity_BLC: torch.Tensor, latents_BLC: torch.Tensor, index: int) -> torch.Tensor:
        sigma = self._sigmas[index]
        if index % 2 == 0:
            self._before = sigma, velocity_BLC, latents_BLC
            return latents_BLC + (self._sigmas[index + 1] - sigma) * velocity_BLC
        if self._before is None:
            return latents_BLC
        sigma_before, velocity_before_BLC, latents_before_BLC = self._before
        return latents_before_BLC + (sigma - sigma_before) / 2 * (velocity_before_BLC + velocity_BLC)


class AdamsBashforth(Solver):
    """Adams-Bashforth multistep method of order 4 for uneven steps: extrapolates velocities by a polynomial in sigma.

    The order rises from 1 at the beginning and falls to 1 at the end, since the last step is often the longest.
    """

    order = 4

    def start(self, sigmas: Sequence[float]) -> None:
        self._sigmas = sigmas
        self._past: deque[tuple[float, torch.Tensor]] = deque(maxlen=self.order)

    def advance(self, velocity_BLC: torch.Tensor, latents_BLC: torch.Tensor, index: int) -> torch.Tensor:
        sigma, sigma_next = self._sigmas[index], self._sigmas[index + 1]
        self._past.appendleft((sigma, velocity_BLC))
        steps_left = len(self._sigmas) - 1 - index
        used = list(self._past)[:steps_left]
        weights = _extrapolation_weights([level for level, _ in used], sigma, sigma_next)
        for weight, (_, past_BLC) in zip(weights, used, strict=True):
            latents_BLC = latents_BLC + weight * past_BLC
        return latents_BLC


def _extrapolation_weights(levels: Sequence[float], sigma: float, sigma_next: float) -> list[float]:
    """The weights of the values at `levels` in the integral of their interpolating polynomial over the step."""
    step = sigma_next - sigma
    places = (np.array(levels) - sigma) / step
    powers = np.arange(len(levels))
    moments = 1 / (powers + 1)  # of 1, z, z^2 ... over 0..1
    return (step * np.linalg.solve(places[None, :] ** powers[:, None], moments)).tolist()


class Deis(Solver):
    """DEIS of order 2 in the logarithm of rho = sigma / (1 - sigma) (Zhang and Chen 2022, arXiv:2204.13902).

    Written as an Euler step plus a term for the change of the predicted noise. The form in diffusers divides by
    1 - sigma, which is 0 at the first level of these models.
    """

    def start(self, sigmas: Sequence[float]) -> None:
        self._sigmas = sigmas
        self._before: tuple[float, torch.Tensor] | None = None

    def advance(self, velocity_BLC: torch.Tensor, latents_BLC: torch.Tensor, index: int) -> torch.Tensor:
        sigma, sigma_next = self._sigmas[index], self._sigmas[index + 1]
        noise_BLC = latents_BLC + (1 - sigma) * velocity_BLC
        before, self._before = self._before, (sigma, noise_BLC)
        stepped_BLC = latents_BLC + (sigma_next - sigma) * velocity_BLC
        if before is None or before[0] == 1 or sigma_next == 0:
            return stepped_BLC
        sigma_before, noise_before_BLC = before
        rho_before, rho, rho_next = (level / (1 - level) for level in (sigma_before, sigma, sigma_next))
        slope = (rho_next * (np.log(rho_next / rho) - 1) + rho) / np.log(rho_before / rho)
        return stepped_BLC + float((1 - sigma_next) * slope) * (noise_before_BLC - noise_BLC)
