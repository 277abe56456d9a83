"""Converts all common LoRA layouts into one: a pair of matrices and a scale for each linear layer.

Not the conversion of diffusers, whose loader silently drops keys without a prefix, guesses how to split underscores,
and does not report unmatched keys. Here, names are looked up among the transformer's layers, and a file with unknown
keys is rejected.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from lamina.engines.qwen.adapters.architectures import declared_look_alike, other_architecture
from lamina.engines.qwen.adapters.factors import factor_of
from lamina.engines.qwen.adapters.files import AdapterConfig, LoraContent, adapter_config
from lamina.engines.qwen.adapters.refusal import FETCH_AGAIN, unusable

Shapes = Mapping[str, tuple[int, int]]
"""(inputs, outputs) of each linear layer of a transformer, by its name in diffusers."""

# Prefixes of diffusers and peft, ai-toolkit and ComfyUI, peft itself, DiffSynth; they may be combined.
_PREFIX = re.compile(r"(?:(?:base_model|model|transformer|diffusion_model|pipe|dit)\.)*")
# With these prefixes of kohya and musubi-tuner, dots in module names are underscores.
_FLAT_PREFIX = re.compile(r"(?:lora_unet_|lora_transformer_)")
# Files of DiffSynth and peft contain the adapter name, such as `.default`.
_MATRIX = re.compile(r"(.+)\.(lora_A|lora_B|lora_down|lora_up|lora\.down|lora\.up)(?:\.[^.]+)?\.weight")
_DOWN = ("lora_A", "lora_down", "lora.down")
_OTHER_METHODS = (
    (re.compile(r"dora_scale|lora_magnitude_vector"), "DoRA"),
    (re.compile(r"\.hada_w"), "LoHa"),
    (re.compile(r"\.lokr_w"), "LoKr"),
    (re.compile(r"\.oft_|\.boft_"), "OFT"),
)
_MOST_LISTED = 3  # keys in an error message


@dataclass(frozen=True, slots=True, eq=False)
class LowRank:
    """The update of one linear layer's weight W: W + factor * up @ down.

    `down`: (rank, inputs). `up`: (outputs, rank). `factor`: alpha / rank.
    """

    down: Tensor
    up: Tensor
    factor: float


@dataclass(slots=True, eq=False)
class _Pair:
    down: Tensor | None = None
    up: Tensor | None = None
    alpha: Tensor | None = None


def parse_lora(content: LoraContent, shapes: Shapes) -> dict[str, LowRank]:
    """The updates of a LoRA by layer name. Ranks may differ between layers.

    Raises `LaminaError` (lora_unusable) if it is for another architecture, uses another method, has keys that do not
    match a transformer with these `shapes`, or contains non-finite values.
    """
    _check_method(content)
    pairs = _pairs(content, shapes)
    if not pairs:
        raise unusable(content.label, "it is empty.", FETCH_AGAIN)
    if look_alike := declared_look_alike(content.metadata):
        raise _for_another(content.label, look_alike)
    config = adapter_config(content)
    if config.is_dora:
        raise _other_method(content.label, "DoRA")
    return {name: _low_rank(content.label, name, pair, shapes[name], config) for name, pair in pairs.items()}


def _pairs(content: LoraContent, shapes: Shapes) -> dict[str, _Pair]:
    names = {**{name.replace(".", "_"): name for name in shapes}, **{name: name for name in shapes}}
    pairs: dict[str, _Pair] = {}
    unexpected: list[str] = []
    for key, module, part in _parts(content.tensors):
        name = names.get(module)
        if name is None or part is None:
            unexpected.append(key)
            continue
        pair = pairs.setdefault(name, _Pair())
        if getattr(pair, part) is not None:
            raise unusable(content.label, f"it contains {name!r} twice.", "Use a file with a single LoRA.")
        setattr(pair, part, content.tensors[key])
    if unexpected:
        raise _misfit(content, unexpected, len(pairs), shapes)
    return pairs


def _parts(keys: Mapping[str, Tensor]) -> Iterator[tuple[str, str, str | None]]:
    """(key, module with dots or underscores, "down", "up", "alpha", or None if the key is not part of a LoRA)."""
    for key in keys:
        matrix = _MATRIX.fullmatch(key)
        if matrix:
            module, part = matrix[1], "down" if matrix[2] in _DOWN else "up"
        elif key.endswith(".alpha"):
            module, part = key.removesuffix(".alpha"), "alpha"
        else:
            module, part = key, None
        prefix = _FLAT_PREFIX.match(module) or _PREFIX.match(module)
        yield key, module[prefix.end() :] if prefix else module, part


def _check_method(content: LoraContent) -> None:
    for key in content.tensors:
        for pattern, method in _OTHER_METHODS:
            if pattern.search(key):
                raise _other_method(content.label, method)


def _other_method(label: str, method: str) -> Exception:
    return unusable(label, f"it is a {method}, not a plain LoRA.", "Use a plain LoRA.")


def _for_another(label: str, architecture: str) -> Exception:
    return unusable(label, f"it is for {architecture}, not for Qwen-Image.")


def _misfit(content: LoraContent, unexpected: list[str], matched: int, shapes: Shapes) -> Exception:
    other = other_architecture(unexpected, content.metadata)
    if other:
        return _for_another(content.label, other)
    block = re.compile(r"transformer_blocks[._](\d+)[._]")
    last = max((int(match[1]) for key in unexpected if (match := block.search(key))), default=-1)
    blocks = 1 + max((int(match[1]) for name in shapes if (match := block.search(name))), default=-1)
    if last >= blocks:
        return unusable(
            content.label, f"it is for a larger model: it has a block {last + 1}, and this model has {blocks} blocks."
        )
    listed = ", ".join(unexpected[:_MOST_LISTED]) + (
        f" and {len(unexpected) - _MOST_LISTED} more" if len(unexpected) > _MOST_LISTED else ""
    )
    return unusable(content.label, f"{matched} of its modules match this model, but these do not: {listed}.")


def _low_rank(label: str, name: str, pair: _Pair, shape: tuple[int, int], config: AdapterConfig) -> LowRank:
    down, up = pair.down, pair.up
    if down is None or up is None:
        raise unusable(label, f"{name!r} has only one of its two matrices.", FETCH_AGAIN)
    if down.ndim != 2 or up.ndim != 2 or down.shape[0] != up.shape[1] or not down.shape[0]:
        shapes = f"{tuple(down.shape)} and {tuple(up.shape)}"
        raise unusable(label, f"the shapes of the matrices of {name!r} do not match: {shapes}.", FETCH_AGAIN)
    if (down.shape[1], up.shape[0]) != shape:
        expected, actual = f"{shape[0]} x {shape[1]}", f"{down.shape[1]} x {up.shape[0]}"
        raise unusable(label, f"{name!r} has {expected} inputs and outputs in the model, but {actual} in the LoRA.")
    for matrix in (down, up):
        if not matrix.is_floating_point() or not bool(torch.isfinite(_comparable(matrix)).all()):
            raise unusable(label, f"{name!r} contains non-finite values.", FETCH_AGAIN)
    return LowRank(down, up, factor_of(label, name, down.shape[0], pair.alpha, config))


def _comparable(matrix: Tensor) -> Tensor:
    """The matrix in float32 if it has 8 bits, since FP8 tensors support no arithmetic."""
    return matrix.float() if matrix.element_size() == 1 else matrix
