"""Says for which model a LoRA was trained when it was not for this one."""

import re
from collections.abc import Iterable, Mapping

# The first that matches any key wins, so what is particular to one model stands above what several share. Dots and
# underscores are one here, because kohya's trainers write underscores for both. Names: the modules of the models as
# their makers published them and as diffusers 0.42 names them.
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
# What trainers write into the file about the base model: kohya and its kin, ai-toolkit, the ModelSpec standard.
_DECLARED_IN = ("modelspec.architecture", "ss_base_model_version")
_LONGEST_DECLARED = 60
# Their attention layers have the names of Qwen-Image's, and those of FLUX.1 have their size as well.
_LOOK_ALIKE = (("FLUX.1", "flux"), ("Stable Diffusion 3", "sd3"), ("Stable Diffusion 3", "stable-diffusion-3"))


def other_architecture(keys: Iterable[str], metadata: Mapping[str, str]) -> str | None:
    """The name of another model that a LoRA is for, by its tensors' `keys`, or else by what its `metadata` declare.

    None where neither tells, or where it declares that it is for a Qwen-Image model.
    """
    flat = [re.sub(r"\W", "_", key) for key in keys]
    for name, pattern in _KEYS:
        if any(re.search(pattern, key) for key in flat):
            return name
    return next((repr(text[:_LONGEST_DECLARED]) for text in _declared(metadata) if "qwen" not in text.lower()), None)


def declared_look_alike(metadata: Mapping[str, str]) -> str | None:
    """The name of a model whose LoRAs can fit Qwen-Image by accident, if `metadata` declare that it is for that."""
    declared = " ".join(_declared(metadata)).lower()
    return next((name for name, mark in _LOOK_ALIKE if mark in declared and "qwen" not in declared), None)


def _declared(metadata: Mapping[str, str]) -> list[str]:
    return [metadata[field] for field in _DECLARED_IN if metadata.get(field)]
