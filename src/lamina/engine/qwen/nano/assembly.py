"""Puts the pipelines together from nano's folder, and has them work at nano's size.

The pipelines' own sizes are built in: 640 or 1024 px for layers, 1024 px and 384 px for editing. They ask
`calculate_dimensions` for the size of each; at nano's size it answers with about 64 px instead.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKLQwenImage,
    FlowMatchEulerDiscreteScheduler,
    QwenImageEditPlusPipeline,
    QwenImageLayeredPipeline,
    QwenImagePipeline,
    QwenImageTransformer2DModel,
)
from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus, pipeline_qwenimage_layered
from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer

from lamina.engine.qwen.processor import PictureProcessor

WEIGHTS = Path(__file__).with_name("weights")
AREA = 64 * 64  # px of every picture
STEP = 16  # px: sides are multiples of it


@dataclass(frozen=True, slots=True)
class Pipelines:
    """They share VAE, language model, tokenizer and processor; generating and editing share the transformer as well."""

    generate: QwenImagePipeline
    edit: QwenImageEditPlusPipeline
    decompose: QwenImageLayeredPipeline


def pipelines(weights: Path = WEIGHTS) -> Pipelines:
    vae = AutoencoderKLQwenImage.from_pretrained(weights / "vae", torch_dtype=torch.float32)
    language = Qwen2_5_VLForConditionalGeneration.from_pretrained(weights / "text_encoder", dtype=torch.float32)
    tokenizer = Qwen2Tokenizer.from_pretrained(weights / "tokenizer")
    processor = PictureProcessor.from_pretrained(weights / "processor")
    drawing = QwenImageTransformer2DModel.from_pretrained(weights / "transformer", torch_dtype=torch.float32)
    layering = QwenImageTransformer2DModel.from_pretrained(weights / "transformer_layered", torch_dtype=torch.float32)
    scheduler = FlowMatchEulerDiscreteScheduler.from_pretrained(weights / "scheduler")
    layered_scheduler = FlowMatchEulerDiscreteScheduler.from_pretrained(weights / "scheduler_layered")
    made = Pipelines(
        QwenImagePipeline(scheduler, vae, language, tokenizer, drawing),
        QwenImageEditPlusPipeline(scheduler, vae, language, tokenizer, processor, drawing),
        QwenImageLayeredPipeline(layered_scheduler, vae, language, tokenizer, processor, layering),
    )
    for pipeline in (made.generate, made.edit, made.decompose):
        pipeline.set_progress_bar_config(disable=True)
    return made


def size_near(ratio: float) -> tuple[int, int]:
    """(width, height) px of nano's picture for one whose sides are in that ratio (width / height)."""
    width = sqrt(AREA * ratio)
    return max(STEP, round(width / STEP) * STEP), max(STEP, round(width / ratio / STEP) * STEP)


@contextmanager
def at_nano_size() -> Generator[None]:
    modules = (pipeline_qwenimage_edit_plus, pipeline_qwenimage_layered)
    originals = [module.calculate_dimensions for module in modules]
    for module in modules:
        module.calculate_dimensions = lambda area, ratio: size_near(ratio)  # noqa: ARG005
    try:
        yield
    finally:
        for module, original in zip(modules, originals, strict=True):
            module.calculate_dimensions = original
