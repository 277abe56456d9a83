"""What a sampling method is: the seam between a scheduler, which counts, and a solver, which computes.

Everywhere in this package x = (1 - sigma) * picture + sigma * noise, the model predicts the velocity
dx/dsigma = noise - picture, and shapes are B batch, L tokens, C channels; all tensors are float32.
"""

from collections.abc import Sequence
from typing import Protocol

import torch
from diffusers.utils.torch_utils import randn_tensor

_SEED_MASK = 2**64 - 1
_OTHER_STREAM = 0x9E3779B97F4A7C15


class Solver(Protocol):
    """Takes latents from one noise level to the next, remembering what it needs."""

    def start(self, sigmas: Sequence[float]) -> None:
        """Forgets any earlier run. `sigmas`: one for each evaluation of the model, then 0."""
        ...

    def advance(self, velocity_BLC: torch.Tensor, latents_BLC: torch.Tensor, index: int) -> torch.Tensor:
        """From `sigmas[index]` to `sigmas[index + 1]`. Called with rising indices, from any on."""
        ...


class Noise:
    """Fresh noise for the steps of a run, the same for the same seeds on any device.

    `seeds`: one for the whole batch, or one a picture of it. Each starts another stream than the pipeline's generator
    of the same seed, whose noise a stochastic step would otherwise add a second time.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        self._seeds = [(seed ^ _OTHER_STREAM) & _SEED_MASK for seed in seeds]
        self.restart()

    def restart(self) -> None:
        self._generators = [torch.Generator("cpu").manual_seed(seed) for seed in self._seeds]

    def like(self, latents_BLC: torch.Tensor) -> torch.Tensor:
        """Unit normal, of the shape and on the device of the latents."""
        return randn_tensor(latents_BLC.shape, self._generators, latents_BLC.device, torch.float32)
