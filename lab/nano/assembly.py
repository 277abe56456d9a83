"""Loads the pipelines of a folder of nano's weights, to measure the model without the engine around it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKLQwenImage,
    FlowMatchEulerDiscreteScheduler,
    QwenImageEditPlusPipeline,
    QwenImageLayeredPipeline,
    QwenImagePipeline,
    QwenImageTransformer2DModel,
)
from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer

from lamina.engines.qwen.optimizations.vae import optimize_vae
from lamina.engines.qwen.pipelines import Components, Work, assembled
from lamina.engines.qwen.processor import PictureProcessor
from lamina.engines.weights.places import PACKAGED as WEIGHTS


@dataclass(frozen=True, slots=True)
class Pipelines:
    """The pipelines share VAE, language model, tokenizer and processor; generation and editing also share the
    transformer.
    """

    generate: QwenImagePipeline
    edit: QwenImageEditPlusPipeline
    decompose: QwenImageLayeredPipeline


def pipelines(weights: Path = WEIGHTS) -> Pipelines:
    """Use them within `sized_for(NANO)`."""
    vae = AutoencoderKLQwenImage.from_pretrained(weights / "vae", torch_dtype=torch.float32)
    optimize_vae(vae)
    common: dict[str, Any] = {
        "vae": vae,
        "text_encoder": Qwen2_5_VLForConditionalGeneration.from_pretrained(
            weights / "text_encoder", dtype=torch.float32
        ),
        "tokenizer": Qwen2Tokenizer.from_pretrained(weights / "tokenizer"),
        "processor": PictureProcessor.from_pretrained(weights / "processor"),
    }

    def parts(ending: str) -> Components:
        transformer = QwenImageTransformer2DModel.from_pretrained(
            weights / f"transformer{ending}", torch_dtype=torch.float32
        )
        scheduler = FlowMatchEulerDiscreteScheduler.from_pretrained(weights / f"scheduler{ending}")
        return Components(**common, transformer=transformer, scheduler=scheduler)

    drawing, layering = parts(""), parts("_layered")
    return Pipelines(
        *(assembled(work, drawing, drawing.scheduler) for work in (Work.GENERATE, Work.EDIT)),
        assembled(Work.LAYER, layering, layering.scheduler),
    )
