"""Trains the transformer that generates a picture from a caption, and edits one or two pictures by an instruction.

The sequence is that of the pipelines: the picture to generate, then the reference pictures.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from diffusers import QwenImageTransformer2DModel
from PIL import Image

from lab.nano import build
from lab.nano.drawing import Composition, arranged, flattened, phrased, random_composition
from lab.nano.edits import random_edit
from lab.nano.training.encoders import Encoders
from lab.nano.training.flow import figures_of, noisy, random_sigmas
from lab.nano.training.loop import averaged
from lab.nano.training.pool import Batch, Group, Pool, Sample, pools
from lab.nano.training.text_encoder import picture_of
from lab.nano.training.transformer import train_on_pools
from lamina.core.catalog import NANO
from lamina.engines.qwen.sizes import nano_size

_WITHOUT_PROMPT = 0.1  # share of samples, for guidance
_SPREAD = 1.2  # of the noise's log odds
_DRAWING, _EDITING = (0.5, 8), (1.5, 5)  # centre of the log odds at 64 px, and one in N samples is pure noise
_THINGS = {"few": (1, 2), "many": (0, 3), "any": (0, 1, 2, 3)}  # numbers of things in a picture
# Shares of the kinds of edits.
_KINDS = {
    "one": {"recolour": 0.3, "remove": 0.23, "ground": 0.18, "add": 0.16, "replace": 0.13},
    "hard": {"replace": 0.38, "recolour": 0.28, "remove": 0.24, "ground": 0.1},  # at 64 px
    "new": {"add": 0.6, "replace": 0.4},  # edits that need a new shape
    "two": {"bring": 0.6, "new ground": 0.4},  # edits with two references
}
# Each row: size, kind of content or edit, number of samples, samples per batch, and share of all batches.
_CAPTIONS = (
    ((64, 64), "few", 40_000, 128, 0.02),
    ((64, 64), "many", 10_000, 128, 0.02),
    ((80, 48), "any", 3_000, 128, 0.01),
    ((48, 80), "any", 3_000, 128, 0.01),
    ((96, 96), "few", 4_000, 56, 0.04),
    ((96, 96), "many", 3_000, 56, 0.04),
    ((128, 128), "few", 6_000, 32, 0.05),
    ((128, 128), "many", 8_000, 32, 0.08),
    ((160, 96), "any", 2_500, 36, 0.025),
    ((96, 160), "any", 2_500, 36, 0.025),
    ((192, 128), "few", 1_500, 20, 0.02),
    ((128, 192), "few", 1_500, 20, 0.02),
    ((256, 144), "any", 1_000, 14, 0.02),
    ((144, 256), "any", 1_000, 14, 0.02),
    ((256, 256), "few", 3_000, 8, 0.07),
    ((256, 256), "many", 2_800, 8, 0.07),
)
_EDITS = (
    ((64, 64), "one", 100_000, 96, 0.07),
    ((64, 64), "hard", 45_000, 96, 0.05),
    ((64, 64), "two", 16_000, 64, 0.02),
    ((80, 48), "one", 4_000, 96, 0.01),
    ((48, 80), "one", 4_000, 96, 0.01),
    ((96, 96), "one", 6_000, 40, 0.03),
    ((128, 128), "one", 16_000, 24, 0.04),
    ((128, 128), "new", 5_000, 24, 0.04),
    ((128, 128), "two", 2_500, 16, 0.02),
    ((144, 112), "one", 2_500, 24, 0.02),
    ((112, 144), "one", 2_500, 24, 0.02),
    ((192, 128), "one", 2_500, 16, 0.015),
    ((128, 192), "one", 2_500, 16, 0.015),
    ((256, 256), "one", 5_000, 6, 0.04),
    ((256, 256), "new", 4_500, 6, 0.06),
)
_TOKENS = {"few": 24, "many": 32, "any": 32, "one": 36, "hard": 36, "new": 36, "two": 50}


def train_pictures(
    folder: Path, load: Callable[[], Encoders], steps: int, device: str, scale: float = 1.0
) -> QwenImageTransformer2DModel:
    sample_pools = pools(groups(scale), folder / "pools", load, device)
    return train_on_pools(False, sample_pools, _loss, steps, folder / "pictures.pt", device)


def trained_pictures(folder: Path) -> QwenImageTransformer2DModel:
    """The transformer of the checkpoint in `folder`, of finished or unfinished training."""
    return averaged(folder / "pictures.pt", build.transformer(is_layered=False))


def groups(scale: float = 1.0) -> list[Group]:
    """Groups of captions and of edits of one and two pictures, in all sizes; a small `scale` makes small groups for
    tests.
    """

    def group(task: str, row: tuple, pictures: int, draw: Callable[[np.random.Generator], Sample]) -> Group:
        size, content, count, batch, share = row
        name = f"{task} {content} {size[0]}x{size[1]}"
        return Group(name, size, pictures, _TOKENS[content], max(batch, round(count * scale)), batch, share, draw)

    drawn = [
        group("generate", row, 1, partial(_caption_sample, size=row[0], things=_THINGS[row[1]])) for row in _CAPTIONS
    ]
    edited = [
        group("edit", row, 3 if row[1] == "two" else 2, partial(_edit_sample, size=row[0], kinds=_KINDS[row[1]]))
        for row in _EDITS
    ]
    return drawn + edited


def _caption_sample(rng: np.random.Generator, size: tuple[int, int], things: tuple[int, ...]) -> Sample:
    composition = arranged(rng, random_composition(rng, int(rng.choice(things)), size, min_seen=0))
    text = " " if rng.random() < _WITHOUT_PROMPT else phrased(rng, composition)
    return Sample(flattened(composition.layers())[None], text)


def _edit_sample(rng: np.random.Generator, size: tuple[int, int], kinds: dict[str, float]) -> Sample:
    edit = random_edit(rng, size, str(rng.choice(list(kinds), p=list(kinds.values()))))
    text = " " if rng.random() < _WITHOUT_PROMPT else edit.instruction
    pictures = [flattened(composition.layers()) for composition in (edit.result, *edit.references)]
    return Sample(np.stack(pictures), text, tuple(_shown(reference) for reference in edit.references))


def _shown(reference: Composition) -> Image.Image:
    """The reference as the language model reads it: at 64 px, whatever the size of the transformer's picture."""
    size = nano_size((reference.width, reference.height), NANO.native_px)
    return picture_of(reference).resize(size, Image.Resampling.LANCZOS)


def _loss(model: QwenImageTransformer2DModel, pool: Pool, batch: Batch) -> tuple[torch.Tensor, dict[str, float]]:
    target_BSC, count = batch.latents[:, 0], len(batch.latents)
    # Strong noise decides what an edit changes, and later steps keep an error of the early ones, so edits are trained
    # with more noise.
    centre, pure = _DRAWING if pool.group.pictures == 1 else _EDITING
    sigmas_B = random_sigmas(count, centre + pool.group.more_noise, _SPREAD, pool.device, pure)
    mixed_BSC, velocity_BSC = noisy(target_BSC, sigmas_B)
    with torch.autocast(pool.device, torch.bfloat16):
        predicted_BSC = model(
            hidden_states=torch.cat([mixed_BSC, batch.latents[:, 1:].flatten(1, 2)], 1),
            timestep=sigmas_B,
            encoder_hidden_states=batch.states,
            encoder_hidden_states_mask=batch.is_word,
            img_shapes=[[pool.group.grid] * pool.group.pictures] * count,
            return_dict=False,
        )[0]
    off_BSC = predicted_BSC[:, : target_BSC.shape[1]].float() - velocity_BSC
    return off_BSC.square().mean(), figures_of(off_BSC, pool.group.name.split()[0])
