"""Encodes pictures and texts with nano's VAE and language model, as the pipelines do for the transformers.

Shapes: N pictures or texts, S tokens of a picture (16 x 16 px each), C channels, T tokens of a text.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLQwenImage, QwenImagePipeline
from numpy.typing import NDArray
from PIL import Image
from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer

from lab.nano import tokens
from lamina.engines.qwen.nano import prompts
from lamina.engines.qwen.processor import PictureProcessor

Pixels = NDArray[np.float32]
"""(n, 4, height, width): straight RGBA in 0..1."""


@dataclass(slots=True)
class Encoders:
    """The VAE and the language model, which are trained and do not change."""

    vae: AutoencoderKLQwenImage
    text_encoder: Qwen2_5_VLForConditionalGeneration
    tokenizer: Qwen2Tokenizer
    processor: PictureProcessor
    device: str = "cpu"

    @torch.no_grad()
    def latents(self, pictures: Pixels) -> torch.Tensor:
        """(N, S, C): normalized latents, packed two by two."""
        pixels = torch.from_numpy(pictures).to(self.device)[:, :, None] * 2 - 1
        with torch.autocast(self.device, torch.bfloat16):
            moments = self.vae.quant_conv(self.vae.encoder(pixels))
        means_NCFHW = moments.float().chunk(2, 1)[0]
        mean, deviation = (
            torch.tensor(part, device=self.device).view(1, -1, 1, 1, 1)
            for part in (self.vae.config.latents_mean, self.vae.config.latents_std)
        )
        latents = (means_NCFHW - mean) / deviation
        n, channels, _, height, width = latents.shape
        return QwenImagePipeline._pack_latents(latents, n, channels, height, width)

    @torch.no_grad()
    def drawing_states(self, texts: list[str]) -> list[torch.Tensor]:
        """The states of each text (T, C), for generation and layers."""
        return self._states([tokens.DRAWING_TEMPLATE.format(text) for text in texts], None, tokens.DRAWING_TEMPLATE)

    @torch.no_grad()
    def editing_states(self, texts: list[str], pictures: list[list[Image.Image]]) -> list[torch.Tensor]:
        """The states of each text with its pictures (T, C), for editing."""
        marked = [
            tokens.EDITING_TEMPLATE.format(marks(len(some)) + text) for text, some in zip(texts, pictures, strict=True)
        ]
        return self._states(marked, [picture for some in pictures for picture in some], tokens.EDITING_TEMPLATE)

    def _states(self, texts: list[str], pictures: list[Image.Image] | None, template: str) -> list[torch.Tensor]:
        """Drops the types of tokens, as the pipelines do, which changes all positions in the text."""
        inputs = self.processor(text=texts, images=pictures, padding=True, return_tensors="pt").to(self.device)
        inputs.pop("mm_token_type_ids", None)
        states_NTC = self.text_encoder(**inputs, output_hidden_states=True, logits_to_keep=1).hidden_states[-1]
        first = len(self.tokenizer(template.split("{}")[0]).input_ids)
        lengths = inputs["attention_mask"].sum(1).tolist()
        return [states[first:length] for states, length in zip(states_NTC, lengths, strict=True)]


def marks(count: int) -> str:
    """The text that the editing pipeline inserts before the instruction."""
    return "".join(f"Picture {i}: {prompts.IMAGE_PLACEHOLDER}" for i in range(1, count + 1))


def load_encoders(weights: Path, device: str = "cpu") -> Encoders:
    """Loads the exported parts, so that the transformers are trained with the rounding of inference."""
    tokenizer = tokens.tokenizer()
    vae = AutoencoderKLQwenImage.from_pretrained(weights / "vae", torch_dtype=torch.float32)
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(weights / "text_encoder", dtype=torch.float32)
    vae.encoder.compile(dynamic=False)
    parts = (vae.to(device).eval(), model.to(device).eval())
    return Encoders(*parts, tokenizer, tokens.processor(tokenizer), device)
