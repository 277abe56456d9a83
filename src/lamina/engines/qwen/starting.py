"""Starts the two engines of the family, with the released weights or nano's, once per configuration."""

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
    """The running engine if its configuration is equal, so that loaded models are reused."""
    running = _running.get(name)
    if running is None or running[0] != config:
        limit_threads()
        running = config, QwenEngine(name, ModelLoader(config, NANO if name == "nano" else None))
        _running[name] = running
    return running[1]


def limit_threads() -> None:
    """Uses one thread on small machines: with two, any other load on the CPU makes both ten times as slow."""
    if (os.cpu_count() or 1) <= _SMALL_MACHINE_CORES:
        torch.set_num_threads(1)
