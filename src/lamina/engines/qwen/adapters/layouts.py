"""Turns every layout in which trainers write a LoRA into one: a pair of matrices and a factor for each linear layer.

Our own conversion, not diffusers': its loader drops bare keys without a word, takes underscores apart by a list of
guesses, and neither counts what it matched nor says what did not fit. Here names are looked up among the transformer's
own, so a file is understood as a whole or refused.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from lamina.engines.qwen.adapters.architectures import declared_look_alike, other_architecture
from lamina.engines.qwen.adapters.factors import factor_of
from lamina.engines.qwen.adapters.files import LoraContent, adapter_config
from lamina.engines.qwen.adapters.refusal import FETCH_AGAIN, unusable

Shapes = Mapping[str, tuple[int, int]]
"""(inputs, outputs) of each linear layer of a transformer, by its name in diffusers."""

# diffusers and peft, ai-toolkit and ComfyUI, peft's own files, DiffSynth; several may stand one behind another.
_PREFIX = re.compile(r"(?:(?:base_model|model|transformer|diffusion_model|pipe|dit)\.)*")
# kohya and musubi-tuner write a module's dots as underscores behind one of these.
_FLAT_PREFIX = re.compile(r"(?:lora_unet_|lora_transformer_)")
# `.default` or another adapter's name stands inside in DiffSynth's files and in those of bare peft.
_MATRIX = re.compile(r"(.+)\.(lora_A|lora_B|lora_down|lora_up|lora\.down|lora\.up)(?:\.[^.]+)?\.weight")
_DOWN = ("lora_A", "lora_down", "lora.down")
_OTHER_METHODS = (
    (re.compile(r"dora_scale|lora_magnitude_vector"), "DoRA"),
    (re.compile(r"\.hada_w"), "LoHa"),
    (re.compile(r"\.lokr_w"), "LoKr"),
    (re.compile(r"\.oft_|\.boft_"), "OFT"),
)
_NAMED = 3  # of what is wrong, in a message


@dataclass(frozen=True, slots=True, eq=False)
class LowRank:
    """What is added to one linear layer's weight W: W + factor * up @ down.

    `down`: (rank, inputs). `up`: (outputs, rank). `factor`: alpha / rank, as it was trained.
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
    """The layers that a LoRA changes, by name. Ranks may differ from layer to layer.

    Raises `LaminaError` (lora_unusable) if it is another architecture's or method's, if there is anything in it that
    has no place in a transformer of these `shapes`, or if its numbers are not finite.
    """
    _check_method(content)
    pairs = _pairs(content, shapes)
    if not pairs:
        raise unusable(content.label, "there is nothing in it.", FETCH_AGAIN)
    if look_alike := declared_look_alike(content.metadata):
        raise _for_another(content.label, look_alike)
    config = adapter_config(content)
    if config.get("use_dora"):
        raise _other_method(content.label, "DoRA")
    return {name: _low_rank(content.label, name, pair, shapes[name], config) for name, pair in pairs.items()}


def _pairs(content: LoraContent, shapes: Shapes) -> dict[str, _Pair]:
    names = {**{name.replace(".", "_"): name for name in shapes}, **{name: name for name in shapes}}
    pairs: dict[str, _Pair] = {}
    strange: list[str] = []
    for key, module, part in _parts(content.tensors):
        name = names.get(module)
        if name is None or part is None:
            strange.append(key)
            continue
        pair = pairs.setdefault(name, _Pair())
        if getattr(pair, part) is not None:
            raise unusable(content.label, f"it holds two of {name!r}.", "Give a file with one LoRA in it.")
        setattr(pair, part, content.tensors[key])
    if strange:
        raise _misfit(content, strange, len(pairs), shapes)
    return pairs


def _parts(keys: Mapping[str, Tensor]) -> Iterator[tuple[str, str, str | None]]:
    """(key, module with dots or underscores, down | up | alpha | None where the key is no part of a LoRA)."""
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
    return unusable(label, f"it is a {method}, not a plain LoRA.", "Train or get it as a plain LoRA.")


def _for_another(label: str, architecture: str) -> Exception:
    return unusable(label, f"it is for {architecture}, not for Qwen-Image.")


def _misfit(content: LoraContent, strange: list[str], matched: int, shapes: Shapes) -> Exception:
    other = other_architecture(strange, content.metadata)
    if other:
        return _for_another(content.label, other)
    block = re.compile(r"transformer_blocks[._](\d+)[._]")
    last = max((int(found[1]) for key in strange if (found := block.search(key))), default=-1)
    blocks = 1 + max((int(found[1]) for name in shapes if (found := block.search(name))), default=-1)
    if last >= blocks:
        return unusable(content.label, f"it is for a larger model: it has a block {last + 1}, of {blocks} here.")
    which = ", ".join(strange[:_NAMED]) + (f" and {len(strange) - _NAMED} more" if len(strange) > _NAMED else "")
    return unusable(content.label, f"{matched} of its modules fit this model, and these have no place in it: {which}.")


def _low_rank(label: str, name: str, pair: _Pair, shape: tuple[int, int], config: dict[str, object]) -> LowRank:
    down, up = pair.down, pair.up
    if down is None or up is None:
        raise unusable(label, f"of {name!r} there is one matrix without the other.", FETCH_AGAIN)
    if down.ndim != 2 or up.ndim != 2 or down.shape[0] != up.shape[1] or not down.shape[0]:
        found = f"{tuple(down.shape)} and {tuple(up.shape)}"
        raise unusable(label, f"the matrices of {name!r} do not fit each other: {found}.", FETCH_AGAIN)
    if (down.shape[1], up.shape[0]) != shape:
        expected, found = f"{shape[0]} x {shape[1]}", f"{down.shape[1]} x {up.shape[0]}"
        raise unusable(label, f"at {name!r} the model has {expected} inputs and outputs, and it {found}.")
    for matrix in (down, up):
        if not matrix.is_floating_point() or not bool(torch.isfinite(_comparable(matrix)).all()):
            raise unusable(label, f"there are numbers in {name!r} that are not finite.", FETCH_AGAIN)
    return LowRank(down, up, factor_of(label, name, down.shape[0], pair.alpha, config))


def _comparable(matrix: Tensor) -> Tensor:
    """8-bit floats know no arithmetic of their own."""
    return matrix.float() if matrix.element_size() == 1 else matrix
