"""Runs a training in the engine process: checks the archive, trains, and reports losses, checkpoints and samples."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.job_results import ResultFile, TrainingResult
from lamina.core.jobs import Failure, InputRole
from lamina.core.training import LORA_FILE
from lamina.execution.training import (
    CONFIG_FILE,
    LOSS_FILE,
    Examples,
    opened_examples,
    trained_on,
    trainer_name,
)
from lamina.worker.child_loop import RunReport
from lamina.worker.protocol import Checkpoint, RunOrder, RunOutcome

if TYPE_CHECKING:
    from lamina.core.ports import Step, TrainingProgress
    from lamina.core.tasks import TrainTask

_CHECKING = "checking the archive"
_TENSORS, _JSON, _PNG = "application/octet-stream", "application/json", "image/png"


class LearntLora(Protocol):
    """The facts of a trained LoRA; see `lamina.execution.training.Trained`."""

    @property
    def steps_done(self) -> int: ...
    @property
    def seed(self) -> int | None: ...
    @property
    def engine(self) -> str: ...
    @property
    def checkpoint(self) -> str: ...
    @property
    def notes(self) -> tuple[str, ...]: ...


class Train(Protocol):
    """`lamina.execution.training.trained_on`, or a replacement in tests and benchmarks."""

    def __call__(
        self, examples: Examples, task: TrainTask, folder: Path, engine: str | None, progress: TrainingProgress, /
    ) -> LearntLora: ...


def train(task: TrainTask, order: RunOrder, report: RunReport, learn: Train = trained_on) -> RunOutcome:
    """A `TrainingResult`, also of a training that is cancelled after at least one step. Raises `LaminaError`."""
    folder = Path(order.folder)
    report.loading(_CHECKING)
    with opened_examples(task, _archive(order), order.asked_engine) as examples:
        report.log(f"{examples.counts.groups} examples")
        progress = _TrainingReport(
            report, folder, max(1, examples.counts.layers), trainer_name(task, order.asked_engine)
        )
        try:
            made = learn(examples, task, folder, order.asked_engine, progress)
        except LaminaError as error:
            if error.code is not ErrorCode.CANCELLED:
                raise
            return progress.stopped(error)
    for note in made.notes:
        report.log(note)
    return RunOutcome(
        result=replace(
            _result_files(folder),
            steps_done=made.steps_done,
            layer_count=progress.layers,
            seed=made.seed,
            engine=made.engine,
            checkpoint=made.checkpoint,
            notes=made.notes,
        )
    )


class _TrainingReport:
    """The library's `TrainingProgress`, sent to the agent."""

    def __init__(self, report: RunReport, folder: Path, layers: int, engine: str) -> None:
        self._report, self._folder, self.layers, self._engine = report, folder, layers, engine
        self._steps_done = 0

    def __call__(self, stage: str, share_done: float, step: Step | None = None, /) -> None:
        from lamina.core.ports import LOADING

        if stage == LOADING:
            self._report.loading(stage, share_done)
        elif step is None:
            self._report.progress(stage, share_done)
        else:
            self._report.progress(stage, share_done, step.number, step.count, step.eta_s)

    def loss(self, step: int, value: float, /) -> None:
        self._report.loss(step, value)

    def checkpoint(self, step: int, path: str, /) -> None:
        """The agent gets a hard link of its own, since the trainer may delete its file at any time."""
        self._steps_done = step
        own = self._folder / f".stored-{step}"
        os.link(path, own)
        self._report.checkpoint(
            Checkpoint(step=step, path=str(own), name=Path(path).name, layers=self.layers, engine=self._engine)
        )

    def sample(self, step: int, path: str, /) -> None:
        self._report.sample(step, path)

    def stopped(self, error: LaminaError) -> RunOutcome:
        """The outcome of a training that was cancelled, with a result if it has reached a checkpoint."""
        failure = Failure(error.code.value, error.message, error.hint)
        if not self._steps_done:
            return RunOutcome(failure=failure)
        config = json.loads((self._folder / CONFIG_FILE).read_bytes())
        result = replace(
            _result_files(self._folder),
            steps_done=self._steps_done,
            layer_count=self.layers,
            seed=config.get("seed"),
            engine=config.get("engine", ""),
            checkpoint=config.get("base", ""),
        )
        return RunOutcome(result=result, failure=failure)


def _archive(order: RunOrder) -> Path:
    given = order.inputs.get(InputRole.ARCHIVE, ())
    if len(given) != 1:
        raise LaminaError(ErrorCode.TASK_INVALID, "The request has no archive to train on.", "Add one.")
    return Path(given[0])


def _result_files(folder: Path) -> TrainingResult:
    """A result with the files that the training has written into its folder."""
    return TrainingResult(
        lora=_file(folder, LORA_FILE, _TENSORS),
        config=_file(folder, CONFIG_FILE, _JSON),
        loss_plot=_file(folder, LOSS_FILE, _PNG),
    )


def _file(folder: Path, name: str, content_type: str) -> ResultFile | None:
    return ResultFile(file=name, content_type=content_type) if (folder / name).exists() else None
