"""Teaches one of nano's transformers from pools of samples, each drawn from by its share."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from diffusers import QwenImageTransformer2DModel

from lab.nano import build
from lab.nano.training.loop import Schedule, train
from lab.nano.training.pool import Batch, Pool
from lab.nano.training.quick import made_quick

_MATRIX_RATE = 2e-3

LossOfBatch = Callable[[QwenImageTransformer2DModel, Pool, Batch], tuple[torch.Tensor, dict[str, float]]]


def train_on_pools(
    is_layered: bool, pools: Sequence[Pool], loss: LossOfBatch, steps: int, checkpoint: Path, device: str
) -> QwenImageTransformer2DModel:
    """The moving average at the end of training; a checkpoint there is gone on from."""
    torch.manual_seed(0)
    model = build.transformer(is_layered).to(device)
    shares = np.array([pool.group.share for pool in pools])

    def loss_of(step: int, rng: np.random.Generator) -> tuple[torch.Tensor, dict[str, float]]:  # noqa: ARG001
        pool = pools[int(rng.choice(len(pools), p=shares / shares.sum()))]
        return loss(model, pool, pool.batch(rng))

    with made_quick(model):
        return train(model, loss_of, Schedule(steps, matrix_rate=_MATRIX_RATE), checkpoint, device)
