"""Reads a transformer from one file of its own: safetensors as diffusers or ComfyUI write them, or GGUF."""

import re
from pathlib import Path
from typing import Any

import torch
from diffusers import GGUFQuantizationConfig, QwenImageTransformer2DModel
from safetensors.torch import load_file

from lamina.core.errors import ErrorCode, LaminaError
from lamina.engines.weights.tensor_files import damaged, read_tensors

_PREFIX = "model.diffusion_model."  # what ComfyUI's whole checkpoints put before the names
# ComfyUI's and others' 8-bit files with scales of their own, and others' quantisation: not what the names would say.
_SCALED = re.compile(r"(scaled_fp8|scale_weight|weight_scale|scale_input|input_scale|comfy_quant|absmax|wscales)")
_MARK = re.compile(r"^__.*__$")  # ComfyUI's marks for itself, such as __index_timestep_zero__


def load_transformer_file(path: Path, config: Path, dtype: torch.dtype) -> QwenImageTransformer2DModel:
    """`config`: the folder with the transformer's config.json. A GGUF's quantised tensors stay as they are and are
    expanded to `dtype` where they are used. Raises `LaminaError` (weights_damaged, weights_missing).
    """
    names = _names_by_plain_name(path)
    _check_fits(path, config, names)
    is_gguf = path.suffix == ".gguf"
    source: Any = _loaded_gguf(path) if is_gguf else load_file(path)
    tensors = {plain: source.pop(stored) for plain, stored in names.items()}
    quantisation = {"quantization_config": GGUFQuantizationConfig(compute_dtype=dtype)} if is_gguf else {}
    return QwenImageTransformer2DModel.from_single_file(
        tensors, config=str(config), torch_dtype=dtype, local_files_only=True, **quantisation
    )


def _loaded_gguf(path: Path) -> dict[str, Any]:
    from diffusers.models.model_loading_utils import load_gguf_checkpoint

    try:
        return load_gguf_checkpoint(str(path))
    except ValueError as error:  # a kind of quantisation that diffusers does not know
        raise damaged(path, " ".join(str(error).split())[:200]) from error


def _names_by_plain_name(path: Path) -> dict[str, str]:
    """The stored names of the transformer's tensors by what diffusers calls them."""
    stored = read_tensors(path)
    if any(_SCALED.search(name) for name in stored):
        raise LaminaError(
            ErrorCode.WEIGHTS_DAMAGED,
            f"The weights file {path} is quantised in a way that Lamina does not read (8 bits with scales of its own).",
            "Use bf16 safetensors with the setting precision = fp8, or a GGUF file.",
        )
    has_prefix = any(name.startswith(_PREFIX) for name in stored)
    names = {name.removeprefix(_PREFIX): name for name in stored if not has_prefix or name.startswith(_PREFIX)}
    return {plain: name for plain, name in names.items() if not _MARK.match(plain)}


def _check_fits(path: Path, config: Path, names: dict[str, str]) -> None:
    """Raises `LaminaError` (weights_damaged) unless the file has each tensor that the config makes, and of its size."""
    with torch.device("meta"):
        model = QwenImageTransformer2DModel.from_config(QwenImageTransformer2DModel.load_config(config))
    wanted, stored = model.state_dict(), read_tensors(path)
    lost = sorted(set(wanted) - set(names))
    strange = sorted(set(names) - set(wanted))
    if lost or strange:
        told = f"{lost[0]!r} is missing" if lost else f"{strange[0]!r} has no place in it"
        raise damaged(path, f"it is for another architecture than {config / 'config.json'} says: {told}")
    for plain, name in names.items():
        if tuple(wanted[plain].shape) != stored[name].shape:
            is_shape, was_shape = stored[name].shape, tuple(wanted[plain].shape)
            raise damaged(path, f"it is for another architecture: {plain} is {is_shape} instead of {was_shape}")
