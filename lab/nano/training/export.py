"""Writes the trained parts as a repository that diffusers loads, in bfloat16.

It is a `QwenImageEditPlusPipeline`. The layered pipeline uses its `transformer_layered` and `scheduler_layered`, and
shares all other parts.
"""

import json
import shutil
from pathlib import Path
from typing import TypeVar

import torch
from diffusers import AutoencoderKLQwenImage, QwenImageEditPlusPipeline
from torch import nn
from transformers import GenerationConfig, Qwen2_5_VLForConditionalGeneration

from lab.nano import build, tokens
from lab.nano.training.decoder import with_trained_decoder
from lab.nano.training.layered import trained_layered
from lab.nano.training.pictures import trained_pictures

T = TypeVar("T", bound=nn.Module)

CARD = "README.md"
_VIDEO = {"video_processor_type": "Qwen2VLVideoProcessor", "patch_size": 14, "temporal_patch_size": 2, "merge_size": 2}


def save_vae(vae: AutoencoderKLQwenImage, parts: Path) -> None:
    _save(vae, parts / "vae")


def save_text_encoder(model: Qwen2_5_VLForConditionalGeneration, parts: Path) -> None:
    """Decoding is greedy, so that the same picture always has the same caption."""
    ids = model.config.text_config
    model.generation_config = GenerationConfig(
        do_sample=False, eos_token_id=ids.eos_token_id, pad_token_id=ids.pad_token_id, bos_token_id=ids.bos_token_id
    )
    _save(model, parts / "text_encoder")


def export(folder: Path, target: Path) -> None:
    """Writes the parts in `folder` with the transformers' moving averages, as far as they are trained; keeps the model
    card.
    """
    parts = folder / "parts"
    tokenizer = tokens.tokenizer()
    vae = AutoencoderKLQwenImage.from_pretrained(parts / "vae", torch_dtype=torch.float32)
    pipeline = QwenImageEditPlusPipeline(
        scheduler=build.scheduler(is_layered=False),
        vae=_halved(with_trained_decoder(folder, vae)),
        text_encoder=Qwen2_5_VLForConditionalGeneration.from_pretrained(parts / "text_encoder", dtype=torch.bfloat16),
        tokenizer=tokenizer,
        processor=tokens.processor(tokenizer),
        transformer=_halved(trained_pictures(folder)),
    )
    card = (target / CARD).read_text("utf-8") if (target / CARD).exists() else ""
    shutil.rmtree(target, ignore_errors=True)
    pipeline.save_pretrained(target)
    _save(trained_layered(folder), target / "transformer_layered")
    build.scheduler(is_layered=True).save_pretrained(target / "scheduler_layered")
    _add_video_processor(target / "processor" / "processor_config.json")
    for file in target.rglob("config.json"):
        _remove_path(file)
    for file in target.rglob("*.safetensors"):  # safetensors writes them readable for their owner only
        file.chmod(0o644)
    if card:
        (target / CARD).write_text(card, "utf-8")


def _halved(model: T) -> T:
    return model.to(torch.bfloat16)


def _save(model: nn.Module, folder: Path) -> None:
    model.to(torch.bfloat16).save_pretrained(folder)


def _add_video_processor(file: Path) -> None:
    """With torchvision installed, the stock processor does not load without the video part."""
    config = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps({**config, "video_processor": _VIDEO}, indent=2) + "\n", "utf-8")


def _remove_path(file: Path) -> None:
    """Removes the path from which the part was read, which belongs to the machine that trained it."""
    config = json.loads(file.read_text("utf-8"))
    config.pop("_name_or_path", None)
    file.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", "utf-8")
