"""Measures whole requests to nano, from prompt to picture, with and without the engine's optimizations."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from clock import by_turns, peak_mb  # pyright: ignore[reportImplicitRelativeImport]
from figures import Case  # pyright: ignore[reportImplicitRelativeImport]

from lamina.core.catalog import NANO
from lamina.core.layers import Pixels
from lamina.core.optimizations import Optimization
from lamina.core.tasks import DecomposeTask, GenerateTask, Sampling
from lamina.engines.config import EngineConfig
from lamina.engines.qwen.engine import QwenEngine
from lamina.engines.qwen.model_loader import ModelLoader

_SAMPLING = Sampling(seed=1, steps=20)
_PROMPT = "a red square on a blue background"


def whole_runs(device: torch.device, until: float) -> Iterator[Case]:
    """Measures a request from its second run on, when prompts are in the cache, as negative prompts usually are."""
    stock, ours = (_engine(device, optimizations) for optimizations in (frozenset[Optimization](), None))
    yield _case("nano_generate", lambda engine: _generated(engine), stock, ours, device, until)
    yield _case("nano_decompose", lambda engine: _decomposed(engine), stock, ours, device, until)


def _case(
    name: str,
    work: Callable[[QwenEngine], Any],
    stock: QwenEngine,
    ours: QwenEngine,
    device: torch.device,
    until: float,
) -> Case:
    expected, result = work(stock).astype(int), work(ours).astype(int)
    timed = by_turns({"stock": lambda: work(stock), "ours": lambda: work(ours)}, device, until)
    error = float(np.abs(result - expected).max()) / 255
    return Case(name, timed["stock"].ms, timed["ours"].ms, error, peak_mb(lambda: work(ours), device))


def _engine(device: torch.device, optimizations: frozenset[Optimization] | None) -> QwenEngine:
    return QwenEngine("nano", ModelLoader(EngineConfig(device=str(device), optimizations=optimizations), NANO))


def _generated(engine: QwenEngine) -> Pixels:
    return engine.generate(GenerateTask(_PROMPT, _SAMPLING)).pictures[0]


def _decomposed(engine: QwenEngine) -> Pixels:
    picture = np.full((300, 400, 4), (50, 80, 220, 255), np.uint8)
    picture[90:210, 140:260, :3] = (220, 40, 40)
    # Raw, since finishing clears nearly transparent pixels, which can depend on a difference of one level.
    task = DecomposeTask(4, _PROMPT, _SAMPLING, is_raw=True)
    return np.stack([layer.pixels for layer in engine.decompose(picture, task)])
