"""A flow-matching model that is known exactly, and a pipeline's loop around a scheduler, for the samplers' tests."""

from collections.abc import Iterator

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from lab.nano import build
from lamina.engines.qwen.samplers import FlowScheduler, make_scheduler

MEAN, DEVIATION = 0.7, 0.5


def own_scheduler(is_layered: bool) -> FlowMatchEulerDiscreteScheduler:
    """With the numbers of the released models: exponential shift that ends at 0.02, or, layered, linear without."""
    return build.scheduler(is_layered)


def started(name: str, steps: int, mu: float, is_layered: bool, seed: int = 0) -> FlowScheduler:
    """As the family's pipelines start one."""
    scheduler = make_scheduler(name, own_scheduler(is_layered), seed)
    scheduler.set_timesteps(sigmas=np.linspace(1, 1 / steps, steps), mu=mu, device="cpu")
    scheduler.set_begin_index(0)
    return scheduler


def velocity(latents: torch.Tensor, sigma: float) -> torch.Tensor:
    """What a perfect model of pictures that are normally distributed with MEAN and DEVIATION predicts.

    The expectation of noise - picture, given (1 - sigma) * picture + sigma * noise.
    """
    variance = ((1 - sigma) * DEVIATION) ** 2 + sigma**2
    slope = (sigma - (1 - sigma) * DEVIATION**2) / variance
    return slope * (latents - (1 - sigma) * MEAN) - MEAN


def exact(noise: torch.Tensor) -> torch.Tensor:
    """Where the velocity leads noise, at sigma 0."""
    return MEAN + DEVIATION * noise


def trajectory(scheduler: FlowScheduler, latents: torch.Tensor) -> Iterator[torch.Tensor]:
    """The latents after each evaluation."""
    for sigma, timestep in zip(scheduler.sigmas.tolist(), scheduler.timesteps, strict=False):
        latents = scheduler.step(velocity(latents, sigma), timestep, latents, return_dict=False)[0]
        yield latents


def sampled(scheduler: FlowScheduler, noise: torch.Tensor) -> torch.Tensor:
    *_, last = trajectory(scheduler, noise)
    return last
