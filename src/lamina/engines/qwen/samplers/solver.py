"""The interface of a solver, which computes the steps that a scheduler counts, and its noise source.

Conventions of this package: x = (1 - sigma) * picture + sigma * noise, the model predicts the velocity
dx/dsigma = noise - picture, and shapes are B batch, L tokens, C channels; all tensors are float32.
"""

from collections.abc import Sequence
from typing import Protocol

import torch
from diffusers.utils.torch_utils import randn_tensor

_SEED_MASK = 2**64 - 1
_OTHER_STREAM = 0x9E3779B97F4A7C15


class Solver(Protocol):
    """Advances latents from one noise level to the next; may keep state between steps."""

    def start(self, sigmas: Sequence[float]) -> None:
        """Resets the state. `sigmas`: one per model evaluation, then 0."""
        ...

    def advance(self, velocity_BLC: torch.Tensor, latents_BLC: torch.Tensor, index: int) -> torch.Tensor:
        """From `sigmas[index]` to `sigmas[index + 1]`. Called with increasing indices, starting at any index."""
        ...


class Noise:
    """Noise for the steps of a run, identical for the same seeds on any device.

    `seeds`: one for the whole batch or one per picture. Each starts a different stream than the pipeline's generator
    with the same seed; otherwise a stochastic step would add the initial noise again.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        self._seeds = [(seed ^ _OTHER_STREAM) & _SEED_MASK for seed in seeds]
        self.restart()

    def restart(self) -> None:
        self._generators = [torch.Generator("cpu").manual_seed(seed) for seed in self._seeds]

    def like(self, latents_BLC: torch.Tensor) -> torch.Tensor:
        """Standard normal noise with the shape and on the device of the latents."""
        return randn_tensor(latents_BLC.shape, self._generators, latents_BLC.device, torch.float32)
