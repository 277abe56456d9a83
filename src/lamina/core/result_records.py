"""Results of jobs as JSON records and back, for the rows of the store and for the wire to the engine process.

What does not apply to a result has no key in its record, which is as earlier versions have written it.
"""

from collections.abc import Mapping
from typing import Any

from lamina.core.job_results import PicturesResult, Result, StackResult, TrainingResult
from lamina.core.records import decode, encode
from lamina.core.tasks import TaskKind

_RESULTS: dict[TaskKind, type[Result]] = {
    TaskKind.GENERATE: PicturesResult,
    TaskKind.EDIT: PicturesResult,
    TaskKind.DECOMPOSE: StackResult,
    TaskKind.TRAIN: TrainingResult,
}
_ONLY_IF_SET = (
    "pictures",
    "layers",
    "groups",
    "stack",
    "flat",
    "pages",
    "lora",
    "config",
    "loss_plot",
    "last_checkpoint",
)
_ONLY_IF_COMPLETE = ("checkpoint", "seed", "notes")
_ONLY_IF_SET_OF_FILES = ("width", "height", "text", "style", "group")


def encode_result(result: Result) -> dict[str, Any]:
    """Only of types that JSON has."""
    record = encode(result)
    record["notes"] = list(result.notes)
    absent = {name for name in _ONLY_IF_SET if not record.get(name)}
    for files in (record[name] for name in _ONLY_IF_SET if record.get(name)):
        for file in files if isinstance(files, list | tuple) else [files]:
            for name in _ONLY_IF_SET_OF_FILES:
                if file.get(name) is None:
                    file.pop(name, None)
    for layer in record.get("layers", ()):
        layer["bbox"] = list(layer["bbox"])
    if isinstance(result, StackResult):
        for picture in record["pictures"]:
            del picture["seed"]
    if isinstance(result, TrainingResult) and (result.lora is None or result.last_checkpoint is not None):
        absent |= {name for name in _ONLY_IF_COMPLETE if record[name] in (None, "", [])}
    if result.stands_in_for is None:
        absent |= {"stands_in_for", "is_free"}
    return {name: value for name, value in record.items() if name not in absent}


def decode_result(kind: TaskKind, record: Mapping[str, Any]) -> Result:
    """The result that `encode_result` was given, of a task of `kind`.

    A key that the record lacks gets its default; an unknown one is ignored. Raises TypeError where a file has no `file`
    or no `content_type`.
    """
    return decode(_RESULTS[kind], record)
