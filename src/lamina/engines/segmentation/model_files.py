"""Loads ONNX models, shipped in the wheel or installed, after a check of their content, once per process."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from lamina.engines.onnx_session import cpu_session, onnx_errors

_THREADS = 2


class ModelFileError(Exception):
    """A model file is missing, is not the file that it should be, or cannot be used."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """`name`: its path in `folder`, or in the folder models of this package if that is None. `sha256` of its content,
    in hexadecimal.
    """

    name: str
    sha256: str
    folder: Path | None = None


@cache
def session(model: ModelFile) -> Any:
    """The ONNX Runtime session of a model, created once per process.

    It is made from the checked bytes, not from the path: what runs is what was checked, and such a session can load no
    external data. Raises `ModelFileError`.
    """
    content = _content(model)
    try:
        # The memory that could be kept of one picture for the next is 380 MB.
        return cpu_session(content, _THREADS, keeps_memory=False)
    except onnx_errors() as error:
        raise ModelFileError(f"The model file {model.name} cannot be loaded: {_reason(error)}.") from error


def check_interface(model: ModelFile, inputs: set[str], outputs: set[str]) -> None:
    """Loads a model. Raises `ModelFileError`, also unless it has those inputs and at least those outputs."""
    loaded = session(model)
    taken, given = ({value.name for value in values} for values in (loaded.get_inputs(), loaded.get_outputs()))
    if taken != inputs or not outputs <= given:
        raise ModelFileError(f"The model file {model.name} has other inputs or outputs than expected.")


def outputs_of(model: ModelFile, names: tuple[str, ...], inputs: dict[str, Any]) -> list[Any]:
    """Runs a model and returns the outputs of those names. Raises `ModelFileError`."""
    loaded = session(model)
    try:
        return loaded.run(list(names), inputs)
    except (ValueError, *onnx_errors()) as error:
        raise ModelFileError(f"The model file {model.name} cannot be run: {_reason(error)}.") from error


def _content(model: ModelFile) -> bytes:
    place = files("lamina.engines.segmentation").joinpath("models") if model.folder is None else model.folder
    try:
        content = place.joinpath(model.name).read_bytes()
    except OSError as error:
        raise ModelFileError(f"The model file {model.name} cannot be read.") from error
    if hashlib.sha256(content).hexdigest() != model.sha256:
        raise ModelFileError(f"The model file {model.name} is damaged.")
    return content


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:200].rstrip(".")
