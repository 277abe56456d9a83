"""Starts the family's two engines: one with the released weights, one with nano's; each once for the same wishes."""

import os

import torch

from lamina.core.catalog import NANO
from lamina.engines.config import Wishes
from lamina.engines.qwen.engine import QwenEngine
from lamina.engines.qwen.model_loader import Stock

_SMALL_MACHINE_CORES = 4

_running: dict[str, tuple[Wishes, QwenEngine]] = {}


def released(wishes: Wishes) -> QwenEngine:
    return _started("qwen", wishes)


def nano(wishes: Wishes) -> QwenEngine:
    return _started("nano", wishes)


def _started(name: str, wishes: Wishes) -> QwenEngine:
    """The engine that runs already keeps its loaded models."""
    known = _running.get(name)
    if known is None or known[0] != wishes:
        _few_threads()
        known = wishes, QwenEngine(name, Stock(wishes, NANO if name == "nano" else None))
        _running[name] = known
    return known[1]


def _few_threads() -> None:
    """One on small machines: with a second, whoever else uses the processor makes both wait ten times as long."""
    if (os.cpu_count() or 1) <= _SMALL_MACHINE_CORES:
        torch.set_num_threads(1)
