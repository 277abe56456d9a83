"""The exponential integrators of diffusers, DPM-Solver++ and UniPC, for given noise levels."""

import math
from collections.abc import Callable, Sequence

import torch
from diffusers import DPMSolverMultistepScheduler, DPMSolverSinglestepScheduler, UniPCMultistepScheduler

from lamina.engines.qwen.samplers.solver import Noise, Solver

_HIGHEST = 1 - 1e-6  # at 1, the log SNR is minus infinity; diffusers' UniPC uses the same limit
_MOST_GROWTH = 2.5  # beyond this ratio, extrapolating a long last step was worse than Euler on Gaussian data
_FLOW = {"prediction_type": "flow_prediction", "use_flow_sigmas": True}

Inner = DPMSolverMultistepScheduler | DPMSolverSinglestepScheduler | UniPCMultistepScheduler


class Exponential(Solver):
    """A diffusers scheduler as a solver. `noise`: for stochastic ones.

    A multistep method extrapolates from earlier steps. If a step in log SNR is much longer than the previous one (as
    for models that end at 0.02), the method restarts with order 1.
    """

    def __init__(self, make_inner: Callable[[], Inner], noise: Noise | None = None) -> None:
        self._make_inner, self._noise = make_inner, noise

    def start(self, sigmas: Sequence[float]) -> None:
        inner = self._inner = self._make_inner()
        inner.sigmas = torch.tensor(sigmas, dtype=torch.float32).clamp(max=_HIGHEST)
        inner.timesteps = inner.sigmas[:-1] * inner.config.num_train_timesteps
        inner.num_inference_steps = len(inner.timesteps)
        log_snr = ((1 - inner.sigmas[:-1]) / inner.sigmas[:-1]).log()
        lengths = log_snr.diff()
        self._restarts = set(((lengths[1:] > _MOST_GROWTH * lengths[:-1]).nonzero().flatten() + 1).tolist())
        if isinstance(inner, DPMSolverSinglestepScheduler):
            inner.order_list = inner.get_order_list(inner.num_inference_steps)
        if self._noise is not None:
            self._noise.restart()

    def advance(self, velocity_BLC: torch.Tensor, latents_BLC: torch.Tensor, index: int) -> torch.Tensor:
        if self._inner.step_index is None:
            self._inner.set_begin_index(index)
        if index in self._restarts:
            self._inner.lower_order_nums = 0
        drawn = {} if self._noise is None else {"variance_noise": self._noise.like(latents_BLC)}
        timestep = self._inner.timesteps[index]
        return self._inner.step(velocity_BLC, timestep, latents_BLC, return_dict=False, **drawn)[0]


class _SdeThirdOrder(DPMSolverMultistepScheduler):
    """The multistep solver with a corrected third-order update for the SDE form.

    The weight of the second difference in diffusers is about -1, but the integral that it approximates goes to 0 with
    the step size, so the variance of the pictures was wrong. This is the weight of k-diffusion.
    """

    def multistep_dpm_solver_third_order_update(
        self, model_output_list: list[torch.Tensor], *, sample: torch.Tensor, noise: torch.Tensor
    ) -> torch.Tensor:
        index = self.step_index or 0
        levels = [float(self.sigmas[index + 1 - back]) for back in range(4)]
        log_snr, log_snr_0, log_snr_1, log_snr_2 = (math.log((1 - sigma) / sigma) for sigma in levels)
        h, h_0, h_1 = log_snr - log_snr_0, log_snr_0 - log_snr_1, log_snr_1 - log_snr_2
        m0, m1, m2 = reversed(model_output_list)
        slope_0, slope_1 = (m0 - m1) * (h / h_0), (m1 - m2) * (h / h_1)
        bend = (slope_0 - slope_1) * (h / (h_0 + h_1))
        slope = slope_0 + (slope_0 - slope_1) * (h_0 / (h_0 + h_1))
        phi_1 = -math.expm1(-2 * h)
        phi_2 = 1 - phi_1 / (2 * h)
        phi_3 = phi_2 / (2 * h) - 0.5
        guess = phi_1 * m0 + phi_2 * slope - phi_3 * bend
        kept = levels[0] / levels[1] * math.exp(-h)
        return kept * sample + (1 - levels[0]) * guess + levels[0] * math.sqrt(phi_1) * noise


def dpm_multistep(order: int) -> Exponential:
    return Exponential(lambda: DPMSolverMultistepScheduler(solver_order=order, **_FLOW))


def sde_dpm_multistep(order: int, noise: Noise) -> Exponential:
    """With order 1, this is DDPM: each step samples the posterior of the next level, given the predicted picture."""
    return Exponential(lambda: _SdeThirdOrder(solver_order=order, algorithm_type="sde-dpmsolver++", **_FLOW), noise)


def dpm_singlestep() -> Exponential:
    return Exponential(lambda: DPMSolverSinglestepScheduler(solver_order=2, lower_order_final=True, **_FLOW))


def unipc(order: int) -> Exponential:
    return Exponential(lambda: UniPCMultistepScheduler(solver_order=order, solver_type="bh2", **_FLOW))
