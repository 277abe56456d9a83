"""Trains the VAE's decoder again after the transformers, so that it gives clear pictures from slightly wrong latents.

A transformer's latents differ from those of the encoder, and a decoder that was trained on the latter alone blurs them.
The encoder does not change, so the transformers remain valid.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLQwenImage, QwenImagePipeline, QwenImageTransformer2DModel
from torch.nn.utils.rnn import pad_sequence

from lab.nano.drawing import SIZES, flattened, random_composition
from lab.nano.edits import Edit, random_edit
from lab.nano.training.encoders import Encoders, Pixels
from lab.nano.training.loop import Schedule, averaged, train
from lab.nano.training.pictures import trained_pictures
from lab.nano.training.text_encoder import picture_of
from lab.nano.training.vae import frames, loss_of_pictures

_BATCH, _PREDICTED_SHARE = 24, 0.15  # share of a batch that the transformer predicted
_WHOLE_SHARE = 0.33  # share of the drawn part that are whole pictures; the rest is as in the training of the VAE
_PREDICTIONS, _PREDICTION_BATCH, _PREDICTION_STEPS = 4000, 50, 4
_MOST_NOISE = 0.25  # share of a latent channel's deviation
_ABSOLUTE = 2.0  # weight of absolute differences, which sharpen edges
_SIDE = SIZES[0][0] // 8  # latents


def train_decoder(
    folder: Path,
    load: Callable[[], Encoders],
    steps: int,
    device: str,
    is_compiled: bool,
    predictions: int = _PREDICTIONS,
) -> AutoencoderKLQwenImage:
    """The VAE with its new decoder; `parts` still has the one that the transformers were trained with.

    `predictions`: number of edits that the transformer predicts for it, in multiples of 50.
    """
    encoders = load()
    predicted, pictures = _predictions(trained_pictures(folder).to(device), encoders, predictions)
    torch.manual_seed(0)
    vae = encoders.vae.requires_grad_(False)
    deviation = torch.tensor(vae.config.latents_std, device=device).view(1, -1, 1, 1, 1)
    for part in (vae.decoder, vae.post_quant_conv):
        part.requires_grad_(True)
    decode = torch.compile(vae.decoder, dynamic=False) if is_compiled else vae.decoder

    def loss_of(_step: int, rng: np.random.Generator) -> tuple[torch.Tensor, dict[str, float]]:
        chosen = rng.choice(len(predicted), int(_BATCH * _PREDICTED_SHARE), replace=False)
        drawn = torch.from_numpy(_drawn(rng, _BATCH - len(chosen))).to(device)[:, :, None] * 2 - 1
        with torch.no_grad(), torch.autocast(device, torch.bfloat16):
            latents = vae.quant_conv(vae.encoder(drawn)).float().chunk(2, 1)[0]
        noise = torch.rand(len(latents), 1, 1, 1, 1, device=device) * _MOST_NOISE * deviation
        latents = torch.cat([predicted[chosen].to(device), latents + noise * torch.randn_like(latents)])
        truth = torch.cat([pictures[chosen].to(device).float()[:, :, None] / 127.5 - 1, drawn])
        with torch.autocast(device, torch.bfloat16):
            again = decode(vae.post_quant_conv(latents)).float()
        off = (again - truth)[: len(chosen), :3].abs().mean() / 2
        return loss_of_pictures(truth, again, _ABSOLUTE), {"off": float(off.detach())}

    schedule = Schedule(steps, decay=0.8, betas=(0.9, 0.99), average=0.999, matrix_rate=1.2e-3)
    return train(vae, loss_of, schedule, folder / "decoder.pt", device)


def with_trained_decoder(folder: Path, vae: AutoencoderKLQwenImage) -> AutoencoderKLQwenImage:
    """`vae`, with the decoder that was trained in `folder` if there is one."""
    return averaged(folder / "decoder.pt", vae) if (folder / "decoder.pt").exists() else vae


def _drawn(rng: np.random.Generator, count: int) -> Pixels:
    """(count, 4, 64, 64) in 0..1: whole pictures, and frames as in the training of the VAE."""
    whole = [
        flattened(random_composition(rng, int(rng.integers(0, 4)), SIZES[0]).layers())
        for _ in range(int(count * _WHOLE_SHARE))
    ]
    return np.concatenate([np.stack(whole), frames(rng, count - len(whole))])


@torch.no_grad()
def _predictions(
    model: QwenImageTransformer2DModel, encoders: Encoders, count: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Latents that the transformer predicts for edits, (n, C, 1, h, w), and the true pictures, 0..255."""
    predicted, pictures = [], []
    for latents, truth in _predicted_edits(model, encoders, np.random.default_rng(11), count):
        predicted.append(latents.cpu())
        pictures.append(torch.from_numpy(np.rint(truth * 255).astype(np.uint8)))
    return torch.cat(predicted), torch.cat(pictures)


def _predicted_edits(
    model: QwenImageTransformer2DModel, encoders: Encoders, rng: np.random.Generator, count: int
) -> Iterator[tuple[torch.Tensor, Pixels]]:
    grid = (1, _SIDE // 2, _SIDE // 2)
    mean, deviation = (
        torch.tensor(part, device=encoders.device).view(1, -1, 1, 1, 1)
        for part in (encoders.vae.config.latents_mean, encoders.vae.config.latents_std)
    )
    for _ in range(count // _PREDICTION_BATCH):
        edits: list[Edit] = []
        while len(edits) < _PREDICTION_BATCH:
            if len((edit := random_edit(rng)).references) == 1:
                edits.append(edit)
        befores = [edit.references[0] for edit in edits]
        states_of_edits = encoders.editing_states(
            [edit.instruction for edit in edits], [[picture_of(before)] for before in befores]
        )
        padded_states = pad_sequence(states_of_edits, batch_first=True)
        is_word = pad_sequence(
            [torch.ones_like(states[:, 0], dtype=torch.bool) for states in states_of_edits], batch_first=True
        )
        reference = encoders.latents(np.stack([flattened(before.layers()) for before in befores]))
        x = torch.randn_like(reference)
        for step in range(_PREDICTION_STEPS):
            sigma = 1 - step / _PREDICTION_STEPS
            velocity = model(
                hidden_states=torch.cat([x, reference], 1),
                timestep=torch.full((len(x),), sigma, device=encoders.device),
                encoder_hidden_states=padded_states,
                encoder_hidden_states_mask=is_word,
                img_shapes=[[grid, grid]] * len(x),
                return_dict=False,
            )[0]
            x = x - velocity[:, : x.shape[1]] / _PREDICTION_STEPS
        latents = QwenImagePipeline._unpack_latents(x, 8 * _SIDE, 8 * _SIDE, 8)
        yield latents * deviation + mean, np.stack([flattened(edit.result.layers()) for edit in edits])
