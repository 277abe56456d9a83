"""Reports the steps of a sampling run: progress, ETA, previews, timings; also cancels it."""

from collections.abc import Callable
from typing import Any

import torch

from lamina.core.eta import Pace
from lamina.core.layers import Pixels
from lamina.core.ports import Progress, Step
from lamina.core.schedulers import Scheduler

Preview = Callable[[Any, torch.Tensor], Pixels]
"""(pipeline, estimated clean latents as the pipeline packs them) -> (height, width, 4)."""


class Stepper:
    """A pipeline's `callback_on_step_end` for one picture.

    An exception raised by `progress` ends the pipeline, which is how a run is cancelled. `span`: the shares of the
    progress at which sampling of this picture begins and ends. `scheduler`: converts evaluations into steps. `pace`:
    estimates the time of all pictures of the run; `title`: prefix of the progress text.
    """

    def __init__(
        self,
        progress: Progress,
        span: tuple[float, float],
        scheduler: Scheduler,
        pace: Pace,
        title: str = "",
        preview: Preview | None = None,
        preview_every: int = 4,
    ) -> None:
        self._progress, self._span, self._scheduler = progress, span, scheduler
        self._pace, self._title = pace, title
        self._preview, self._preview_every = preview, preview_every
        self._latents: torch.Tensor | None = None
        self.count = 0
        pace.begin_picture()

    def watch(self, transformer: torch.nn.Module) -> "torch.utils.hooks.RemovableHandle":
        """Records when sampling begins, after prompt encoding. The caller must remove the handle."""

        def note(*_: Any) -> None:
            self._pace.begin_steps()

        return transformer.register_forward_pre_hook(note)

    def __call__(
        self, pipeline: Any, index: int, _timestep: Any, tensors: dict[str, torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        self.count = index + 1
        left = pipeline.num_timesteps - self.count
        steps = self._scheduler.steps_in(pipeline.num_timesteps)
        number = steps - self._scheduler.steps_in(left)
        eta_s = self._pace.step_done(left, pipeline.num_timesteps)
        begin, end = self._span
        share = begin + (end - begin) * self.count / pipeline.num_timesteps
        step = Step(number, steps, eta_s, self._preview_of(pipeline, tensors["latents"], index))
        self._progress(f"{self._title}step {number} of {steps}", share, step)
        return tensors

    def timings_s(self) -> dict[str, float]:
        """Seconds by stage; call it after the pipeline has returned."""
        encoding, sampling, decoding = self._pace.end_picture()
        return {"encoding": encoding, "sampling": sampling, "decoding": decoding}

    def _preview_of(self, pipeline: Any, latents: torch.Tensor, index: int) -> Pixels | None:
        """A preview of the clean picture extrapolated from the last two states."""
        before, self._latents = self._latents, latents
        if self._preview is None or before is None or (index + 1) % self._preview_every:
            return None
        at = pipeline.scheduler.step_index
        earlier, now = (float(sigma) for sigma in pipeline.scheduler.sigmas[at - 1 : at + 1])
        if earlier == now:
            return None
        return self._preview(pipeline, latents - now * (latents - before) / (now - earlier))
