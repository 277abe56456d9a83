"""Decodes downscaled latents into small preview pictures of a run."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional

from lamina.core.layers import Pixels
from lamina.engines.qwen.pictures import with_alpha

_MOST_LATENTS = 32  # per side, 256 px
_LATENT_PX, _PACKED = 8, 2  # a latent covers 8 x 8 px, a token 2 x 2 latents


def preview_of(pipeline: Any, latents_BLC: torch.Tensor, size: tuple[int, int]) -> Pixels:
    """(height, width, 4) of the first frame: the picture, or the composite of layers.

    `latents_BLC`: packed as in the pipelines; `size`: (width, height) px of the decoded picture.
    """
    columns, rows = (side // (_LATENT_PX * _PACKED) for side in size)
    channels = latents_BLC.shape[-1] // _PACKED**2
    packed = latents_BLC[:1, : rows * columns].view(1, rows, columns, channels, _PACKED, _PACKED)
    plane_BCHW = packed.permute(0, 3, 1, 4, 2, 5).reshape(1, channels, rows * _PACKED, columns * _PACKED)
    scale = min(1.0, _MOST_LATENTS / max(plane_BCHW.shape[-2:]))
    if scale < 1:
        smaller = [max(1, round(side * scale)) for side in plane_BCHW.shape[-2:]]
        plane_BCHW = functional.interpolate(plane_BCHW, smaller, mode="area")
    vae = pipeline.vae
    mean, deviation = (
        torch.tensor(part, device=plane_BCHW.device, dtype=vae.dtype).view(1, -1, 1, 1, 1)
        for part in (vae.config.latents_mean, vae.config.latents_std)
    )
    decoded = vae.decode(plane_BCHW[:, :, None].to(vae.dtype) * deviation + mean, return_dict=False)[0]
    rgb = decoded[0, :3, 0].float().clamp(-1, 1).permute(1, 2, 0).cpu().numpy()
    return with_alpha(np.rint((rgb + 1) * 127.5).astype(np.uint8), 255)
