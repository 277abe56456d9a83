"""The released models' components, built on the meta device, have the parameters that we reckon with, and are built of
what a folder's configs must say to be taken for theirs.
"""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import AutoencoderKLQwenImage, QwenImageTransformer2DModel
from tiny_checkpoint import folders_of
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from lab.nano.build import parameters_of
from lamina.core.catalog import MODELS
from lamina.engines.qwen.component_loading import load_component
from lamina.engines.qwen.devices import find_device
from lamina.engines.qwen.measuring import measure
from lamina.engines.qwen.needs import NANO, RELEASED, ComponentSizes
from lamina.engines.qwen.pipelines import Work
from lamina.engines.qwen.placement import choose_plan
from lamina.engines.weights import architecture

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
    transformer = on_meta(lambda: QwenImageTransformer2DModel(**architecture.RELEASED["qwen-image"].transformer))
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
    config = architecture.RELEASED["qwen-image-layered"].transformer
    layered = on_meta(lambda: QwenImageTransformer2DModel(**config))
    assert parameters_of(layered) == RELEASED.transformer + 2 * RELEASED.width


def test_the_text_encoder_takes_16_58_gb() -> None:
    config = Qwen2_5_VLConfig(text_config=TEXT, vision_config=VISION, tie_word_embeddings=False)
    encoder = on_meta(lambda: Qwen2_5_VLForConditionalGeneration(config))
    assert parameters_of(encoder) == RELEASED.text_encoder
    assert max(parameter.numel() for parameter in encoder.parameters()) == RELEASED.unblocked
    assert round(2 * RELEASED.text_encoder / 1e9, 2) == 16.58


@pytest.mark.parametrize(("name", "channels"), [("qwen-image", 3), ("qwen-image-layered", 4)])
def test_the_vae_takes_a_quarter_of_a_gigabyte(name: str, channels: int) -> None:
    vae = on_meta(lambda: AutoencoderKLQwenImage(**architecture.RELEASED[name].vae))
    assert vae.config.input_channels == channels
    assert vae.config.base_dim == RELEASED.vae_width
    assert abs(parameters_of(vae) - RELEASED.vae) < 10_000
    assert round(2 * parameters_of(vae) / 1e9, 2) == 0.25


def test_what_a_config_does_not_say_is_as_diffusers_has_it() -> None:
    first = architecture.RELEASED["qwen-image"]
    for of, config in ((QwenImageTransformer2DModel, first.transformer), (AutoencoderKLQwenImage, first.vae)):
        parameters = inspect.signature(of.__init__).parameters
        assert {key: parameters[key].default for key in config} == config


def test_every_released_model_has_an_architecture_whose_pipeline_we_run() -> None:
    assert list(architecture.RELEASED) == [name for name, model in MODELS.items() if model.checkpoint.repository]
    assert {one.pipeline for one in architecture.RELEASED.values()} <= {work.value.__name__ for work in Work}


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
