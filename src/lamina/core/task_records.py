"""Tasks as JSON records and back, for the rows of the store and for the wire to the engine process."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from lamina.core.records import decode
from lamina.core.tasks import DecomposeTask, EditTask, GenerateTask, Task, TaskKind, TrainTask

_TASKS: dict[TaskKind, type[Task]] = {task.kind: task for task in (GenerateTask, EditTask, DecomposeTask, TrainTask)}


def encode_task(task: Task) -> dict[str, Any]:
    """Only of types that JSON has."""
    return asdict(task)


def decode_task(kind: TaskKind, record: Mapping[str, Any]) -> Task:
    """The task that `encode_task` was given, validated again.

    A field that the record lacks gets its default; an unknown one is ignored. Raises `LaminaError` (task_invalid), and
    TypeError where a field is missing that has no default.
    """
    return decode(_TASKS[kind], record)
