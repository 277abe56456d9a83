"""Reads LoRA files: safetensors alone, with everything about them bounded before it is believed."""

import json
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from lamina.engines.qwen.adapters.header_sniffing import check_lora
from lamina.engines.qwen.adapters.refusal import FETCH_AGAIN, unusable


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
