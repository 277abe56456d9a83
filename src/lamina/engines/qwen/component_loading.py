"""Loads the components of a model according to a plan: offline, from safetensors only, after a check."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLQwenImage, FlowMatchEulerDiscreteScheduler, QwenImageTransformer2DModel
from diffusers.utils import logging as diffusers_logging
from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer
from transformers.utils import logging as transformers_logging

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.optimizations import Optimization
from lamina.core.placement import Placement, Precision
from lamina.engines.qwen.component_cache import CacheItem, ComponentCache
from lamina.engines.qwen.needs import BYTES_PER_NUMBER
from lamina.engines.qwen.optimizations.fitting import fit_after_moving, fit_before_moving
from lamina.engines.qwen.placement import Plan
from lamina.engines.qwen.processor import PictureProcessor
from lamina.engines.qwen.quantising import multiplies_fp8, quantise
from lamina.engines.qwen.transformer_file import load_transformer_file
from lamina.engines.weights.checking import check_component, component_tensors
from lamina.engines.weights.identity import identity_of
from lamina.engines.weights.tensor_files import damaged

Component = (
    QwenImageTransformer2DModel
    | AutoencoderKLQwenImage
    | Qwen2_5_VLForConditionalGeneration
    | Qwen2Tokenizer
    | PictureProcessor
    | FlowMatchEulerDiscreteScheduler
)
_HAVE_WEIGHTS = ("transformer", "text_encoder", "vae")
_DTYPES = {Precision.BF16: torch.bfloat16, Precision.FP8: torch.bfloat16, Precision.FP32: torch.float32}


def load_components(
    cache: ComponentCache,
    model: str,
    folders: Mapping[str, Path],
    plan: Plan,
    transformer_file: Path | None = None,
    compiled: Path | None = None,
) -> dict[str, Component]:
    """The model's components by role, from the cache if possible.

    `folders`: the folder of each role ("vae", "text_encoder", "tokenizer", "processor", "transformer", "scheduler").
    `transformer_file`, `compiled`: see `load_component`.
    Raises `LaminaError` (weights_missing, weights_damaged, out_of_memory).
    """
    # The transformer first: quantisation temporarily needs more memory.
    roles = sorted(folders, key=lambda role: role != "transformer")
    files = {"transformer": transformer_file}
    items = [_item(role, folders[role], plan, files.get(role), compiled) for role in roles]
    return cache.get_or_load(model, items)


def load_component(
    role: str, folder: Path, plan: Plan, transformer_file: Path | None = None, compiled: Path | None = None
) -> Any:
    """Loads one component with the plan's precision, onto the plan's device if it stays resident, else onto the CPU.

    `transformer_file`: a `.safetensors` or `.gguf` file with the transformer's weights; its config is in `folder`.
    `compiled`: folder that caches compiled code across starts.
    Raises `LaminaError` (weights_missing, weights_damaged, out_of_memory).
    """
    if transformer_file is None:
        check_component(folder)
    diffusers_logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
    with _load_errors(folder if transformer_file is None else transformer_file):
        component = _LOADERS[role](folder, _DTYPES[plan.precision], transformer_file)
        if role == "transformer" and plan.precision is Precision.FP8 and plan.sizes.stored_bytes is None:
            is_quick = Optimization.COMPILE in plan.optimizations and multiplies_fp8(plan.device.name)
            quantise(component, plan.is_modulation_fp8, is_arithmetic_too=is_quick)
        if role in _HAVE_WEIGHTS:
            component.eval().requires_grad_(False)
            fit_before_moving(role, component, plan)
            if plan.placement is Placement.RESIDENT:
                component.to(plan.device.name)
    fit_after_moving(role, component, plan, compiled)
    return component


def _item(
    role: str, folder: Path, plan: Plan, transformer_file: Path | None, compiled: Path | None
) -> CacheItem[Component]:
    identity = identity_of(folder)
    size = 0
    if role == "transformer":
        identity += "" if transformer_file is None else f"\n{identity_of(transformer_file)}"
        size = plan.sizes.transformer_bytes(plan.precision, plan.is_modulation_fp8)
        held: Any = (plan.precision, plan.is_modulation_fp8, plan.optimizations)
    else:
        if role in _HAVE_WEIGHTS:
            parameters = sum(tensor.size for tensor in component_tensors(folder).values())
            size = parameters * BYTES_PER_NUMBER[plan.precision]
        held = (
            (_DTYPES[plan.precision], role == "vae" and Optimization.VAE in plan.optimizations)
            if role in _HAVE_WEIGHTS
            else None
        )
    key = (role, identity, held, plan.placement, plan.device.name)
    return CacheItem(role, key, size, lambda: load_component(role, folder, plan, transformer_file, compiled))


def _load_transformer(folder: Path, dtype: torch.dtype, file: Path | None) -> QwenImageTransformer2DModel:
    if file is not None:
        return load_transformer_file(file, folder, dtype)
    return _load_complete(QwenImageTransformer2DModel, folder, torch_dtype=dtype)


def _load_vae(folder: Path, dtype: torch.dtype, _: Path | None) -> AutoencoderKLQwenImage:
    """Decodes one picture at a time, as the memory estimate assumes."""
    vae = _load_complete(AutoencoderKLQwenImage, folder, torch_dtype=dtype)
    vae.enable_slicing()
    return vae


def _load_text_encoder(folder: Path, dtype: torch.dtype, _: Path | None) -> Qwen2_5_VLForConditionalGeneration:
    return _load_complete(Qwen2_5_VLForConditionalGeneration, folder, dtype=dtype)


def _load_tokenizer(folder: Path, _: torch.dtype, __: Path | None) -> Qwen2Tokenizer:
    return Qwen2Tokenizer.from_pretrained(folder, local_files_only=True)


def _load_processor(folder: Path, _: torch.dtype, __: Path | None) -> PictureProcessor:
    return PictureProcessor.from_pretrained(folder, local_files_only=True)


def _load_scheduler(folder: Path, _: torch.dtype, __: Path | None) -> FlowMatchEulerDiscreteScheduler:
    return FlowMatchEulerDiscreteScheduler.from_pretrained(folder, local_files_only=True)


_LOADERS: dict[str, Callable[[Path, torch.dtype, Path | None], Component]] = {
    "transformer": _load_transformer,
    "text_encoder": _load_text_encoder,
    "vae": _load_vae,
    "tokenizer": _load_tokenizer,
    "processor": _load_processor,
    "scheduler": _load_scheduler,
}


def _load_complete(kind: Any, folder: Path, **numbers: torch.dtype) -> Any:
    """Loads a model and raises if weights are missing: both libraries only log that and initialise them randomly."""
    model, info = kind.from_pretrained(
        folder, local_files_only=True, use_safetensors=True, output_loading_info=True, **numbers
    )
    for problem in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"):
        if info.get(problem):
            raise LaminaError(
                ErrorCode.WEIGHTS_DAMAGED,
                f"The weights in {folder} do not match the architecture in its config.json: "
                f"{problem.replace('_', ' ')}: {sorted(map(str, info[problem]))[0]}.",
                "Download them again: lamina pull MODEL.",
            )
    empty = [name for name, tensor in model.state_dict().items() if tensor.is_meta]
    if empty:  # for sharded weights, diffusers does not report missing tensors
        raise damaged(folder, f"the tensor {empty[0]} is missing")
    return model


@contextmanager
def _load_errors(path: Path) -> Generator[None]:
    """Converts errors of the libraries about a file into weights_damaged; out-of-memory errors pass through."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LaminaError(
            ErrorCode.WEIGHTS_DAMAGED,
            f"The weights in {path} cannot be loaded: {' '.join(str(error).split())[:300]}".rstrip(".") + ".",
            "Download them again: lamina pull MODEL.",
        ) from error
