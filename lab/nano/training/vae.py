"""Trains nano's VAE to reconstruct pictures and layers, colour and alpha."""

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLQwenImage
from numpy.typing import NDArray

from lab.nano import build
from lab.nano.drawing import SIZES, flattened, random_composition
from lab.nano.training.loop import Schedule, averaged, train

_BATCH = 16
_LATENT_NOISE = 0.05  # fixed and small: unit noise at the start would hide the mean
_GROUND_SHARE = 0.3  # share of compositions whose ground is a sample, too


def train_vae(folder: Path, steps: int, device: str, is_compiled: bool) -> AutoencoderKLQwenImage:
    torch.manual_seed(0)
    model = build.vae().to(device)
    encode, decode = model.encoder, model.decoder
    if is_compiled:
        encode, decode = torch.compile(encode, dynamic=False), torch.compile(decode, dynamic=False)

    def loss_of(step: int, rng: np.random.Generator) -> tuple[torch.Tensor, dict[str, float]]:
        pictures = torch.from_numpy(frames(rng, _BATCH)).to(device)[:, :, None] * 2 - 1
        with torch.autocast(device, torch.bfloat16):
            mean, log_variance = model.quant_conv(encode(pictures)).float().chunk(2, 1)
            noisy = mean + _LATENT_NOISE * torch.randn_like(mean)
            again = decode(model.post_quant_conv(noisy)).float()
        kept = loss_of_pictures(pictures, again, min(1.0, 2 * step / steps))
        tame = 0.5 * mean.square().mean() + 0.05 * (log_variance + 6).square().mean()
        return kept + 1e-3 * tame, {"seen_db": -10 * float(_off_as_seen(pictures, again).log10())}

    trained = train(model, loss_of, Schedule(steps, average=0.995, betas=(0.9, 0.99)), folder / "vae.pt", device)
    with_latent_statistics(trained, device)
    return trained


def trained_vae(folder: Path) -> AutoencoderKLQwenImage:
    """The VAE of the checkpoint in `folder`, with the measured statistics of its latents."""
    model = averaged(folder / "vae.pt", build.vae())
    with_latent_statistics(model, "cpu")
    return model


def loss_of_pictures(pictures: torch.Tensor, again: torch.Tensor, absolute: float) -> torch.Tensor:
    """Squared differences, to which `absolute` adds absolute ones: these alone do not train colour.

    Colour counts most where it is visible, on any ground; alpha also by its edges.
    """
    ground = torch.rand(len(pictures), 3, 1, 1, 1, device=pictures.device) * 2 - 1
    alpha = (pictures[:, 3:] + 1) / 2
    off = again - pictures

    def far(error: torch.Tensor) -> torch.Tensor:
        return 2 * error.square().mean() + 0.5 * absolute * error.abs().mean()

    seen = _over(pictures, ground) - _over(again, ground)
    edges = off[:, 3, 0].diff(dim=-1).abs().mean() + off[:, 3, 0].diff(dim=-2).abs().mean()
    return far(off[:, 3:]) + far(off[:, :3] * (alpha + 0.2).sqrt()) + far(seen) + 0.1 * edges


@torch.no_grad()
def _off_as_seen(pictures: torch.Tensor, again: torch.Tensor) -> torch.Tensor:
    """The mean squared difference of samples in 0..1, composited on grey."""
    grey = torch.zeros(3, 1, 1, 1, device=pictures.device)
    return (_over(pictures, grey) - _over(again, grey)).square().mean() / 4


def _over(pictures: torch.Tensor, ground: torch.Tensor) -> torch.Tensor:
    alpha = (pictures[:, 3:] + 1) / 2
    return pictures[:, :3] * alpha + ground * (1 - alpha)


def frames(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    """(count, 4, 64, 64) in 0..1: flat pictures, single things, single grounds."""
    drawn: list[NDArray[np.float32]] = []
    while len(drawn) < count:
        layers = random_composition(rng, int(rng.integers(1, 4)), SIZES[0]).layers()
        drawn += [flattened(layers), *layers[1:]]
        if rng.random() < _GROUND_SHARE:
            drawn.append(layers[0])
    return np.stack(drawn[:count])


def with_latent_statistics(model: AutoencoderKLQwenImage, device: str) -> None:
    """Measures each latent channel's mean and deviation and stores them in the config, which the pipelines read."""
    rng = np.random.default_rng(5)
    with torch.no_grad():
        pictures = torch.from_numpy(frames(rng, 512)).to(device)[:, :, None] * 2 - 1
        latents = torch.cat([model.encode(some).latent_dist.mode() for some in pictures.split(32)])
    mean, deviation = latents.mean((0, 2, 3, 4)), latents.std((0, 2, 3, 4))
    model.register_to_config(latents_mean=mean.tolist(), latents_std=deviation.tolist())
