"""Holds the large matrices of a transformer in 8-bit floats with a scale for each row (torchao, weights only)."""

import re

from diffusers import QwenImageTransformer2DModel
from torch import nn

_BLOCK = re.compile(r"^transformer_blocks\.\d+\.")
_MODULATION = re.compile(r"\.(img|txt)_mod\.")


def quantise(transformer: QwenImageTransformer2DModel, is_modulation_too: bool = False) -> None:
    """In place. The layers into and out of the model, the embedding of time and the norms keep their numbers; so does
    the modulation unless `is_modulation_too`: small errors there are multiplied into every token.
    """
    from torchao.quantization import Float8WeightOnlyConfig, quantize_

    def is_wanted(module: nn.Module, name: str) -> bool:
        is_kept = not is_modulation_too and _MODULATION.search(f"{name}.") is not None
        return isinstance(module, nn.Linear) and _BLOCK.match(name) is not None and not is_kept

    quantize_(transformer, Float8WeightOnlyConfig(), is_wanted)
