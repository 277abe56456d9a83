"""Activates LoRAs on a transformer for one request and deactivates them afterwards."""

from collections import OrderedDict
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from diffusers import QwenImageTransformer2DModel
from diffusers.hooks.group_offloading import _maybe_remove_and_reapply_group_offloading
from peft import LoraConfig
from peft.tuners.lora import Linear as LoraLinear
from torch import nn

from lamina.engines.qwen.adapters.files import LoraFile, read_lora
from lamina.engines.qwen.adapters.layouts import LowRank, parse_lora

# Rank 32 on attention and MLPs of the released transformer is 0.4 GB in 16 bits.
MOST_LOADED = 8
MOST_LOADED_BYTES = 4 << 30
_CONFIG = LoraConfig(init_lora_weights=False, inference_mode=True)  # ranks and scales are set per layer


@dataclass(frozen=True, slots=True)
class _Loaded:
    factors: Mapping[str, float]
    size_bytes: int


class Adapters:
    """The LoRAs of one transformer. Recently used ones stay loaded but inactive, so that reactivating them is fast.

    Create it after the linear layers are quantised and before anything else wraps them. It uses peft's LoRA layer,
    which diffusers supports, but sets ranks and layers individually instead of by regular expressions. peft's layers
    for quantised weights are not used: they are for merging, and here the update is added to the output of the layer.
    Not thread-safe.

    `dtype`: of the LoRA matrices; None uses that of the transformer.
    """

    def __init__(
        self,
        transformer: QwenImageTransformer2DModel,
        dtype: torch.dtype | None = None,
        most_loaded: int = MOST_LOADED,
        most_bytes: int = MOST_LOADED_BYTES,
    ) -> None:
        self.transformer = transformer
        self._transformer = getattr(transformer, "_orig_mod", transformer)  # unwraps a compiled model
        self._dtype = dtype or transformer.dtype
        self._most_loaded, self._most_bytes = most_loaded, most_bytes
        self._shapes = {
            name: (module.in_features, module.out_features)
            for name, module in self._transformer.named_modules()
            if isinstance(module, nn.Linear)
        }
        self._layers: dict[str, LoraLinear] = {}
        self._loaded: OrderedDict[str, _Loaded] = OrderedDict()  # by SHA-256, the least recently used first
        self._active_layers: set[str] = set()
        self._is_active = False

    @property
    def loaded(self) -> tuple[str, ...]:
        """The SHA-256 of each loaded LoRA, the least recently used first."""
        return tuple(self._loaded)

    @contextmanager
    def active(self, wanted: Sequence[tuple[LoraFile, float]]) -> Generator[None]:
        """Activates these LoRAs with these scales within the context; the scales of duplicates are added.

        Raises `LaminaError` (lora_unusable) before anything is changed.
        """
        if self._is_active:
            raise RuntimeError("LoRAs are active already")
        self.load(wanted)
        try:
            self._is_active = True
            self._set_active({sha256: scale for sha256, scale in _scales(wanted).items() if scale})
            yield
        finally:
            self._set_active({})
            self._is_active = False

    def load(self, wanted: Sequence[tuple[LoraFile, float]]) -> None:
        """Loads LoRAs without activating them. Raises `LaminaError` (lora_unusable)."""
        self._load_missing([file for file, _ in wanted], _scales(wanted))

    def _load_missing(self, files: Sequence[LoraFile], wanted: Mapping[str, float]) -> None:
        missing = {file.sha256: file for file in files if file.sha256 not in self._loaded}
        parsed = {sha256: parse_lora(read_lora(file), self._shapes) for sha256, file in missing.items()}
        for sha256 in wanted:
            if sha256 in self._loaded:
                self._loaded.move_to_end(sha256)
        for sha256, layers in parsed.items():
            size = sum(layer.down.numel() + layer.up.numel() for layer in layers.values()) * self._dtype.itemsize
            self._evict_until_fits(size, wanted)
            self._add(sha256, layers, size)
        if parsed:
            # Group offloading has lists of the modules to move, which do not contain the new layers.
            _maybe_remove_and_reapply_group_offloading(self._transformer)

    def _evict_until_fits(self, size_bytes: int, wanted: Mapping[str, float]) -> None:
        for sha256 in self.loaded:
            total = size_bytes + sum(loaded.size_bytes for loaded in self._loaded.values())
            if len(self._loaded) < self._most_loaded and total <= self._most_bytes:
                return
            if sha256 not in wanted:
                self._remove(sha256)

    def _add(self, sha256: str, layers: Mapping[str, LowRank], size_bytes: int) -> None:
        self._loaded[sha256] = _Loaded({name: layer.factor for name, layer in layers.items()}, size_bytes)
        try:
            for name, low_rank in layers.items():
                self._add_layer(sha256, name, low_rank)
        except BaseException:
            self._remove(sha256)
            raise

    def _add_layer(self, sha256: str, name: str, low_rank: LowRank) -> None:
        rank = low_rank.down.shape[0]
        with torch.device("meta"):  # the initial matrices of peft are replaced below
            if name in self._layers:
                self._layers[name].update_layer(sha256, rank, lora_alpha=rank, config=_CONFIG)
            else:
                layer = LoraLinear(self._transformer.get_submodule(name), sha256, _CONFIG, r=rank, lora_alpha=rank)
                _use(layer, [])
                self._transformer.set_submodule(name, layer.train(self._transformer.training))
                self._layers[name] = layer
        layer = self._layers[name]
        device = layer.get_base_layer().weight.device
        for matrices, matrix in ((layer.lora_A, low_rank.down), (layer.lora_B, low_rank.up)):
            # Always a copy: the tensor may be memory-mapped from a file that can change.
            copy = matrix.to(device, self._dtype, copy=True, memory_format=torch.contiguous_format)
            matrices[sha256].weight = nn.Parameter(copy, requires_grad=False)

    def _remove(self, sha256: str) -> None:
        for name in self._loaded.pop(sha256).factors:
            if name in self._layers:
                self._layers[name].delete_adapter(sha256)

    def _set_active(self, scales: Mapping[str, float]) -> None:
        by_layer: dict[str, list[str]] = {}
        for sha256 in scales:
            for name in self._loaded[sha256].factors:
                by_layer.setdefault(name, []).append(sha256)
        for name in self._active_layers - by_layer.keys():
            _use(self._layers[name], [])
        self._active_layers = set(by_layer)
        for name, chosen in by_layer.items():
            layer = self._layers[name]
            for sha256 in chosen:
                layer.scaling[sha256] = scales[sha256] * self._loaded[sha256].factors[name]
            _use(layer, chosen)


def _scales(wanted: Sequence[tuple[LoraFile, float]]) -> dict[str, float]:
    """The total scale by SHA-256."""
    scales: dict[str, float] = {}
    for file, scale in wanted:
        scales[file.sha256] = scales.get(file.sha256, 0.0) + scale
    return scales


def _use(layer: LoraLinear, chosen: list[str]) -> None:
    """Does what peft's `set_adapter` and `enable_adapters` do, but without setting requires_grad of every matrix.

    Gradients are never enabled here, and that loop took most of the time.
    """
    layer._active_adapter = chosen
    layer._disable_adapters = not chosen
