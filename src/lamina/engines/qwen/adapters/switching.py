"""Puts LoRAs on a transformer for one request and takes them off after it, leaving nothing behind."""

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
_CONFIG = LoraConfig(init_lora_weights=False, inference_mode=True)  # ranks and factors are set layer by layer


@dataclass(frozen=True, slots=True)
class _Loaded:
    factors: Mapping[str, float]
    size_bytes: int


class Adapters:
    """The LoRAs of one transformer. Those used last stay on it, switched off, so that using them again moves nothing.

    Made before anything wraps the transformer's linear layers, and after they are quantised. Uses peft's layer, which
    diffusers knows, but not peft's way of choosing layers by regular expressions: ranks and layers are set one by one.
    peft's special layers for quantised weights are for merging, and are passed by: what is added here is added to the
    layer's output, whatever its weight is made of. Not for several threads at once.

    `dtype`: of the LoRAs' matrices; None is the transformer's own.
    """

    def __init__(
        self,
        transformer: QwenImageTransformer2DModel,
        dtype: torch.dtype | None = None,
        most_loaded: int = MOST_LOADED,
        most_bytes: int = MOST_LOADED_BYTES,
    ) -> None:
        self.transformer = transformer
        self._transformer = getattr(transformer, "_orig_mod", transformer)  # what torch.compile wraps as a whole
        self._dtype = dtype or transformer.dtype
        self._most_loaded, self._most_bytes = most_loaded, most_bytes
        self._shapes = {
            name: (module.in_features, module.out_features)
            for name, module in self._transformer.named_modules()
            if isinstance(module, nn.Linear)
        }
        self._layers: dict[str, LoraLinear] = {}
        self._loaded: OrderedDict[str, _Loaded] = OrderedDict()  # by content, the one used longest ago first
        self._switched_on: set[str] = set()
        self._is_active = False

    @property
    def loaded(self) -> tuple[str, ...]:
        """The SHA-256 of each LoRA that is on the transformer, the one used longest ago first."""
        return tuple(self._loaded)

    @contextmanager
    def active(self, wanted: Sequence[tuple[LoraFile, float]]) -> Generator[None]:
        """Runs the transformer with these LoRAs at these scales; of one that is named twice, the scales add up.

        Raises `LaminaError` (lora_unusable) before anything is changed.
        """
        if self._is_active:
            raise RuntimeError("LoRAs are active already")
        self.load(wanted)
        try:
            self._is_active = True
            self._switch({sha256: scale for sha256, scale in _scales(wanted).items() if scale})
            yield
        finally:
            self._switch({})
            self._is_active = False

    def load(self, wanted: Sequence[tuple[LoraFile, float]]) -> None:
        """Puts them on the transformer, switched off, as `active` would. Raises `LaminaError` (lora_unusable)."""
        self._load_missing([file for file, _ in wanted], _scales(wanted))

    def unload(self) -> None:
        """Frees the memory of every LoRA."""
        for sha256 in self.loaded:
            self._remove(sha256)

    def _load_missing(self, files: Sequence[LoraFile], wanted: Mapping[str, float]) -> None:
        missing = {file.sha256: file for file in files if file.sha256 not in self._loaded}
        parsed = {sha256: parse_lora(read_lora(file), self._shapes) for sha256, file in missing.items()}
        for sha256 in wanted:
            if sha256 in self._loaded:
                self._loaded.move_to_end(sha256)
        for sha256, layers in parsed.items():
            size = sum(layer.down.numel() + layer.up.numel() for layer in layers.values()) * self._dtype.itemsize
            self._make_room(size, wanted)
            self._add(sha256, layers, size)
        if parsed:
            # Group offloading holds lists of what it moves, made before these layers were there.
            _maybe_remove_and_reapply_group_offloading(self._transformer)

    def _make_room(self, size_bytes: int, wanted: Mapping[str, float]) -> None:
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
                self._put_on(sha256, name, low_rank)
        except BaseException:
            self._remove(sha256)
            raise

    def _put_on(self, sha256: str, name: str, low_rank: LowRank) -> None:
        rank = low_rank.down.shape[0]
        with torch.device("meta"):  # peft makes matrices that are replaced at once
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
            # A copy in any case: what was read may be backed by the file, which may change.
            copy = matrix.to(device, self._dtype, copy=True, memory_format=torch.contiguous_format)
            matrices[sha256].weight = nn.Parameter(copy, requires_grad=False)

    def _remove(self, sha256: str) -> None:
        for name in self._loaded.pop(sha256).factors:
            if name in self._layers:
                self._layers[name].delete_adapter(sha256)

    def _switch(self, scales: Mapping[str, float]) -> None:
        here: dict[str, list[str]] = {}
        for sha256 in scales:
            for name in self._loaded[sha256].factors:
                here.setdefault(name, []).append(sha256)
        for name in self._switched_on - here.keys():
            _use(self._layers[name], [])
        self._switched_on = set(here)
        for name, chosen in here.items():
            layer = self._layers[name]
            for sha256 in chosen:
                layer.scaling[sha256] = scales[sha256] * self._loaded[sha256].factors[name]
            _use(layer, chosen)


def _scales(wanted: Sequence[tuple[LoraFile, float]]) -> dict[str, float]:
    """By content."""
    scales: dict[str, float] = {}
    for file, scale in wanted:
        scales[file.sha256] = scales.get(file.sha256, 0.0) + scale
    return scales


def _use(layer: LoraLinear, chosen: list[str]) -> None:
    """What peft's `set_adapter` and `enable_adapters` do, less the visit to every matrix of every LoRA to switch
    gradients, which are never on here and took most of the time of switching.
    """
    layer._active_adapter = chosen
    layer._disable_adapters = not chosen
