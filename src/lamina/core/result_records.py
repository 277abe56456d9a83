"""Results of jobs as JSON records and back, for the rows of the store and for the wire to the engine process.

What does not apply to a result has no key in its record, which is as earlier versions have written it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, TypeVar

from lamina.core.job_results import (
    CheckpointFile,
    LayerFile,
    PictureFile,
    PicturesResult,
    Recomposition,
    Result,
    ResultFile,
    StackResult,
    TrainingResult,
)
from lamina.core.task_records import known_fields
from lamina.core.tasks import TaskKind

F = TypeVar("F", bound=ResultFile)

_ONLY_IF_SET = ("pictures", "layers", "stack", "flat", "pages", "lora", "config", "loss_plot", "last_checkpoint")
_ONLY_IF_COMPLETE = ("checkpoint", "seed", "notes")
_ONLY_IF_SET_OF_FILES = ("width", "height", "text")


def encode_result(result: Result) -> dict[str, Any]:
    """Only of types that JSON has."""
    record = asdict(result)
    record["notes"] = list(result.notes)
    for file in _files(record):
        _drop(file, (name for name in _ONLY_IF_SET_OF_FILES if file.get(name) is None))
    for layer in record.get("layers", ()):
        layer["bbox"] = list(layer["bbox"])
    if isinstance(result, StackResult):
        for picture in record["pictures"]:
            del picture["seed"]
    _drop(record, (name for name in _ONLY_IF_SET if not record.get(name)))
    if isinstance(result, TrainingResult) and (result.lora is None or result.last_checkpoint is not None):
        _drop(record, (name for name in _ONLY_IF_COMPLETE if record[name] in (None, "", [])))
    if result.stands_in_for is None:
        _drop(record, ("stands_in_for", "is_free"))
    return record


def decode_result(kind: TaskKind, record: Mapping[str, Any]) -> Result:
    """The result that `encode_result` was given, of a task of `kind`.

    A key that the record lacks gets its default; an unknown one is ignored. Raises KeyError or TypeError where a file
    has no `file` or no `content_type`.
    """
    match kind:
        case TaskKind.TRAIN:
            own = _own(TrainingResult, record)
            own |= _decode_files(record, "lora", "config", "loss_plot")
            last = record.get("last_checkpoint")
            own["last_checkpoint"] = None if last is None else _decode_file(CheckpointFile, last)
            return TrainingResult(**own)
        case TaskKind.DECOMPOSE:
            error = record.get("recomposition")
            own = _own(StackResult, record)
            own |= _decode_files(record, "stack", "flat", "pages")
            own["pictures"] = _decode_list(PictureFile, record.get("pictures"))
            own["layers"] = _decode_list(LayerFile, record.get("layers"))
            own["recomposition"] = None if error is None else Recomposition(**known_fields(Recomposition, error))
            return StackResult(**own)
        case TaskKind.GENERATE | TaskKind.EDIT:
            own = _own(PicturesResult, record)
            own["pictures"] = _decode_list(PictureFile, record.get("pictures"))
            return PicturesResult(**own)


def _own(of: type[Result], record: Mapping[str, Any]) -> dict[str, Any]:
    return known_fields(of, record) | {"notes": tuple(record.get("notes") or ())}


def _decode_files(record: Mapping[str, Any], *names: str) -> dict[str, ResultFile | None]:
    return {name: _decode_file(ResultFile, record[name]) if record.get(name) else None for name in names}


def _decode_list(of: type[F], records: Iterable[Mapping[str, Any]] | None) -> tuple[F, ...]:
    return tuple(_decode_file(of, record) for record in records or ())


def _decode_file(of: type[F], record: Mapping[str, Any]) -> F:
    own = known_fields(of, record)
    if "bbox" in own:
        own["bbox"] = tuple(own["bbox"])
    return of(**own)


def _files(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    values = [record[name] for name in _ONLY_IF_SET if record.get(name)]
    return [file for value in values for file in (value if isinstance(value, list | tuple) else [value])]


def _drop(record: dict[str, Any], names: Iterable[str]) -> None:
    for name in list(names):
        record.pop(name, None)
