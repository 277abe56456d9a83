"""Reads LoRA files, which must be safetensors; names, sizes and headers are checked first."""

import json
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from lamina.engines.qwen.adapters.header_sniffing import check_lora
from lamina.engines.qwen.adapters.refusal import FETCH_AGAIN, unusable


@dataclass(frozen=True, slots=True)
class LoraFile:
    """A LoRA file on this machine. `label`: its name in the request; `sha256`: of its content, in hexadecimal."""

    label: str
    path: Path
    sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class LoraContent:
    """The content of a LoRA file with the original names. The tensors are on the CPU and may be memory-mapped."""

    label: str
    tensors: dict[str, Tensor]
    metadata: dict[str, str]


def read_lora(file: LoraFile) -> LoraContent:
    """The content of a file. Raises `LaminaError` (lora_unusable) unless it is a valid safetensors file."""
    check_lora(file.path, file.label)
    try:
        with safe_open(file.path, framework="pt", device="cpu") as opened:
            tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118  # it is not a mapping
            return LoraContent(file.label, tensors, opened.metadata() or {})
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError, RuntimeError) as damage:
        reason = f"it is damaged or truncated ({_first_line(damage)})."
        raise unusable(file.label, reason, FETCH_AGAIN) from damage


def adapter_config(content: LoraContent) -> dict[str, object]:
    """The training configuration written by peft or diffusers: `lora_alpha`, `r`, `alpha_pattern`...; {} if absent.

    diffusers stores it as JSON in "lora_adapter_metadata", with keys that begin with "transformer."
    (loaders/lora_base.py).
    """
    written = content.metadata.get("lora_adapter_metadata")
    if written is None:
        return {}
    try:
        config = json.loads(written)
    except (ValueError, RecursionError):
        config = None
    if not isinstance(config, dict):
        raise unusable(content.label, "its training configuration is damaged.", FETCH_AGAIN)
    return {key.removeprefix("transformer."): value for key, value in config.items()}


def _first_line(problem: Exception) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0][:200]
