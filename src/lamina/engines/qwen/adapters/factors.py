"""Finds the scale that a LoRA was trained with, alpha / rank, in its tensors or metadata."""

import math

from torch import Tensor

from lamina.engines.qwen.adapters.files import AdapterConfig
from lamina.engines.qwen.adapters.refusal import FETCH_AGAIN, unusable


def factor_of(label: str, module: str, rank: int, alpha: Tensor | None, config: AdapterConfig) -> float:
    """The scale from the module's `alpha` tensor, or else from peft's `config`; 1 if neither exists.

    Raises `LaminaError` (lora_unusable) if alpha is not a finite number.
    """
    if alpha is not None:
        written = alpha.item() if alpha.numel() == 1 else None
        divisor = rank
    else:
        written = _configured_alpha(module, config)
        divisor = math.sqrt(rank) if config.is_rank_stabilized else rank
        if written is None:
            return 1.0
    if isinstance(written, bool) or not isinstance(written, int | float) or not math.isfinite(written):
        raise unusable(label, f"its alpha for {module!r} is not a number.", FETCH_AGAIN)
    return written / divisor


def _configured_alpha(module: str, config: AdapterConfig) -> object:
    """The alpha for a module from peft's `alpha_pattern` or `lora_alpha`.

    peft treats the keys of `alpha_pattern` as regular expressions for the end of the module name. Regular expressions
    from untrusted files can take forever, and trainers write plain names, so they are compared as names here.
    """
    for key, alpha in config.alphas:
        name = key.removeprefix("^").replace("\\.", ".")
        if module == name or module.endswith(f".{name}"):
            return alpha
    return config.alpha
