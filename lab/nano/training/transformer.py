"""Trains one of nano's transformers with pools of samples, each of which has a share of the batches."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from diffusers import QwenImageTransformer2DModel

from lab.nano import build
from lab.nano.training.fast_training import optimized_for_training
from lab.nano.training.loop import Schedule, train
from lab.nano.training.pool import Batch, Pool

_MATRIX_RATE = 2e-3

LossOfBatch = Callable[[QwenImageTransformer2DModel, Pool, Batch], tuple[torch.Tensor, dict[str, float]]]


def train_on_pools(
    is_layered: bool, pools: Sequence[Pool], loss: LossOfBatch, steps: int, checkpoint: Path, device: str
) -> QwenImageTransformer2DModel:
    """Returns the moving average at the end of training; continues from an existing checkpoint."""
    torch.manual_seed(0)
    model = build.transformer(is_layered).to(device)
    shares = np.array([pool.group.share for pool in pools])

    def loss_of(step: int, rng: np.random.Generator) -> tuple[torch.Tensor, dict[str, float]]:  # noqa: ARG001
        pool = pools[int(rng.choice(len(pools), p=shares / shares.sum()))]
        return loss(model, pool, pool.batch(rng))

    with optimized_for_training(model):
        return train(model, loss_of, Schedule(steps, matrix_rate=_MATRIX_RATE), checkpoint, device)
