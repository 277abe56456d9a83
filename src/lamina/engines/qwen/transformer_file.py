"""Loads a transformer from a single file: safetensors in the diffusers or ComfyUI layout, or GGUF."""

import re
from pathlib import Path

import torch
from diffusers import GGUFQuantizationConfig, QwenImageTransformer2DModel
from safetensors.torch import load_file

from lamina.core.errors import ErrorCode, LaminaError
from lamina.engines.weights.tensor_files import damaged, read_tensors

_PREFIX = "model.diffusion_model."  # name prefix in full ComfyUI checkpoints
# Tensors of unsupported quantisation formats, such as the scaled FP8 files of ComfyUI.
_SCALED = re.compile(r"(scaled_fp8|scale_weight|weight_scale|scale_input|input_scale|comfy_quant|absmax|wscales)")
_MARKER = re.compile(r"^__.*__$")  # ComfyUI markers such as __index_timestep_zero__


def load_transformer_file(path: Path, config: Path, dtype: torch.dtype) -> QwenImageTransformer2DModel:
    """Loads the transformer in the file `path`.

    `config`: the folder with its config.json. Tensors of a GGUF file stay quantised and are dequantised to `dtype` when
    used. Raises `LaminaError` (weights_damaged, weights_missing).
    """
    names = _names_by_plain_name(path)
    _check_fits(path, config, names)
    is_gguf = path.suffix == ".gguf"
    source = _loaded_gguf(path) if is_gguf else load_file(path)
    tensors = {plain: source.pop(stored) for plain, stored in names.items()}
    quantisation = {"quantization_config": GGUFQuantizationConfig(compute_dtype=dtype)} if is_gguf else {}
    return QwenImageTransformer2DModel.from_single_file(
        tensors, config=str(config), torch_dtype=dtype, local_files_only=True, **quantisation
    )


def _loaded_gguf(path: Path) -> dict[str, torch.Tensor]:
    from diffusers.models.model_loading_utils import load_gguf_checkpoint

    try:
        return load_gguf_checkpoint(str(path))
    except ValueError as error:  # a quantisation type that diffusers does not support
        raise damaged(path, " ".join(str(error).split())[:200]) from error


def _names_by_plain_name(path: Path) -> dict[str, str]:
    """The stored names of the transformer's tensors by their diffusers names."""
    stored = read_tensors(path)
    if any(_SCALED.search(name) for name in stored):
        raise LaminaError(
            ErrorCode.WEIGHTS_DAMAGED,
            f"The weights file {path} has an unsupported quantisation (scaled FP8 or similar).",
            "Use bf16 safetensors with the setting precision = fp8, or a GGUF file.",
        )
    has_prefix = any(name.startswith(_PREFIX) for name in stored)
    names = {name.removeprefix(_PREFIX): name for name in stored if not has_prefix or name.startswith(_PREFIX)}
    return {plain: name for plain, name in names.items() if not _MARKER.match(plain)}


def _check_fits(path: Path, config: Path, names: dict[str, str]) -> None:
    """Raises `LaminaError` (weights_damaged) unless the file has the tensors of the config, with their shapes."""
    with torch.device("meta"):
        model = QwenImageTransformer2DModel.from_config(QwenImageTransformer2DModel.load_config(config))
    expected, stored = model.state_dict(), read_tensors(path)
    missing = sorted(set(expected) - set(names))
    unexpected = sorted(set(names) - set(expected))
    if missing or unexpected:
        difference = f"{missing[0]!r} is missing" if missing else f"{unexpected[0]!r} is unexpected"
        raise damaged(path, f"it does not match the architecture in {config / 'config.json'}: {difference}")
    for plain, name in names.items():
        if tuple(expected[plain].shape) != stored[name].shape:
            is_shape, was_shape = stored[name].shape, tuple(expected[plain].shape)
            raise damaged(path, f"it has another architecture: {plain} is {is_shape} instead of {was_shape}")
