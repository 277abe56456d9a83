"""Generates a sample picture from a training example with the current adapter, to show the progress.

Shapes: F pictures, S tokens of each, C channels.
"""

from typing import Any, cast

import numpy as np
import torch
from PIL import Image

from lamina.engines.qwen.training.encoding import Encoded
from lamina.engines.qwen.training.flow import NoiseLevels, batch_of, velocity

_STEPS = 20
_WHITE = (255, 255, 255, 255)


def sample_of(
    transformer: Any, vae: Any, levels: NoiseLevels, example: Encoded, device: str, seed: int = 0
) -> Image.Image:
    """The generated pictures side by side on white, without guidance; for layers, the composite comes first."""
    batch = batch_of([example], [False], device)
    frames, tokens = batch.target.shape[1:3]
    schedule = levels.schedule(tokens, _STEPS)
    noise = torch.randn(batch.target.shape, generator=torch.Generator().manual_seed(seed))
    latents_BSC = noise.to(device).flatten(1, 2)
    with torch.no_grad():
        for time in cast(torch.Tensor, schedule.timesteps):
            predicted_BSC = velocity(transformer, latents_BSC, (time / 1000).expand(1).to(device), batch)
            latents_BSC = schedule.step(predicted_BSC.float(), time, latents_BSC, return_dict=False)[0]
        return _row(_decoded(vae, latents_BSC.view(frames, tokens, -1), batch.grids[0]))


def _decoded(vae: Any, latents_FSC: torch.Tensor, grid: tuple[int, int, int]) -> list[Image.Image]:
    """Unpacks, denormalises and decodes the latents as the pipelines do, one picture at a time."""
    frames, (_, rows, columns) = len(latents_FSC), grid
    packed = latents_FSC.view(frames, rows, columns, -1, 2, 2).permute(0, 3, 1, 4, 2, 5)
    latents = packed.reshape(frames, -1, 1, 2 * rows, 2 * columns)
    mean, spread = (
        torch.tensor(numbers, device=latents.device).view(1, -1, 1, 1, 1)
        for numbers in (vae.config.latents_mean, vae.config.latents_std)
    )
    latents = (latents * spread + mean).to(vae.dtype)
    pictures: list[Image.Image] = []
    for latent in latents:
        pixels = vae.decode(latent[None], return_dict=False)[0][0, :, 0].float()
        levels = (pixels.permute(1, 2, 0) / 2 + 0.5).clamp(0, 1).mul(255).round().to(torch.uint8).cpu().numpy()
        pictures.append(Image.fromarray(np.ascontiguousarray(levels)).convert("RGBA"))
    return pictures


def _row(pictures: list[Image.Image]) -> Image.Image:
    width, height = pictures[0].size
    row = Image.new("RGBA", (width * len(pictures), height), _WHITE)
    for number, picture in enumerate(pictures):
        row.alpha_composite(picture, (number * width, 0))
    return row.convert("RGB")
