"""Tasks as JSON records and back, for the rows of the store and for the wire to the engine process."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from functools import cache
from typing import Any

from lamina.core.acceleration import Acceleration, AccelerationLevel, StepCache
from lamina.core.tasks import (
    DecomposeTask,
    EditTask,
    GenerateTask,
    Lora,
    PictureTask,
    Sampling,
    Task,
    TaskKind,
    TrainTask,
)

_PICTURE_TASKS: dict[TaskKind, type[PictureTask]] = {
    TaskKind.GENERATE: GenerateTask,
    TaskKind.EDIT: EditTask,
    TaskKind.DECOMPOSE: DecomposeTask,
}


def encode_task(task: Task) -> dict[str, Any]:
    """Only of types that JSON has."""
    return asdict(task)


def decode_task(kind: TaskKind, record: Mapping[str, Any]) -> Task:
    """The task that `encode_task` was given, validated again.

    A field that the record lacks gets its default; an unknown one is ignored. Raises `LaminaError` (task_invalid), and
    TypeError where a field is missing that has no default.
    """
    if kind is TaskKind.TRAIN:
        return TrainTask(**known_fields(TrainTask, record))
    task = _PICTURE_TASKS[kind]
    own = known_fields(task, record)
    own["sampling"] = _decode_sampling(record.get("sampling") or {})
    return task(**own)


def known_fields(of: type[Any], record: Mapping[str, Any]) -> dict[str, Any]:
    """What of the record is a field of the dataclass `of`: records of other versions may have more."""
    return {name: record[name] for name in field_names(of) if name in record}


@cache
def field_names(of: type[Any]) -> tuple[str, ...]:
    """The names of the fields of the dataclass `of`, which every read of a job needs: `fields` takes much longer."""
    return tuple(field.name for field in fields(of))


def _decode_sampling(record: Mapping[str, Any]) -> Sampling:
    own = known_fields(Sampling, record)
    own["loras"] = tuple(Lora(**known_fields(Lora, lora)) for lora in record.get("loras") or ())
    own["unasked"] = tuple(record.get("unasked") or ())
    own["acceleration"] = _decode_acceleration(record.get("acceleration") or {})
    return Sampling(**own)


def _decode_acceleration(record: Mapping[str, Any]) -> Acceleration:
    own = known_fields(Acceleration, record)
    if "level" in own:
        own["level"] = AccelerationLevel(own["level"])
    if own.get("cache") is not None:
        own["cache"] = StepCache(own["cache"])
    return Acceleration(**own)
