"""Finds the factor that a LoRA was trained with: alpha over rank, wherever its trainer wrote it."""

import math

from torch import Tensor

from lamina.engines.qwen.adapters.refusal import FETCH_AGAIN, unusable


def factor_of(label: str, module: str, rank: int, alpha: Tensor | None, config: dict[str, object]) -> float:
    """By the file's own `alpha` for the module, or else by peft's `config`; 1 where neither says, as trainers mean it.

    Raises `LaminaError` (lora_unusable) if it is no finite number.
    """
    if alpha is not None:
        written = alpha.item() if alpha.numel() == 1 else None
        divisor = rank
    else:
        written = _configured_alpha(module, config)
        divisor = math.sqrt(rank) if config.get("use_rslora") else rank
        if written is None:
            return 1.0
    if isinstance(written, bool) or not isinstance(written, int | float) or not math.isfinite(written):
        raise unusable(label, f"its alpha for {module!r} is no number.", FETCH_AGAIN)
    return written / divisor


def _configured_alpha(module: str, config: dict[str, object]) -> object:
    """peft takes the keys of `alpha_pattern` for regular expressions that end the module's name. A stranger's regular
    expression can run for ever, and trainers write names there, so they are compared as names.
    """
    pattern = config.get("alpha_pattern")
    for key, alpha in pattern.items() if isinstance(pattern, dict) else ():
        name = key.removeprefix("^").replace("\\.", ".")
        if module == name or module.endswith(f".{name}"):
            return alpha
    return config.get("lora_alpha")
