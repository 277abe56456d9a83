"""Scores how well nano generates, edits and decomposes compositions that were not used to train it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from time import perf_counter, process_time

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from lab.nano.assembly import Pipelines
from lab.nano.drawing import SIZES, Composition, flattened, in_canonical_order, random_composition
from lab.nano.edits import Edit, random_edit
from lab.nano.judge import Picture, follows_edit, shows_caption, shows_colours
from lamina.core.catalog import NANO
from lamina.engines.qwen.pipelines import sized_for

MIN_SEEN = 0.75  # of each thing of a caption, since hidden things cannot be judged
UNGUIDED = " "  # the negative prompt


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a pipeline; a guidance of 1 means none."""

    steps: int
    guidance: float


GENERATE = Settings(steps=20, guidance=2.0)
EDIT = Settings(steps=4, guidance=1.0)
DECOMPOSE = Settings(steps=10, guidance=1.0)

Size = tuple[int, int]
"""(width, height) px."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`is_judged_on_truth`: the verdict on the correct result itself, which shows how reliable the judge is.

    `are_colours_right`: for captions, whether the colours are right, whatever the shapes.
    """

    kind: str
    prompt: str
    is_right: bool
    is_judged_on_truth: bool
    seconds: float
    are_colours_right: bool | None = None


@dataclass(frozen=True, slots=True)
class DecompositionScore:
    """`iou`: of the things' alphas, layer by layer; `best_iou`: in the order of layers that fits best."""

    things: int
    caption: str
    iou: float
    best_iou: float
    recomposition_db: float
    seconds: float


def generate_cases(
    count: int, seed: int = 0, size: Size = SIZES[0], things: tuple[int, ...] = (1, 2)
) -> Iterator[Composition]:
    """Captions with the numbers of `things` in turn."""
    rng = np.random.default_rng([seed, 1])
    for i in range(count):
        yield in_canonical_order(random_composition(rng, things[i % len(things)], size, MIN_SEEN, is_held_out=True))


def edit_cases(count: int, seed: int = 0, size: Size = SIZES[0]) -> Iterator[Edit]:
    rng = np.random.default_rng([seed, 2])
    for _ in range(count):
        yield random_edit(rng, size, is_held_out=True)


def decompose_cases(
    count: int, seed: int = 0, things: tuple[int, ...] = (0, 1, 2, 3), size: Size = SIZES[0]
) -> Iterator[Composition]:
    """Stacks of one to four layers in turn, including the ground."""
    rng = np.random.default_rng([seed, 3])
    for i in range(count):
        yield in_canonical_order(random_composition(rng, things[i % len(things)], size, is_held_out=True))


def generated(pipelines: Pipelines, composition: Composition, seed: int, settings: Settings = GENERATE) -> Verdict:
    started = _now()
    image = pipelines.generate(
        composition.caption,
        negative_prompt=UNGUIDED,
        true_cfg_scale=settings.guidance,
        num_inference_steps=settings.steps,
        width=composition.width,
        height=composition.height,
        generator=torch.Generator().manual_seed(seed),
    ).images[0]
    seconds = _now() - started
    truth = shows_caption(flattened(composition.layers())[:3], composition)
    kind = f"generate {len(composition.things)}"
    picture = pixels_of(image)
    is_right, are_colours_right = shows_caption(picture, composition), shows_colours(picture, composition)
    return Verdict(kind, composition.caption, is_right, truth, seconds, are_colours_right)


def edited(pipelines: Pipelines, edit: Edit, seed: int, settings: Settings = EDIT) -> Verdict:
    started = _now()
    with sized_for(NANO, (edit.result.width, edit.result.height)):
        image = pipelines.edit(
            [image_of(reference) for reference in edit.references],
            edit.instruction,
            negative_prompt=UNGUIDED,
            true_cfg_scale=settings.guidance,
            num_inference_steps=settings.steps,
            width=edit.result.width,
            height=edit.result.height,
            generator=torch.Generator().manual_seed(seed),
        ).images[0]
    seconds = _now() - started
    truth = follows_edit(flattened(edit.result.layers())[:3], edit)
    return Verdict(f"edit: {edit.kind}", edit.instruction, follows_edit(pixels_of(image), edit), truth, seconds)


def decomposed(
    pipelines: Pipelines,
    composition: Composition,
    seed: int,
    settings: Settings = DECOMPOSE,
    caption: str | None = None,
) -> DecompositionScore:
    """Decomposes the picture and scores the layers. `caption`: the composition's own if None."""
    started = _now()
    prompt = composition.caption if caption is None else caption
    layers = layers_of(pipelines, image_of(composition), prompt, len(composition.things) + 1, seed, settings)
    seconds = _now() - started
    truth = composition.layers()
    alphas, true_alphas = layers[1:, 3], truth[1:, 3]
    orders = permutations(range(len(alphas)))
    best = max(mean_iou(alphas[list(order)], true_alphas) for order in orders)
    off = np.square(flattened(layers)[:3] - flattened(truth)[:3]).mean()
    decibels = float(-10 * np.log10(max(off, 1e-9)))
    return DecompositionScore(len(alphas), prompt, mean_iou(alphas, true_alphas), best, decibels, seconds)


def layers_of(
    pipelines: Pipelines, image: Image.Image, caption: str, layers: int, seed: int, settings: Settings = DECOMPOSE
) -> NDArray[np.float32]:
    """(layers, 4, height, width), bottom first. The caption is passed in a list, since the pipeline replaces an empty
    string.
    """
    with sized_for(NANO, image.size):
        images = pipelines.decompose(
            image,
            [caption],
            negative_prompt=[UNGUIDED],
            true_cfg_scale=settings.guidance,
            layers=layers,
            num_inference_steps=settings.steps,
            generator=torch.Generator().manual_seed(seed),
        ).images[0]
    return np.stack([np.asarray(image, np.float32).transpose(2, 0, 1) / 255 for image in images])


def mean_iou(alphas: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """The mean IoU of soft alphas over the layers; 1 without layers."""
    shared, union = np.minimum(alphas, truth).sum((1, 2)), np.maximum(alphas, truth).sum((1, 2))
    return float((shared / np.maximum(union, 1e-6)).mean()) if len(truth) else 1.0


def image_of(composition: Composition) -> Image.Image:
    """The composition as an RGBA image, the input of nano's VAE."""
    pixels = flattened(composition.layers()).transpose(1, 2, 0)
    return Image.fromarray(np.rint(pixels * 255).astype(np.uint8), "RGBA")


def pixels_of(image: Image.Image) -> Picture:
    return np.asarray(image.convert("RGB"), np.float32).transpose(2, 0, 1) / 255


def _now() -> float:
    """Processor time, which other programs do not change; elapsed time if torch uses several threads."""
    return process_time() if torch.get_num_threads() == 1 else perf_counter()
