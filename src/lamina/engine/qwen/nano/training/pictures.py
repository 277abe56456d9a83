"""Teaches the transformer that draws what a caption says, and changes one or two pictures as an instruction says.

The sequence is the pipelines': the picture that is to come, then the pictures that it is made from.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from diffusers import QwenImageTransformer2DModel

from lamina.engine.qwen.nano import build
from lamina.engine.qwen.nano.drawing import SIZES, arranged, flattened, random_composition, said
from lamina.engine.qwen.nano.edits import random_edit
from lamina.engine.qwen.nano.training.flow import figures_of, noisy, random_sigmas
from lamina.engine.qwen.nano.training.loop import averaged
from lamina.engine.qwen.nano.training.pool import Batch, Group, Pool, Sample, pools
from lamina.engine.qwen.nano.training.seeing import Seer
from lamina.engine.qwen.nano.training.text_encoder import picture_of
from lamina.engine.qwen.nano.training.transformer import train_on_pools

_WITHOUT_WORDS = 0.1  # of samples, for guidance
_SPREAD = 1.2  # of the noise's log odds
# Shares of the kinds of edits: of one picture and of two, and those of one that are learnt last.
_ONE = {"recolour": 0.3, "remove": 0.23, "ground": 0.18, "add": 0.16, "replace": 0.13}
_TWO = {"bring": 0.6, "new ground": 0.4}
_LAST = {"replace": 0.38, "recolour": 0.28, "remove": 0.24, "ground": 0.1}
_DRAWING, _EDITING = (0.5, 8), (1.5, 5)  # their middle, and that one of so many samples is noise alone


def train_pictures(
    folder: Path, see: Callable[[], Seer], steps: int, device: str, scale: float = 1.0
) -> QwenImageTransformer2DModel:
    made = pools(groups(scale), folder / "pools", see, device)
    return train_on_pools(False, made, _loss, steps, folder / "pictures.pt", device)


def trained_pictures(folder: Path) -> QwenImageTransformer2DModel:
    """As the checkpoint in `folder` has it, at the end of training or before."""
    return averaged(folder / "pictures.pt", build.transformer(is_layered=False))


def groups(scale: float = 1.0) -> list[Group]:
    """Captions of few and of many things, edits of one and of two pictures; `scale` makes small ones for tests."""

    def count(samples: int) -> int:
        return max(128, round(samples * scale))

    square, wide, tall = SIZES
    few, many = (
        partial(_caption_sample, size=square, things=(1, 2)),
        partial(_caption_sample, size=square, things=(0, 3)),
    )
    one, last, two = (partial(_edit_sample, size=square, kinds=kinds) for kinds in (_ONE, _LAST, _TWO))
    made = [
        Group("generate few", square, 1, 24, count(40000), 128, 0.12, few),
        Group("generate many", square, 1, 32, count(10000), 128, 0.04, many),
        Group("edit one", square, 2, 32, count(100000), 96, 0.42, one),
        Group("edit last", square, 2, 32, count(45000), 96, 0.2, last),
        Group("edit two", square, 3, 50, count(16000), 64, 0.14, two),
    ]
    for size in (wide, tall):
        name = f"{size[0]}x{size[1]}"
        caption = partial(_caption_sample, size=size, things=(1, 2))
        edit = partial(_edit_sample, size=size, kinds=_ONE)
        made.append(Group(f"generate {name}", size, 1, 24, count(3000), 128, 0.02, caption))
        made.append(Group(f"edit {name}", size, 2, 36, count(4000), 96, 0.02, edit))
    return made


def _caption_sample(rng: np.random.Generator, size: tuple[int, int], things: tuple[int, ...]) -> Sample:
    composition = arranged(rng, random_composition(rng, int(rng.choice(things)), size, min_seen=0))
    text = " " if rng.random() < _WITHOUT_WORDS else said(rng, composition)
    return Sample(flattened(composition.layers())[None], text)


def _edit_sample(rng: np.random.Generator, size: tuple[int, int], kinds: dict[str, float]) -> Sample:
    edit = random_edit(rng, size, str(rng.choice(list(kinds), p=list(kinds.values()))))
    text = " " if rng.random() < _WITHOUT_WORDS else edit.instruction
    pictures = [flattened(composition.layers()) for composition in (edit.result, *edit.references)]
    return Sample(np.stack(pictures), text, tuple(picture_of(reference) for reference in edit.references))


def _loss(model: QwenImageTransformer2DModel, pool: Pool, batch: Batch) -> tuple[torch.Tensor, dict[str, float]]:
    target_BSC, count = batch.latents[:, 0], len(batch.latents)
    # What an edit comes to is in the words and in what it is made from, so it is learnt where there is most noise: what
    # is wrong there stays to the end, since later steps take it for the picture.
    centre, pure = _DRAWING if pool.group.pictures == 1 else _EDITING
    sigmas_B = random_sigmas(count, centre, _SPREAD, pool.device, pure)
    mixed_BSC, velocity_BSC = noisy(target_BSC, sigmas_B)
    with torch.autocast(pool.device, torch.bfloat16):
        told_BSC = model(
            hidden_states=torch.cat([mixed_BSC, batch.latents[:, 1:].flatten(1, 2)], 1),
            timestep=sigmas_B,
            encoder_hidden_states=batch.states,
            encoder_hidden_states_mask=batch.is_word,
            img_shapes=[[pool.group.grid] * pool.group.pictures] * count,
            return_dict=False,
        )[0]
    off_BSC = told_BSC[:, : target_BSC.shape[1]].float() - velocity_BSC
    return off_BSC.square().mean(), figures_of(off_BSC, pool.group.name.split()[0])
