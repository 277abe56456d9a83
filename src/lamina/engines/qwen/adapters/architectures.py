"""Identifies the model that a LoRA was trained for if it is not this one."""

import re
from collections.abc import Iterable, Mapping

# The first pattern that matches any key wins, so specific patterns come before shared ones. Dots are converted to
# underscores, as in kohya's trainers. The names are those of the published models and of diffusers 0.42.
_KEYS = (
    ("Stable Diffusion XL", r"lora_te2_|text_encoder_2_|(down|up)_blocks_\d+_attentions_\d+_transformer_blocks_[1-9]"),
    ("Stable Diffusion XL", r"lora_unet_(input|output)_blocks_\d+_1_transformer_blocks_[1-9]"),
    ("Stable Diffusion 1 or 2", r"(down|up|mid|input|output|middle)_blocks?_\d*_?(attentions|resnets|\d+_\d+)"),
    ("Stable Diffusion 1 or 2", r"lora_te_text_model"),
    ("FLUX.2", r"double_stream_modulation|to_qkv_mlp_proj"),
    ("HunyuanVideo", r"double_blocks_(19|20)_|single_blocks_(38|39)_|token_refiner|individual_token_refiner"),
    ("FLUX.1", r"double_blocks_|single_blocks_|single_transformer_blocks_"),
    ("HiDream", r"double_stream_blocks_|single_stream_blocks_"),
    ("Stable Diffusion 3", r"joint_blocks_|transformer_blocks_\d+_(ff_context|attn2)_"),
    ("Cosmos or Anima", r"blocks_\d+_(self_attn|cross_attn)_[qkv]_proj_"),
    ("Wan", r"(?<!transformer_)blocks_\d+_((self_attn|cross_attn)_[qkvo]|attn[12]_to_[qkv])_"),
    ("Z-Image or Lumina", r"(noise|context)_refiner_|(^|_)layers_\d+_(attention|feed_forward)_"),
    ("LTX-Video or PixArt", r"transformer_blocks_\d+_attn[12]_to_"),
    ("a language model", r"layers_\d+_(self_attn_[qkvo]_proj|mlp_(gate|up|down)_proj)_"),
)
# Metadata about the base model, written by kohya's trainers, ai-toolkit and the ModelSpec standard.
_DECLARED_IN = ("modelspec.architecture", "ss_base_model_version")
_LONGEST_DECLARED = 60
# Models whose attention layers have the same names as those of Qwen-Image; FLUX.1 has the same sizes, too.
_LOOK_ALIKE = (("FLUX.1", "flux"), ("Stable Diffusion 3", "sd3"), ("Stable Diffusion 3", "stable-diffusion-3"))


def other_architecture(keys: Iterable[str], metadata: Mapping[str, str]) -> str | None:
    """The name of another model that a LoRA is for, from its tensor `keys` or else from its `metadata`.

    None if neither identifies another model, or if the metadata name a Qwen-Image model.
    """
    flat = [re.sub(r"\W", "_", key) for key in keys]
    for name, pattern in _KEYS:
        if any(re.search(pattern, key) for key in flat):
            return name
    return next((repr(text[:_LONGEST_DECLARED]) for text in _declared(metadata) if "qwen" not in text.lower()), None)


def declared_look_alike(metadata: Mapping[str, str]) -> str | None:
    """The name of a model whose LoRAs can match Qwen-Image by accident, if `metadata` declare that model."""
    declared = " ".join(_declared(metadata)).lower()
    return next((name for name, mark in _LOOK_ALIKE if mark in declared and "qwen" not in declared), None)


def _declared(metadata: Mapping[str, str]) -> list[str]:
    return [metadata[field] for field in _DECLARED_IN if metadata.get(field)]
