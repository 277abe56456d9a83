"""Runs a training: steps, checkpoints, resuming, and the final LoRA."""

import json
import math
import secrets
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from lamina.core.engine_results import TrainingOutcome
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.ports import Step, TrainingProgress
from lamina.core.provenance import Provenance
from lamina.core.training import LORA_FILE
from lamina.engines.qwen.devices import release_memory
from lamina.engines.qwen.placement import is_out_of_memory
from lamina.engines.qwen.training.checkpoints import Checkpoint, newest_checkpoint, seed_in, write_checkpoint
from lamina.engines.qwen.training.flow import batch_of, loss_of
from lamina.engines.qwen.training.job import TrainingJob
from lamina.engines.qwen.training.optimizers import restore_state, state_of
from lamina.engines.qwen.training.precision import what_would_help
from lamina.engines.qwen.training.preparing import ENCODED, Ready, prepare
from lamina.engines.qwen.training.sampling import sample_of
from lamina.engines.qwen.training.tensor_writing import PART

_TRAINED = 0.98  # share of the progress
_MOST_GRADIENT = 1.0  # maximum norm for clipping
_DRAWN_SEEDS = 2**53  # the largest integer that JavaScript represents exactly


class Training:
    """A training job in its folder. The constructor raises `LaminaError` (output_in_the_way)."""

    _ready: Ready

    def __init__(self, job: TrainingJob, progress: TrainingProgress) -> None:
        self._job, self._progress = job, progress
        self._steps, self._every = job.task.steps or 0, job.task.checkpoint_every or 1
        job.folder.mkdir(parents=True, exist_ok=True)
        for part in job.folder.glob(f"*{PART}"):
            part.unlink()
        seed = seed_in(job.folder) if job.task.seed is None else job.task.seed
        self._seed = secrets.randbelow(_DRAWN_SEEDS) if seed is None else seed
        self._identity = job.identity(self._seed)
        self._begun = newest_checkpoint(job.folder, self._identity)
        self._losses: list[float] = [] if self._begun is None else self._begun.losses.tolist()
        self._timings_s: dict[str, float] = {}
        if len(self._losses) > self._steps:
            raise LaminaError(
                ErrorCode.OUTPUT_IN_THE_WAY,
                f"The folder {job.folder.name!r} already contains this training after {len(self._losses)} steps.",
                "Request at least as many steps, or remove the folder to start again.",
            )

    def run(self) -> TrainingOutcome:
        """Trains to the last step, or until `progress` raises cancelled.

        Raises `LaminaError`: weights_missing, weights_damaged, out_of_memory, task_invalid; cancelled, before the first
        step only.
        """
        try:
            self._prepare()
            began = time.perf_counter()
            stopped_by = _until_cancelled(self._learn)
            self._timings_s["training"] = time.perf_counter() - began
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise self._out_of_memory(error) from error
        if stopped_by is not None and not self._losses:
            raise stopped_by
        self._write()
        too_late = _until_cancelled(self._keep)  # the last checkpoint is reported even if the training was cancelled
        stopped_by = stopped_by or too_late
        if stopped_by is None:
            self._ready.examples.remove()
            stopped_by = _until_cancelled(lambda: self._progress("done", 1.0))
        return self._outcome(stopped_by)

    def _prepare(self) -> None:
        """Prepares the training and restores the checkpoint, if there is one."""
        self._ready = prepare(self._job, self._seed, self._progress, self._timings_s)
        if self._begun is not None:
            self._ready.adapter.restore(self._begun.adapter)
            restore_state(self._ready.optimizer, self._begun.optimizer)

    def _learn(self) -> None:
        first, began = len(self._losses), time.perf_counter()
        for step in range(first, self._steps):
            value = self._step(step)
            if not math.isfinite(value):
                raise LaminaError(
                    ErrorCode.TASK_INVALID,
                    f"The training diverged: the loss of step {step + 1} is not a finite number.",
                    "Use a lower learning rate.",
                )
            self._losses.append(value)
            done = step + 1
            eta_s = (time.perf_counter() - began) / (done - first) * (self._steps - done)
            self._progress.loss(done, value)
            share = ENCODED + (_TRAINED - ENCODED) * done / self._steps
            self._progress(f"step {done} of {self._steps}", share, Step(done, self._steps, eta_s))
            if done % self._every == 0 and done < self._steps:
                self._keep()
                self._show()

    def _step(self, step: int) -> float:
        """One optimizer step; its random numbers depend only on the seed and the step."""
        ready, rng = self._ready, np.random.default_rng([self._seed, 1, step])
        device = ready.plan.device.name
        examples = [ready.examples.read(index) for index in ready.order.examples_of(step)]
        are_wordless = rng.random(len(examples)) < (self._job.task.caption_dropout or 0.0)
        batch = batch_of(examples, are_wordless.tolist(), device)
        sigmas_B = ready.levels.draw(batch.target.shape[2], len(examples), rng).to(device)
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        noise_BFSC = torch.randn(batch.target.shape, generator=generator).to(device)
        loss = loss_of(ready.transformer, batch, sigmas_B, noise_BFSC)
        ready.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(ready.adapter.parameters, _MOST_GRADIENT)
        ready.optimizer.step()
        ready.adapter.update_average()
        return float(loss.detach())

    def _keep(self) -> None:
        checkpoint = Checkpoint(
            step=len(self._losses),
            seed=self._seed,
            identity=self._identity,
            adapter=self._ready.adapter.state(),
            optimizer=state_of(self._ready.optimizer),
            losses=torch.tensor(self._losses),
        )
        path = write_checkpoint(self._job.folder, checkpoint)
        self._progress.checkpoint(checkpoint.step, str(path))

    def _show(self) -> None:
        """Writes a sample picture, each time of another example."""
        ready, step = self._ready, len(self._losses)
        example = ready.examples.read(step // self._every % len(ready.examples))
        path = self._job.folder / f"sample-{step:06d}.png"
        sample_of(ready.transformer, ready.vae, ready.levels, example, ready.plan.device.name).save(path)
        self._progress.sample(step, str(path))

    def _write(self) -> None:
        metadata = {
            "modelspec.architecture": "qwen-image/lora",
            "lamina": json.dumps({**self._identity, "steps": len(self._losses), "seed": self._seed}),
        }
        self._ready.adapter.write(self._job.folder / LORA_FILE, self._ready.transformer.dtype, metadata)

    def _outcome(self, stopped_by: LaminaError | None) -> TrainingOutcome:
        timings = {stage: round(seconds, 3) for stage, seconds in self._timings_s.items()}
        made = Provenance(
            engine=self._job.engine,
            checkpoint=self._job.source.checkpoint,
            seed=self._seed,
            prompt="",
            timings_s=timings,
            steps=len(self._losses),
        )
        notes = () if self._begun is None else (f"Resumed from the checkpoint of step {self._begun.step}.",)
        return TrainingOutcome(
            losses=tuple(self._losses),
            seed=self._seed,
            resolution_px=self._job.resolution_px,
            made=made,
            notes=notes,
            stopped_by=stopped_by,
        )

    def _out_of_memory(self, error: BaseException) -> LaminaError:
        release_memory()
        reason = " ".join(str(error).split()).partition(". ")[0][:200]
        hint = what_would_help(self._job.options)
        return LaminaError(ErrorCode.OUT_OF_MEMORY, f"This training ran out of memory: {reason}.", hint)


def _until_cancelled(work: Callable[[], object]) -> LaminaError | None:
    """Runs `work`. Returns the error that cancelled it, or None."""
    try:
        work()
    except LaminaError as error:
        if error.code is not ErrorCode.CANCELLED:
            raise
        return error
    return None
