"""Models in the released architecture with random weights, created on the device, with and without optimizations."""

from dataclasses import dataclass
from typing import Any

import diffusers
import torch
from torch import nn

from lab.nano import build
from lamina.engines.qwen.optimizations.attention import choose_attention
from lamina.engines.qwen.optimizations.modulation import tabulate_modulation
from lamina.engines.qwen.optimizations.rotary import use_real_rotary
from lamina.engines.weights.architecture import RELEASED

# Qwen2.5-VL-7B-Instruct's config.json, as Qwen-Image's text_encoder/config.json repeats it.
TEXT: dict[str, Any] = {
    "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28, "num_attention_heads": 28,
    "num_key_value_heads": 4, "vocab_size": 152064, "tie_word_embeddings": False,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]},
}  # fmt: skip
VISION: dict[str, Any] = {
    "depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "out_hidden_size": 3584,
    "patch_size": 14, "spatial_merge_size": 2, "window_size": 112, "fullatt_block_indexes": [7, 15, 23, 31],
}  # fmt: skip

_untyped: Any = diffusers  # its types are incomplete, and some are wrong
_TRANSFORMER, _VAE = _untyped.QwenImageTransformer2DModel, _untyped.AutoencoderKLQwenImage


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a transformer; everything else is as released."""

    blocks: int = RELEASED["qwen-image"].transformer["num_layers"]
    heads: int = RELEASED["qwen-image"].transformer["num_attention_heads"]
    text_width: int = 3584

    @property
    def width(self) -> int:
        return self.heads * 128


def transformer(shape: Shape, is_layered: bool, device: torch.device, number: torch.dtype) -> Any:
    """A transformer with random weights of unit gain. With zeros, a GPU would draw less power and run faster."""
    config = _config(shape, is_layered)
    with torch.device("meta"):
        model = _TRANSFORMER(**config)
    places = _places_of(shape, is_layered)
    model = model.to(number).to_empty(device=device).eval().requires_grad_(False)
    model.pos_embed = places
    filled(model)
    return model


def shared(model: Any, shape: Shape, is_layered: bool) -> Any:
    """Another transformer that shares the same weights."""
    with torch.device("meta"):
        other = _TRANSFORMER(**_config(shape, is_layered))
    other.load_state_dict(model.state_dict(), assign=True)
    other.pos_embed = _places_of(shape, is_layered)
    return other.eval().requires_grad_(False)


def optimize(model: Any, device: torch.device) -> None:
    """Applies all optimizations except compilation, in place; the shared weights of the modulation stay."""
    use_real_rotary(model)
    tabulate_modulation(model, is_resting=False)
    choose_attention(model, device, model.dtype)


def vae(device: torch.device, number: torch.dtype, is_nano: bool = False) -> Any:
    torch.manual_seed(0)
    model: Any = build.vae() if is_nano else _VAE(input_channels=4)
    model.enable_slicing()  # as in Lamina without the optimization: memory for one picture at a time
    return model.eval().requires_grad_(False).to(device, number)


def text_encoder(device: torch.device, number: torch.dtype) -> Any:
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    config = Qwen2_5_VLConfig(text_config=TEXT, vision_config=VISION, tie_word_embeddings=False)
    torch.set_default_dtype(number)
    try:
        with torch.device(device):  # not on the meta device, since the buffers have values
            model: Any = Qwen2_5_VLForConditionalGeneration(config)
    finally:
        torch.set_default_dtype(torch.float32)
    return model.eval().requires_grad_(False)


def filled(model: nn.Module) -> None:
    generator = torch.Generator(next(model.parameters()).device).manual_seed(0)
    for name, weight in model.named_parameters():
        if weight.ndim > 1:
            weight.data.normal_(0, weight.shape[1] ** -0.5, generator=generator)
        elif "norm" in name:
            weight.data.fill_(1.0)
        else:
            weight.data.normal_(0, 0.02, generator=generator)


def _config(shape: Shape, is_layered: bool) -> dict[str, Any]:
    return {
        "num_layers": shape.blocks,
        "num_attention_heads": shape.heads,
        "joint_attention_dim": shape.text_width,
        "use_additional_t_cond": is_layered,
        "use_layer3d_rope": is_layered,
    }


def _places_of(shape: Shape, is_layered: bool) -> nn.Module:
    """The position embedding, whose tables are not weights and would stay on the meta device."""
    config = {**_config(shape, is_layered), "num_layers": 1, "num_attention_heads": 1, "joint_attention_dim": 8}
    return _TRANSFORMER(**config).pos_embed
