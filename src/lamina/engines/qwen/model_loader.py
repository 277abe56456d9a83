"""Loads the checkpoints of an engine as the memory of the machine allows, and keeps them loaded."""

import atexit
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lamina.core.catalog import NANO, Model
from lamina.core.tasks import TaskKind
from lamina.engines.config import EngineConfig
from lamina.engines.qwen.adapters.places import LoraPlaces
from lamina.engines.qwen.adapters.switching import Adapters
from lamina.engines.qwen.captions import CaptionCache
from lamina.engines.qwen.component_cache import ComponentCache
from lamina.engines.qwen.component_loading import load_components
from lamina.engines.qwen.devices import find_device, host_total_bytes
from lamina.engines.qwen.measuring import measure
from lamina.engines.qwen.offloading import place
from lamina.engines.qwen.optimizations.embeddings import EmbeddingCache
from lamina.engines.qwen.pipelines import Components
from lamina.engines.qwen.placement import Plan, choose_plan
from lamina.engines.weights.naming import checkpoint_of
from lamina.engines.weights.places import require

_ROLES = ("vae", "text_encoder", "tokenizer", "processor", "transformer", "scheduler")
_LAYERED_FOLDERS = {
    "transformer": "transformer_layered",
    "scheduler": "scheduler_layered",
}  # sub-folders of nano for decomposition


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LoadedModel:
    """A model that is ready to run.

    `checkpoint`: its name in the provenance of results; `adapters`: its LoRAs; `embeddings`: cached prompt embeddings.
    """

    parts: Components
    plan: Plan
    checkpoint: str
    adapters: Adapters
    embeddings: EmbeddingCache

    def place(self, pipeline: Any) -> None:
        """Moves the pipeline's components to the device according to the plan."""
        place(pipeline, self.plan)


@dataclass(frozen=True, slots=True)
class Source:
    """The files of a model. `folders`: one per component role; `checkpoint`: as in `LoadedModel`."""

    folders: Mapping[str, Path]
    transformer_file: Path | None
    checkpoint: str


class ModelLoader:
    """Loads models and keeps them while memory allows; the least recently used model is evicted first.

    `only`: a model that serves every request, whatever model it names. `loras`: finds LoRA files; `captions`: caches
    the captions of decomposed pictures.
    """

    def __init__(self, config: EngineConfig, only: Model | None = None) -> None:
        self.config, self._only = config, only
        cache = config.cache_dir or _temporary_cache()
        self.captions = CaptionCache(cache / "captions")
        self.loras = LoraPlaces(cache / "loras", hub_cache=config.roots.hub_cache)
        self._plans: dict[str, Plan] = {}
        self._adapters: dict[str, Adapters] = {}
        self._embeddings: dict[str, EmbeddingCache] = {}
        self._compiled = cache / "compiled"
        self._cache: ComponentCache | None = None

    def serving(self, model: Model) -> Model:
        """The model whose weights serve a request for `model`."""
        return self._only or model

    def plan_of(self, model: Model, kind: TaskKind) -> Plan:
        """How the model will be held in memory. Raises `LaminaError`: weights_missing, out_of_memory, ..."""
        name = _name_of(model, kind)
        if name not in self._plans:
            source = self.source_of(model, kind)
            device = find_device(self.config.device)
            sizes = measure(source.folders, source.transformer_file)
            self._plans[name] = choose_plan(
                model.name,
                device,
                host_total_bytes(),
                sizes=sizes,
                precision=self.config.precision,
                placement=self.config.placement,
                optimizations=self.config.optimizations,
            )
        return self._plans[name]

    def load(self, model: Model, kind: TaskKind) -> LoadedModel:
        """The model, loaded or from the cache.

        Raises `LaminaError`: weights_missing, weights_damaged, out_of_memory, engine_unavailable.
        """
        source, plan, name = self.source_of(model, kind), self.plan_of(model, kind), _name_of(model, kind)
        if self._cache is None:
            self._cache = ComponentCache(max(plan.device.free_bytes, plan.host_bytes), self._forget)
        taken = load_components(
            self._cache,
            name,
            folders=source.folders,
            plan=plan,
            transformer_file=source.transformer_file,
            compiled=self._compiled,
        )
        parts = Components(**taken, device=plan.device.name)
        self._adapters[name] = self._adapters_of(parts.transformer)
        embeddings = self._embeddings.setdefault(name, EmbeddingCache())
        return LoadedModel(
            parts=parts,
            plan=plan,
            checkpoint=source.checkpoint,
            adapters=self._adapters[name],
            embeddings=embeddings,
        )

    def source_of(self, model: Model, kind: TaskKind) -> Source:
        """The files of the model. Raises `LaminaError`: weights_missing, weights_damaged."""
        weights = require(model, self.config.roots)
        folders = {role: weights.folder / _folder_of(role, model, kind) for role in _ROLES}
        return Source(folders, weights.transformer_file, checkpoint_of(weights))

    def unload_all(self) -> None:
        """Unloads every model."""
        if self._cache is not None:
            self._cache.clear()

    def _forget(self, name: str) -> None:
        del self._adapters[name]
        self._embeddings.pop(name, None)

    def _adapters_of(self, transformer: Any) -> Adapters:
        """One per transformer, even if models share it: a second one would wrap the layers of the first."""
        existing = (adapters for adapters in self._adapters.values() if adapters.transformer is transformer)
        return next(existing, None) or Adapters(transformer)


def _temporary_cache() -> Path:
    """A folder that is deleted when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="lamina-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _name_of(model: Model, kind: TaskKind) -> str:
    """The cache key of the model; nano has separate components for decomposition."""
    return f"{model.name}, {kind}" if model is NANO else model.name


def _folder_of(role: str, model: Model, kind: TaskKind) -> str:
    return _LAYERED_FOLDERS.get(role, role) if model is NANO and kind is TaskKind.DECOMPOSE else role
