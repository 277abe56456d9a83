"""Holds the large matrices of a transformer in 8-bit floats with a scale for each row (torchao)."""

import re

import torch
from diffusers import QwenImageTransformer2DModel
from torch import nn

_BLOCK = re.compile(r"^transformer_blocks\.\d+\.")
_MODULATION = re.compile(r"\.(img|txt)_mod\.")
# What follows the pictures' GELU, whose outliers take a row's 8 bits for themselves: SGLang keeps it (ModelOpt's FP8
# checkpoint of Qwen-Image), and vLLM-Omni keeps all of `img_mlp`.
_SENSITIVE = re.compile(r"\.img_mlp\.net\.2$")
_LEAST_CAPABILITY = (8, 9)  # of GPUs that multiply 8-bit floats: Ada, Hopper, Blackwell


def quantise(
    transformer: QwenImageTransformer2DModel, is_modulation_too: bool = False, is_arithmetic_too: bool = False
) -> None:
    """In place. What `is_quantised` says keeps 8 bits; the rest of the model keeps its numbers.

    `is_arithmetic_too`: the products are of 8-bit floats as well, what goes in being rounded row by row; quicker where
    blocks are compiled on a GPU that `multiplies_fp8`, and slower everywhere else.
    """
    from torchao.quantization import (
        Float8DynamicActivationFloat8WeightConfig,
        Float8WeightOnlyConfig,
        PerRow,
        quantize_,
    )

    config = Float8WeightOnlyConfig()
    if is_arithmetic_too:
        config = Float8DynamicActivationFloat8WeightConfig(granularity=PerRow())

    def is_wanted(module: nn.Module, name: str) -> bool:
        return isinstance(module, nn.Linear) and is_quantised(name, is_modulation_too)

    quantize_(transformer, config, is_wanted)


def is_quantised(name: str, is_modulation_too: bool = False) -> bool:
    """Of a linear layer of that name. The layers into and out of the model and the embedding of time are not; nor are
    the pictures' second MLP matrices; nor is the modulation, unless `is_modulation_too`: small errors there are
    multiplied into every token.
    """
    is_kept = _SENSITIVE.search(name) or (not is_modulation_too and _MODULATION.search(f"{name}."))
    return _BLOCK.match(name) is not None and not is_kept


def multiplies_fp8(device: str) -> bool:
    return device.startswith("cuda") and torch.cuda.get_device_capability(device) >= _LEAST_CAPABILITY
