"""Teaches the VAE's decoder once more, when the transformers are there: clear pictures from latents that are a bit off.

What a transformer says lies beside the latents that the encoder gives, and a decoder that knows only those makes blurs
of it. The encoder stays, and with it what the transformers have learnt.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLQwenImage, QwenImagePipeline, QwenImageTransformer2DModel
from torch.nn.utils.rnn import pad_sequence

from lab.nano.drawing import SIZES, flattened, random_composition
from lab.nano.edits import Edit, random_edit
from lab.nano.training.loop import Schedule, averaged, train
from lab.nano.training.pictures import trained_pictures
from lab.nano.training.seeing import Pixels, Seer
from lab.nano.training.text_encoder import picture_of
from lab.nano.training.vae import frames, loss_of_pictures

_BATCH, _SAID_SHARE = 24, 0.15  # of a batch are edits as the transformer has them
_WHOLE_SHARE = 0.33  # of what is drawn are whole pictures, the rest what the VAE learnt from
_SAID, _SAID_AT_ONCE, _SAID_STEPS = 4000, 50, 4
_MOST_NOISE = 0.25  # of a latent channel's deviation
_ABSOLUTE = 2.0  # more than at first: edges are what is wanted
_SIDE = SIZES[0][0] // 8  # latents


def train_decoder(
    folder: Path, see: Callable[[], Seer], steps: int, device: str, is_compiled: bool
) -> AutoencoderKLQwenImage:
    """The VAE with its new decoder; `parts` keeps the one that the transformers have learnt with."""
    seer = see()
    said, pictures = _said(trained_pictures(folder).to(device), seer)
    torch.manual_seed(0)
    vae = seer.vae.requires_grad_(False)
    deviation = torch.tensor(vae.config.latents_std, device=device).view(1, -1, 1, 1, 1)
    for part in (vae.decoder, vae.post_quant_conv):
        part.requires_grad_(True)
    decode = torch.compile(vae.decoder, dynamic=False) if is_compiled else vae.decoder

    def loss_of(_step: int, rng: np.random.Generator) -> tuple[torch.Tensor, dict[str, float]]:
        chosen = rng.choice(len(said), int(_BATCH * _SAID_SHARE), replace=False)
        drawn = torch.from_numpy(_drawn(rng, _BATCH - len(chosen))).to(device)[:, :, None] * 2 - 1
        with torch.no_grad(), torch.autocast(device, torch.bfloat16):
            latents = vae.quant_conv(vae.encoder(drawn)).float().chunk(2, 1)[0]
        noise = torch.rand(len(latents), 1, 1, 1, 1, device=device) * _MOST_NOISE * deviation
        latents = torch.cat([said[chosen].to(device), latents + noise * torch.randn_like(latents)])
        truth = torch.cat([pictures[chosen].to(device).float()[:, :, None] / 127.5 - 1, drawn])
        with torch.autocast(device, torch.bfloat16):
            again = decode(vae.post_quant_conv(latents)).float()
        off = (again - truth)[: len(chosen), :3].abs().mean() / 2
        return loss_of_pictures(truth, again, _ABSOLUTE), {"off": float(off.detach())}

    schedule = Schedule(steps, decay=0.8, betas=(0.9, 0.99), average=0.999, matrix_rate=1.2e-3)
    return train(vae, loss_of, schedule, folder / "decoder.pt", device)


def with_trained_decoder(folder: Path, vae: AutoencoderKLQwenImage) -> AutoencoderKLQwenImage:
    """`vae`, or with the decoder that was trained in `folder`, if one was."""
    return averaged(folder / "decoder.pt", vae) if (folder / "decoder.pt").exists() else vae


def _drawn(rng: np.random.Generator, count: int) -> Pixels:
    """(count, 4, 64, 64) in 0..1."""
    whole = [
        flattened(random_composition(rng, int(rng.integers(0, 4)), SIZES[0]).layers())
        for _ in range(int(count * _WHOLE_SHARE))
    ]
    return np.concatenate([np.stack(whole), frames(rng, count - len(whole))])


@torch.no_grad()
def _said(model: QwenImageTransformer2DModel, seer: Seer) -> tuple[torch.Tensor, torch.Tensor]:
    """Latents that the transformer says of edits, (n, C, 1, h, w), and the pictures that they should be, 0..255."""
    said, pictures = [], []
    for latents, truth in _edits_said(model, seer, np.random.default_rng(11)):
        said.append(latents.cpu())
        pictures.append(torch.from_numpy(np.rint(truth * 255).astype(np.uint8)))
    return torch.cat(said), torch.cat(pictures)


def _edits_said(
    model: QwenImageTransformer2DModel, seer: Seer, rng: np.random.Generator
) -> Iterator[tuple[torch.Tensor, Pixels]]:
    grid = (1, _SIDE // 2, _SIDE // 2)
    mean, deviation = (
        torch.tensor(part, device=seer.device).view(1, -1, 1, 1, 1)
        for part in (seer.vae.config.latents_mean, seer.vae.config.latents_std)
    )
    for _ in range(_SAID // _SAID_AT_ONCE):
        edits: list[Edit] = []
        while len(edits) < _SAID_AT_ONCE:
            if len((edit := random_edit(rng)).references) == 1:
                edits.append(edit)
        befores = [edit.references[0] for edit in edits]
        words = seer.editing_states([edit.instruction for edit in edits], [[picture_of(one)] for one in befores])
        states = pad_sequence(words, batch_first=True)
        is_word = pad_sequence([torch.ones_like(one[:, 0], dtype=torch.bool) for one in words], batch_first=True)
        reference = seer.latents(np.stack([flattened(one.layers()) for one in befores]))
        x = torch.randn_like(reference)
        for step in range(_SAID_STEPS):
            sigma = 1 - step / _SAID_STEPS
            told = model(
                hidden_states=torch.cat([x, reference], 1),
                timestep=torch.full((len(x),), sigma, device=seer.device),
                encoder_hidden_states=states,
                encoder_hidden_states_mask=is_word,
                img_shapes=[[grid, grid]] * len(x),
                return_dict=False,
            )[0]
            x = x - told[:, : x.shape[1]] / _SAID_STEPS
        latents = QwenImagePipeline._unpack_latents(x, 8 * _SIDE, 8 * _SIDE, 8)
        yield latents * deviation + mean, np.stack([flattened(edit.result.layers()) for edit in edits])
