"""Quantises the large matrices of a transformer to 8-bit floats with one scale per row (torchao)."""

import re

import torch
from diffusers import QwenImageTransformer2DModel
from torch import nn

_BLOCK = re.compile(r"^transformer_blocks\.\d+\.")
_MODULATION = re.compile(r"\.(img|txt)_mod\.")
# The layer after the GELU of the image stream, whose activations have outliers that 8 bits cannot represent. SGLang
# does not quantise it (ModelOpt's FP8 checkpoint of Qwen-Image), and vLLM-Omni quantises nothing in `img_mlp`.
_SENSITIVE = re.compile(r"\.img_mlp\.net\.2$")
_LEAST_CAPABILITY = (8, 9)  # GPUs with FP8 matrix multiplication: Ada, Hopper, Blackwell


def quantise(
    transformer: QwenImageTransformer2DModel, is_modulation_too: bool = False, is_arithmetic_too: bool = False
) -> None:
    """Quantises in place the layers selected by `is_quantised`; the others keep their precision.

    `is_arithmetic_too`: also quantises activations row by row and multiplies in FP8, which is faster for compiled
    blocks on a GPU that `multiplies_fp8`, and slower otherwise.
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
    """Whether the linear layer of that name is quantised.

    Excluded are the input and output layers, the timestep embedding, the second MLP matrices of the image stream, and
    the modulation unless `is_modulation_too`, since its errors are multiplied into every token.
    """
    is_kept = _SENSITIVE.search(name) or (not is_modulation_too and _MODULATION.search(f"{name}."))
    return _BLOCK.match(name) is not None and not is_kept


def multiplies_fp8(device: str) -> bool:
    return device.startswith("cuda") and torch.cuda.get_device_capability(device) >= _LEAST_CAPABILITY
