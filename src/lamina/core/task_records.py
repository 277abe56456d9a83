"""Tasks as plain dictionaries, to be kept and sent, and back."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from lamina.core.acceleration import Acceleration, AccelerationLevel, StepCache
from lamina.core.tasks import DecomposeTask, EditTask, GenerateTask, Lora, Sampling, TaskKind, TrainTask

Task = GenerateTask | EditTask | DecomposeTask
_TASKS: dict[TaskKind, type[Task]] = {
    TaskKind.GENERATE: GenerateTask,
    TaskKind.EDIT: EditTask,
    TaskKind.DECOMPOSE: DecomposeTask,
}


def kind_of(task: Task) -> TaskKind:
    return next(kind for kind, known in _TASKS.items() if isinstance(task, known))


def record_of(task: Task | TrainTask) -> dict[str, Any]:
    """Of JSON's own types only."""
    return asdict(task)


def task_of(kind: TaskKind, record: Mapping[str, Any]) -> Task:
    """The task that `record_of` was given, validated again. Raises `LaminaError` (task_invalid)."""
    own = dict(record)
    sampling = dict(own.pop("sampling"))
    sampling["loras"] = tuple(Lora(**lora) for lora in sampling["loras"])
    acceleration = dict(sampling["acceleration"])
    acceleration["level"] = AccelerationLevel(acceleration["level"])
    acceleration["cache"] = None if acceleration["cache"] is None else StepCache(acceleration["cache"])
    sampling["unasked"] = tuple(sampling.get("unasked", ()))
    sampling["acceleration"] = Acceleration(**acceleration)
    return _TASKS[kind](**own, sampling=Sampling(**sampling))


def train_task_of(record: Mapping[str, Any]) -> TrainTask:
    """As `task_of`, of a training."""
    return TrainTask(**record)
