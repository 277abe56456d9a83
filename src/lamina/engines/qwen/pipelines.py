"""Assembles the diffusers pipelines of the family from shared components, and adapts their sizes to nano."""

import math
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypedDict

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
from PIL import Image

from lamina.core.catalog import Model
from lamina.engines.qwen.sizes import is_small, nano_size, working_size


class Work(Enum):
    """The kinds of work; the value is the pipeline class."""

    GENERATE = QwenImagePipeline
    VARY = QwenImageImg2ImgPipeline
    FILL = QwenImageInpaintPipeline
    EDIT_ONE = QwenImageEditPipeline  # uses the prompt template of Qwen/Qwen-Image-Edit
    EDIT = QwenImageEditPlusPipeline
    LAYER = QwenImageLayeredPipeline


class PipelineInputs(TypedDict, total=False):
    """The arguments of the pipelines that depend on the work. `width`, `height`, `resolution`: px at which it samples;
    `image`: one or more pictures; `strength`: 0..1, how much of the picture changes.
    """

    width: int
    height: int
    resolution: int
    image: Image.Image | list[Image.Image]
    mask_image: Image.Image
    strength: float
    layers: int
    cfg_normalize: bool
    use_en_prompt: bool


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Components:
    """The components of one checkpoint, as loaded by diffusers and transformers.

    `scheduler`: the model's own. `device`: where they run, even if they are offloaded in between.
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
        """Channels of the VAE's input: 3, or 4 with alpha."""
        return self.vae.config.input_channels


def assembled(work: Work, parts: Components, scheduler: Any) -> DiffusionPipeline:
    """A pipeline over the components, sampling with `scheduler`; nothing is copied."""
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
    """(width, height) px at which the layered pipeline samples a picture of `size`."""
    with sized_for(model, working_size(model, size)):
        return pipeline_qwenimage_layered.calculate_dimensions(resolution_px**2, size[0] / size[1])


@contextmanager
def sized_for(model: Model, inner: tuple[int, int] | None = None) -> Generator[None]:
    """Within it, the edit and layered pipelines resize pictures to the sizes that the model was trained on.

    Their sizes are constants (1 megapixel; 640 or 1024 px), so nano needs a patch: its transformers get pictures of the
    sampling size `inner` (width, height) or of its native square; its language model always gets the latter.
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
