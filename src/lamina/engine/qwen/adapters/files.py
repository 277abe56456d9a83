"""Reads LoRA files: safetensors alone, with everything about them bounded before it is believed."""

import json
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from lamina.engine.qwen.adapters.refusal import FETCH_AGAIN, unusable

MOST_BYTES = 4 << 30  # rank 256 on attention and MLPs of the released transformer, in 16 bits, is 3.4 GB
_MOST_HEADER_BYTES = 16 << 20
_LENGTH_BYTES = 8  # of the little-endian length that a safetensors file begins with
_PICKLES = (".bin", ".ckpt", ".pkl", ".pickle", ".pt", ".pth")
_PICKLE_MAGIC = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04")
_CONVERT = "Convert it to safetensors on a machine where running it does no harm, or get it as safetensors."


@dataclass(frozen=True, slots=True)
class LoraFile:
    """A LoRA on this machine. `label`: what the user called it; `sha256`: of its content, in hexadecimal."""

    label: str
    path: Path
    sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class LoraContent:
    """What a file holds, as its trainer named it. The tensors are on the CPU and may be backed by the file itself."""

    label: str
    tensors: dict[str, Tensor]
    metadata: dict[str, str]


def read_lora(file: LoraFile) -> LoraContent:
    """Raises `LaminaError` (lora_unusable) if the file is anything but an undamaged safetensors file."""
    check_lora(file.path, file.label)
    try:
        with safe_open(file.path, framework="pt", device="cpu") as opened:
            tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118  # it is not a mapping
            return LoraContent(file.label, tensors, opened.metadata() or {})
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError, RuntimeError) as damage:
        why = f"it is damaged or cut short ({_first_line(damage)})."
        raise unusable(file.label, why, FETCH_AGAIN) from damage


def check_lora(path: Path, label: str) -> None:
    """Looks at a file's name, size and first bytes. Raises `LaminaError` (lora_unusable)."""
    check_name(path.name, label)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(_LENGTH_BYTES + 1)
    except OSError as problem:
        raise unusable(label, f"it cannot be read ({problem.strerror}).", "Check the name and permissions.") from None
    if size > MOST_BYTES:
        raise unusable(label, f"it has {size:,} bytes, more than a LoRA's {MOST_BYTES:,}; a whole model, perhaps.")
    header_bytes = int.from_bytes(start[:_LENGTH_BYTES], "little")
    if start[_LENGTH_BYTES:] != b"{" or header_bytes > _MOST_HEADER_BYTES:
        if start.startswith(_PICKLE_MAGIC):  # a header of 640 bytes begins as pickles do, so this does not come first
            raise unusable(label, "it is a pickle or an archive, which can run programs when opened.", _CONVERT)
        raise unusable(label, "it is no safetensors file.", "Give the .safetensors file itself, not a page about it.")
    if _LENGTH_BYTES + header_bytes > size:
        raise unusable(label, "it is cut short.", FETCH_AGAIN)


def check_name(name: str, label: str) -> None:
    """Refuses by its ending what would be a pickle. Raises `LaminaError` (lora_unusable)."""
    if name.lower().endswith(_PICKLES):
        raise unusable(label, "pickles can run programs when opened; only safetensors are read.", _CONVERT)


def adapter_config(content: LoraContent) -> dict[str, object]:
    """What peft and diffusers wrote of how it was trained: `lora_alpha`, `r`, `alpha_pattern`...; {} without.

    diffusers keeps it as JSON under "lora_adapter_metadata", each key behind "transformer." (loaders/lora_base.py).
    """
    written = content.metadata.get("lora_adapter_metadata")
    if written is None:
        return {}
    try:
        config = json.loads(written)
    except (ValueError, RecursionError):
        config = None
    if not isinstance(config, dict):
        raise unusable(content.label, "what it says of its own training is damaged.", FETCH_AGAIN)
    return {key.removeprefix("transformer."): value for key, value in config.items()}


def _first_line(problem: Exception) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0][:200]
