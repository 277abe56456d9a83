"""Trains the transformer that decomposes a picture into layers.

The sequence is that of the pipeline: the flattened picture, the layers bottom first, and last the picture to decompose.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from diffusers import QwenImageTransformer2DModel

from lab.nano import build
from lab.nano.drawing import flattened, in_canonical_order, phrased, random_composition
from lab.nano.training.encoders import Encoders, Pixels
from lab.nano.training.flow import figures_of, loss_of_parts, noisy, random_sigmas
from lab.nano.training.loop import averaged
from lab.nano.training.pool import Batch, Group, Pool, Sample, pools
from lab.nano.training.transformer import train_on_pools

MOST_LAYERS = 4  # the ground and three things
_WITHOUT_CAPTION = 0.35  # share of samples, since a picture often has no caption
_EMPTY_SHARE, _MERGED_SHARE = 0.15, 0.06  # shares of samples with fewer and with more things than layers
_WEIGHTS = (0.15, 0.5, 1.0)  # of the loss: flattened picture, which the pipeline drops; ground; each thing
_CENTRE, _SPREAD = 0.9, 1.2  # of the noise's log odds: high, since strong noise decides the layers


def train_layered(
    folder: Path, load: Callable[[], Encoders], steps: int, device: str, scale: float = 1.0
) -> QwenImageTransformer2DModel:
    sample_pools = pools(groups(scale), folder / "pools", load, device)
    return train_on_pools(True, sample_pools, _loss, steps, folder / "layered.pt", device)


def trained_layered(folder: Path) -> QwenImageTransformer2DModel:
    """The transformer of the checkpoint in `folder`, of finished or unfinished training."""
    return averaged(folder / "layered.pt", build.transformer(is_layered=True))


def groups(scale: float = 1.0) -> list[Group]:
    """The groups by number of layers; a small `scale` makes small groups for tests."""

    def group(layers: int, size: tuple[int, int], count: int, batch: int, share: float) -> Group:
        name = f"layers {size[0]}x{size[1]} {layers}"
        draw = partial(_sample, layers=layers, size=size)
        return Group(name, size, layers + 1, _TOKENS[layers], max(64, round(count * scale)), batch, share, draw)

    return [group(layers, *row) for layers, rows in _GROUPS.items() for row in rows]


# By number of layers: size, number of samples, samples per batch, and share of all batches.
_GROUPS: dict[int, tuple[tuple[tuple[int, int], int, int, float], ...]] = {
    1: (((64, 64), 500, 32, 0.02),),
    2: (
        ((64, 64), 4000, 32, 0.06),
        ((96, 96), 1000, 14, 0.04),
        ((128, 128), 2000, 8, 0.09),
        ((256, 256), 500, 3, 0.04),
    ),
    3: (
        ((64, 64), 6000, 32, 0.09),
        ((96, 96), 1000, 14, 0.04),
        ((128, 128), 3000, 8, 0.13),
        ((256, 256), 700, 2, 0.05),
    ),
    4: (
        ((64, 64), 7000, 32, 0.13),
        ((96, 96), 1500, 14, 0.07),
        ((128, 128), 4000, 8, 0.18),
        ((256, 256), 1000, 2, 0.06),
    ),
}
_TOKENS = {1: 24, 2: 24, 3: 24, 4: 32}  # tokens of a caption, by number of layers


def _sample(rng: np.random.Generator, layers: int, size: tuple[int, int]) -> Sample:
    kind = rng.random()
    things = layers - 1
    is_merged = kind < _MERGED_SHARE or layers == 1
    if is_merged:
        things += int(rng.integers(layers > 1, 3))
    elif kind < _MERGED_SHARE + _EMPTY_SHARE:
        things = int(rng.integers(0, things + 1))
    composition = in_canonical_order(random_composition(rng, min(things, MOST_LAYERS - 1), size))
    parts = as_many(composition.layers(), layers)
    text = " " if is_merged or rng.random() < _WITHOUT_CAPTION else phrased(rng, composition)
    return Sample(np.concatenate([flattened(parts)[None], parts]), text)


def as_many(parts: Pixels, layers: int) -> Pixels:
    """Adds empty layers on top if there are too few, and merges the lowest with the ground if there are too many."""
    surplus = len(parts) - layers
    if surplus > 0:
        return np.concatenate([flattened(parts[: surplus + 1])[None], parts[surplus + 1 :]])
    return np.concatenate([parts, np.zeros((-surplus, *parts.shape[1:]), np.float32)])


def _loss(model: QwenImageTransformer2DModel, pool: Pool, batch: Batch) -> tuple[torch.Tensor, dict[str, float]]:
    target_BFSC, picture_BSC = batch.latents, batch.latents[:, 0]
    count, frames = target_BFSC.shape[:2]
    sigmas_B = random_sigmas(count, _CENTRE + pool.group.more_noise, _SPREAD, pool.device, pure=4)
    mixed_BFSC, velocity_BFSC = noisy(target_BFSC, sigmas_B)
    with torch.autocast(pool.device, torch.bfloat16):
        predicted_BSC = model(
            hidden_states=torch.cat([mixed_BFSC.flatten(1, 2), picture_BSC], 1),
            timestep=sigmas_B,
            encoder_hidden_states=batch.states,
            encoder_hidden_states_mask=batch.is_word,
            img_shapes=[[pool.group.grid] * (frames + 1)] * count,
            additional_t_cond=torch.zeros(count, dtype=torch.long, device=pool.device),
            return_dict=False,
        )[0]
    off_BFSC = predicted_BSC[:, : -picture_BSC.shape[1]].float().view_as(velocity_BFSC) - velocity_BFSC
    weights_F = torch.tensor([_WEIGHTS[min(i, 2)] for i in range(frames)], device=pool.device)
    figures = figures_of(off_BFSC[:, 2:] if frames > 2 else off_BFSC[:, 1:], f"layers{frames - 1}")
    return loss_of_parts(off_BFSC, weights_F), figures
