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


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterConfig:
    """How a LoRA was trained. `alpha`, `alphas`: unchecked values from the file, for all modules and for those whose
    names match the pattern; `is_rank_stabilized`: the scale is alpha / sqrt(rank).
    """

    alpha: object = None
    alphas: tuple[tuple[str, object], ...] = ()
    is_rank_stabilized: bool = False
    is_dora: bool = False


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


def adapter_config(content: LoraContent) -> AdapterConfig:
    """The training configuration written by peft or diffusers; the defaults if the file has none.

    diffusers stores it as JSON in "lora_adapter_metadata", with keys that begin with "transformer."
    (loaders/lora_base.py). Raises `LaminaError` (lora_unusable) if it is not valid.
    """
    written = content.metadata.get("lora_adapter_metadata")
    if written is None:
        return AdapterConfig()
    try:
        config = json.loads(written)
    except (ValueError, RecursionError):
        config = None
    if not isinstance(config, dict):
        raise unusable(content.label, "its training configuration is damaged.", FETCH_AGAIN)
    members = {key.removeprefix("transformer."): value for key, value in config.items()}
    pattern = members.get("alpha_pattern")
    return AdapterConfig(
        alpha=members.get("lora_alpha"),
        alphas=tuple(pattern.items()) if isinstance(pattern, dict) else (),
        is_rank_stabilized=bool(members.get("use_rslora")),
        is_dora=bool(members.get("use_dora")),
    )


def _first_line(problem: Exception) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0][:200]
