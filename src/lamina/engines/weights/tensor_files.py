"""Reads the headers of safetensors and GGUF files, without their tensors, and checks the file lengths."""

import json
import math
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from lamina.core.errors import ErrorCode, LaminaError
from lamina.installation import install_command

_MOST_HEADER_BYTES = 100_000_000  # the limit of the safetensors library
_GGUF_MAGIC = b"GGUF"
_BYTES = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2,
    "I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tensor:
    """The `shape` of a tensor, outermost dimension first, and its `kind`, the data type as named in the file."""

    shape: tuple[int, ...]
    kind: str

    @property
    def size(self) -> int:
        return math.prod(self.shape)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a `.safetensors` or `.gguf` file by name. Raises `LaminaError` (weights_damaged, weights_missing).

    Checks the header and the length of the file.
    """
    try:
        return _gguf_tensors(path) if path.suffix == ".gguf" else _safetensors_tensors(path)
    except FileNotFoundError:
        raise LaminaError(
            ErrorCode.WEIGHTS_MISSING,
            f"The file {path} does not exist.",
            "lamina models shows the locations of weights.",
        ) from None
    except OSError as error:
        raise damaged(path, f"it cannot be read: {error.strerror}") from None


def damaged(path: Path, reason: str) -> LaminaError:
    return LaminaError(
        ErrorCode.WEIGHTS_DAMAGED,
        f"The weights file {path} cannot be used: {reason}.",
        "Download it again: lamina pull MODEL.",
    )


def _safetensors_tensors(path: Path) -> dict[str, Tensor]:
    """The format: https://github.com/huggingface/safetensors#format."""
    length = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        header_length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= header_length <= _MOST_HEADER_BYTES:
            raise damaged(path, "it is not a safetensors file")
        text = file.read(header_length)
    if len(text) < header_length:
        raise damaged(path, "it is truncated")
    try:
        header = json.loads(text)
        header.pop("__metadata__", None)
        tensors = {name: Tensor(tuple(entry["shape"]), entry["dtype"]) for name, entry in header.items()}
        spans = {name: tuple(entry["data_offsets"]) for name, entry in header.items()}
        for name, (first, last) in spans.items():
            if tensors[name].size * _BYTES.get(tensors[name].kind, 0) not in (last - first, 0):
                raise damaged(path, f"the length of tensor {name} does not match its shape")
        end = 8 + header_length + max((last for _, last in spans.values()), default=0)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise damaged(path, "its header cannot be read") from None
    if length != end:
        raise damaged(path, f"it is truncated: {length:,} of {end:,} bytes" if length < end else "it is too long")
    return tensors


def _gguf_tensors(path: Path) -> dict[str, Tensor]:
    """Reads the header with the gguf package, which memory-maps the file."""
    with path.open("rb") as file:
        if file.read(4) != _GGUF_MAGIC:
            raise damaged(path, "it is not a GGUF file")
    try:
        import gguf
    except ImportError as error:
        raise LaminaError(
            ErrorCode.ENGINE_UNAVAILABLE,
            f"{path} cannot be read: {error}.",
            f"Install: {install_command('qwen')}.",
        ) from None
    try:
        reader = gguf.GGUFReader(os.fspath(path))
        return {
            tensor.name: Tensor(tuple(int(side) for side in reversed(tensor.shape)), tensor.tensor_type.name)
            for tensor in reader.tensors
        }
    except (ValueError, IndexError, KeyError, TypeError, OverflowError) as error:
        raise damaged(path, f"it is truncated or not a valid GGUF file ({error})") from None
