"""The released models' components, built on the meta device, have the parameters that we reckon with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import AutoencoderKLQwenImage, QwenImageTransformer2DModel
from tiny_checkpoint import folders_of
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from lamina.core.catalog import MODELS
from lamina.engine.qwen.devices import find_device
from lamina.engine.qwen.loading import load_component
from lamina.engine.qwen.measuring import measure
from lamina.engine.qwen.nano.build import parameters_of
from lamina.engine.qwen.needs import NANO, RELEASED, ComponentSizes
from lamina.engine.qwen.placement import choose_plan

# Qwen2.5-VL-7B-Instruct's config.json, as Qwen-Image's text_encoder/config.json repeats it.
TEXT = {
    "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28, "num_attention_heads": 28,
    "num_key_value_heads": 4, "vocab_size": 152064, "tie_word_embeddings": False,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]},
}  # fmt: skip
VISION = {
    "depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "out_hidden_size": 3584,
    "patch_size": 14, "spatial_merge_size": 2, "window_size": 112, "fullatt_block_indexes": [7, 15, 23, 31],
}  # fmt: skip


def on_meta(make: Callable[[], Any]) -> Any:
    with torch.device("meta"):
        return make()


def test_the_transformer_has_20_430_401_088_parameters_in_60_blocks() -> None:
    transformer = on_meta(QwenImageTransformer2DModel)
    blocks = transformer.transformer_blocks
    modulation = [module for block in blocks for module in (block.img_mod[1].weight, block.txt_mod[1].weight)]
    linear = [module.weight for module in blocks.modules() if isinstance(module, torch.nn.Linear)]
    assert len(blocks) == 60
    assert parameters_of(transformer) == RELEASED.transformer == 20_430_401_088
    assert parameters_of(blocks[0]) == RELEASED.block
    assert sum(weight.numel() for weight in modulation) == RELEASED.modulation
    assert sum(weight.numel() for weight in linear) == RELEASED.matrices + RELEASED.modulation
    assert transformer.inner_dim == RELEASED.width


def test_the_layered_transformer_adds_an_embedding_of_two_rows() -> None:
    layered = on_meta(lambda: QwenImageTransformer2DModel(use_additional_t_cond=True, use_layer3d_rope=True))
    assert parameters_of(layered) == RELEASED.transformer + 2 * RELEASED.width


def test_the_text_encoder_takes_16_58_gb() -> None:
    config = Qwen2_5_VLConfig(text_config=TEXT, vision_config=VISION, tie_word_embeddings=False)
    encoder = on_meta(lambda: Qwen2_5_VLForConditionalGeneration(config))
    assert parameters_of(encoder) == RELEASED.text_encoder
    assert max(parameter.numel() for parameter in encoder.parameters()) == RELEASED.unblocked
    assert round(2 * RELEASED.text_encoder / 1e9, 2) == 16.58


@pytest.mark.parametrize("channels", [3, 4])
def test_the_vae_takes_a_quarter_of_a_gigabyte(channels: int) -> None:
    vae = on_meta(lambda: AutoencoderKLQwenImage(input_channels=channels))
    assert vae.config.base_dim == RELEASED.vae_width
    assert abs(parameters_of(vae) - RELEASED.vae) < 10_000
    assert round(2 * parameters_of(vae) / 1e9, 2) == 0.25


def test_the_catalog_tells_what_is_downloaded() -> None:
    weights = 2 * (RELEASED.transformer + RELEASED.text_encoder + RELEASED.vae)
    for model in MODELS.values():
        if model.checkpoint.repository:
            assert model.checkpoint.size_bytes == pytest.approx(weights, rel=0.01)


def test_measuring_counts_what_torch_counts(tiny_model: Path) -> None:

    sizes = measure(folders_of(tiny_model))
    plan = choose_plan("tiny", find_device("cpu"), 0, sizes)
    for role in ("transformer", "text_encoder", "vae"):
        assert parameters_of(load_component(role, tiny_model / role, plan)) == getattr(sizes, role)
    for name in ComponentSizes.__slots__:
        if name != "transformer":  # the layered one, which has an embedding more
            assert getattr(sizes, name) == getattr(NANO, name), name
