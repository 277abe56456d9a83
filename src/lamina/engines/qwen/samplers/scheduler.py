"""The scheduler for a pipeline: the model's noise levels with the spacing and solver of a scheduler name."""

from collections.abc import Sequence

import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteSchedulerOutput

from lamina.core.schedulers import Method, Spacing, scheduler_named
from lamina.engines.qwen.samplers.explicit import AdamsBashforth, Deis, Heun
from lamina.engines.qwen.samplers.exponential import dpm_multistep, dpm_singlestep, sde_dpm_multistep, unipc
from lamina.engines.qwen.samplers.solver import Noise, Solver
from lamina.engines.qwen.samplers.spacing import respaced
from lamina.engines.qwen.samplers.stochastic import AncestralEuler, Lcm


def make_scheduler(name: str, own: FlowMatchEulerDiscreteScheduler, seed: int | Sequence[int] = 0) -> "FlowScheduler":
    """The scheduler `name` for a model whose own scheduler is `own`, which is not changed.

    `seed`: for the noise of stochastic methods, since these pipelines do not pass their generator to the scheduler: one
    for the batch or one per picture, 0..2^64-1. The same seed gives the same pictures.
    Raises `LaminaError` (task_invalid) for an unknown name.
    """
    scheduler = scheduler_named(name)
    made = FlowScheduler.from_config(own.config)
    made.spacing = scheduler.spacing
    made.evaluations_per_step = scheduler.method.evaluations_per_step
    made.solver = _solver(scheduler.method, Noise([seed] if isinstance(seed, int) else seed))
    return made


def _solver(method: Method, noise: Noise) -> Solver | None:
    match method:
        case Method.OWN | Method.EULER:
            return None
        case Method.ANCESTRAL_EULER:
            return AncestralEuler(noise)
        case Method.HEUN:
            return Heun()
        case Method.DPM_SINGLESTEP:
            return dpm_singlestep()
        case Method.DPM_2M:
            return dpm_multistep(2)
        case Method.DPM_3M:
            return dpm_multistep(3)
        case Method.SDE_DPM_1:
            return sde_dpm_multistep(1, noise)
        case Method.SDE_DPM_2M:
            return sde_dpm_multistep(2, noise)
        case Method.SDE_DPM_3M:
            return sde_dpm_multistep(3, noise)
        case Method.DEIS:
            return Deis()
        case Method.UNIPC_2:
            return unipc(2)
        case Method.UNIPC_3:
            return unipc(3)
        case Method.ADAMS_BASHFORTH:
            return AdamsBashforth()
        case Method.LCM:
            return Lcm(noise)


class FlowScheduler(FlowMatchEulerDiscreteScheduler):
    """The model's own scheduler, including its shift, with optional other spacing and solver.

    `sigmas` and `timesteps` are per model evaluation, as in diffusers: a method with two evaluations per step has
    2 n - 1 timesteps for n steps. `order` is always 1: the pipelines use the number of timesteps as the number of
    steps, and an image-to-image pipeline would multiply by `order` again, beyond the end.
    """

    spacing = Spacing.OWN
    solver: Solver | None = None
    evaluations_per_step = 1

    def set_timesteps(
        self,
        num_inference_steps: int | None = None,
        device: str | torch.device | None = None,
        sigmas: Sequence[float] | None = None,
        mu: float | None = None,
        timesteps: Sequence[float] | None = None,
    ) -> None:
        super().set_timesteps(num_inference_steps, device, sigmas, mu, timesteps)
        if self.spacing is not Spacing.OWN:
            levels = respaced(self.sigmas[:-1].double().cpu().numpy(), self.spacing)
            self._set_levels(torch.tensor([*levels, 0.0], dtype=torch.float32, device=self.sigmas.device))
        if self.evaluations_per_step == 2:
            inner = self.sigmas[1:-1].repeat_interleave(2)
            self._set_levels(torch.cat([self.sigmas[:1], inner, self.sigmas[-1:]]))
        if self.solver is not None:
            self.solver.start(self.sigmas.tolist())

    def _set_levels(self, sigmas: torch.Tensor) -> None:
        self.sigmas = sigmas
        self.timesteps = sigmas[:-1] * self.config.num_train_timesteps
        self.num_inference_steps = len(self.timesteps)

    def stretch_shift_to_terminal(self, t: torch.Tensor) -> torch.Tensor:
        """Does nothing for a run of one step, for which diffusers divides 0 by 0."""
        return t if t[-1] == 1 else super().stretch_shift_to_terminal(t)

    def step(
        self,
        model_output: torch.Tensor,
        timestep: float | torch.Tensor,
        sample: torch.Tensor,
        *args: object,
        return_dict: bool = True,
        **kwargs: object,
    ) -> FlowMatchEulerDiscreteSchedulerOutput | tuple[torch.Tensor]:
        """`model_output`, `sample`: (B, L, C). The solver computes in float32 and returns the dtype of the model."""
        if self.solver is None:
            return super().step(model_output, timestep, sample, *args, return_dict=return_dict, **kwargs)
        if self.step_index is None:
            self._init_step_index(timestep)
        index = self.step_index or 0
        advanced_BLC = self.solver.advance(model_output.float(), sample.float(), index).to(model_output.dtype)
        self._step_index = index + 1
        return FlowMatchEulerDiscreteSchedulerOutput(advanced_BLC) if return_dict else (advanced_BLC,)
