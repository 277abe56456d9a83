"""Measures a model's components from its configs and the headers of its files."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from lamina.engines.qwen.needs import ComponentSizes
from lamina.engines.weights.checking import component_tensors, read_json
from lamina.engines.weights.tensor_files import Tensor, read_tensors

_BLOCK = re.compile(r"transformer_blocks\.(\d+)\.")
_MODULATION = re.compile(r"transformer_blocks\.\d+\.(img|txt)_mod\.1\.weight$")
_SENSITIVE = re.compile(r"transformer_blocks\.\d+\.img_mlp\.net\.2\.weight$")
_MATRIX = re.compile(r"transformer_blocks\.\d+\..*\.weight$")


def measure(folders: Mapping[str, Path], transformer_file: Path | None = None) -> ComponentSizes:
    """The sizes of the components in `folders`: "transformer", "text_encoder", "vae".

    Raises `LaminaError` (weights_missing, weights_damaged).
    """
    stored = None
    if transformer_file is not None:
        transformer = read_tensors(transformer_file)
        stored = transformer_file.stat().st_size if transformer_file.suffix == ".gguf" else None
    else:
        transformer = component_tensors(folders["transformer"])
    text_encoder, vae = component_tensors(folders["text_encoder"]), component_tensors(folders["vae"])
    config = read_json(folders["transformer"] / "config.json")
    return ComponentSizes(
        transformer=_total(transformer.values()),
        matrices=_total(_named(transformer, _MATRIX)) - _total(_named(transformer, _MODULATION)),
        modulation=_total(_named(transformer, _MODULATION)),
        text_encoder=_total(text_encoder.values()),
        vae=_total(vae.values()),
        block=_largest_block(transformer),
        unblocked=max((tensor.size for tensor in text_encoder.values()), default=0),
        width=int(config.get("num_attention_heads", 24)) * int(config.get("attention_head_dim", 128)),
        vae_width=int(read_json(folders["vae"] / "config.json").get("base_dim", 96)),
        sensitive=_total(_named(transformer, _SENSITIVE)),
        stored_bytes=stored,
    )


def _total(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.size for tensor in tensors)


def _named(tensors: Mapping[str, Tensor], pattern: re.Pattern[str]) -> list[Tensor]:
    """The two-dimensional tensors whose name matches; the weights of norms have one dimension."""
    return [tensor for name, tensor in tensors.items() if pattern.search(name) and len(tensor.shape) == 2]


def _largest_block(tensors: Mapping[str, Tensor]) -> int:
    blocks: dict[str, int] = {}
    for name, tensor in tensors.items():
        if match := _BLOCK.search(name):
            blocks[match[1]] = blocks.get(match[1], 0) + tensor.size
    return max(blocks.values(), default=0)
