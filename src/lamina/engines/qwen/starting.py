"""Starts the family's two engines: one with the released weights, one with nano's; each once for the same config."""

import os

import torch

from lamina.core.catalog import NANO
from lamina.engines.config import EngineConfig
from lamina.engines.qwen.engine import QwenEngine
from lamina.engines.qwen.model_loader import ModelLoader

_SMALL_MACHINE_CORES = 4

_running: dict[str, tuple[EngineConfig, QwenEngine]] = {}


def released(config: EngineConfig) -> QwenEngine:
    return _started("qwen", config)


def nano(config: EngineConfig) -> QwenEngine:
    return _started("nano", config)


def _started(name: str, config: EngineConfig) -> QwenEngine:
    """The engine that runs already keeps its loaded models."""
    known = _running.get(name)
    if known is None or known[0] != config:
        _few_threads()
        known = config, QwenEngine(name, ModelLoader(config, NANO if name == "nano" else None))
        _running[name] = known
    return known[1]


def _few_threads() -> None:
    """One on small machines: with a second, whoever else uses the processor makes both wait ten times as long."""
    if (os.cpu_count() or 1) <= _SMALL_MACHINE_CORES:
        torch.set_num_threads(1)
