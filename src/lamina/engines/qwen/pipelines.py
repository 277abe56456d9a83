"""Assembles the diffusers pipelines of the family from components that they share, and fits them to nano's size."""

import math
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any

from diffusers import (
    DiffusionPipeline,
    QwenImageEditPipeline,
    QwenImageEditPlusPipeline,
    QwenImageImg2ImgPipeline,
    QwenImageInpaintPipeline,
    QwenImageLayeredPipeline,
    QwenImagePipeline,
)
from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus, pipeline_qwenimage_layered

from lamina.core.catalog import Model
from lamina.engines.qwen.sizes import is_small, nano_size, working_size


class Work(Enum):
    """What a pipeline does with a picture; the value is its class."""

    GENERATE = QwenImagePipeline
    VARY = QwenImageImg2ImgPipeline
    FILL = QwenImageInpaintPipeline
    EDIT_ONE = QwenImageEditPipeline  # words its prompt otherwise: what Qwen/Qwen-Image-Edit was trained with
    EDIT = QwenImageEditPlusPipeline
    LAYER = QwenImageLayeredPipeline


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Components:
    """The parts of one checkpoint, as diffusers and transformers load them.

    `scheduler`: the model's own. `device`: on which they work, whether or not they lie there in between.
    """

    vae: Any
    text_encoder: Any
    tokenizer: Any
    processor: Any
    transformer: Any
    scheduler: Any
    device: str = "cpu"

    @property
    def channels(self) -> int:
        """Of a picture as the VAE takes it: 3, or 4 with alpha."""
        return self.vae.config.input_channels


def assembled(work: Work, parts: Components, scheduler: Any) -> DiffusionPipeline:
    """A pipeline over the parts, sampling with `scheduler`; nothing is copied."""
    shared = {
        "vae": parts.vae,
        "text_encoder": parts.text_encoder,
        "tokenizer": parts.tokenizer,
        "transformer": parts.transformer,
        "scheduler": scheduler,
    }
    if work in (Work.EDIT_ONE, Work.EDIT, Work.LAYER):
        shared["processor"] = parts.processor
    pipeline = work.value(**shared)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def layer_size(model: Model, size: tuple[int, int], resolution_px: int) -> tuple[int, int]:
    """(width, height) px at which the layer pipeline works on a picture of `size`."""
    with sized_for(model, working_size(model, size)):
        return pipeline_qwenimage_layered.calculate_dimensions(resolution_px**2, size[0] / size[1])


@contextmanager
def sized_for(model: Model, inner: tuple[int, int] | None = None) -> Generator[None]:
    """Within it, the edit and layer pipelines scale pictures to what the model was trained at.

    They do so by constants (1 megapixel; 640 or 1024 px) that no argument reaches. Nano's transformers have them as
    large as what it samples, (width, height) `inner` or its native square; its language model as large as the latter.
    """
    if not is_small(model):
        yield
        return
    modules = pipeline_qwenimage_edit_plus, pipeline_qwenimage_layered
    originals: list[Callable[..., Any]] = [module.calculate_dimensions for module in modules]

    side_px = math.sqrt(math.prod(inner)) if inner else model.native_px

    def small(target_area: float, ratio: float) -> tuple[int, int]:
        is_read = target_area == pipeline_qwenimage_edit_plus.CONDITION_IMAGE_SIZE
        return nano_size((ratio, 1.0), model.native_px if is_read else side_px)

    try:
        for module in modules:
            module.calculate_dimensions = small
        yield
    finally:
        for module, original in zip(modules, originals, strict=True):
            module.calculate_dimensions = original
