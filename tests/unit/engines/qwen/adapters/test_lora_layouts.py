"""Whoever trained it: a LoRA does to the picture what adding its matrices to the weights would do, or is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from diffusers import QwenImagePipeline  # noqa: E402
from lora_writing import (  # noqa: E402
    LAYOUTS,
    NAMES,
    in_layout,
    lora,
    merged,
    output,
    saved,
    saved_lora,
    transformer,
)
from peft import LoraConfig  # noqa: E402
from peft.utils import get_peft_model_state_dict  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from lamina.core.errors import ErrorCode, LaminaError  # noqa: E402
from lamina.engines.qwen.adapters.places import LoraPlaces  # noqa: E402
from lamina.engines.qwen.adapters.switching import Adapters  # noqa: E402

torch.set_num_threads(1)
Tensors = dict[str, Tensor]


@pytest.fixture(scope="module")
def model() -> nn.Module:
    return transformer()


def applied(path: Path, tensors: Tensors, metadata: dict[str, str] | None = None, scale: float = 1.0) -> Tensor:
    own = transformer()
    with Adapters(own).active([(saved(path, tensors, metadata), scale)]):
        return output(own)


def refusal(tmp_path: Path, tensors: Tensors, metadata: dict[str, str] | None = None) -> str:
    with pytest.raises(LaminaError) as refused:
        applied(tmp_path / "lora.safetensors", tensors, metadata)
    assert refused.value.code is ErrorCode.LORA_UNUSABLE
    return str(refused.value)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_does_what_merging_by_hand_does(model: nn.Module, tmp_path: Path, layout: str) -> None:
    made = lora(model)
    by_hand = output(merged(model, (made, 0.7)))
    assert (by_hand - output(model)).abs().max() > 0.05
    torch.testing.assert_close(
        applied(tmp_path / "lora.safetensors", *in_layout(layout, made), scale=0.7), by_hand, rtol=1e-5, atol=2e-6
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_numbers_of_any_width_are_read(model: nn.Module, tmp_path: Path, dtype: torch.dtype) -> None:
    tensors, _ = in_layout("lightx2v", lora(model))
    narrow = {key: tensor.to(dtype) for key, tensor in tensors.items()}
    wide = {key: tensor.float() for key, tensor in narrow.items()}
    assert torch.equal(applied(tmp_path / "a.safetensors", narrow), applied(tmp_path / "b.safetensors", wide))


def test_every_linear_layer_can_be_named_with_underscores(model: nn.Module, tmp_path: Path) -> None:
    names = tuple(name for name, module in model.named_modules() if isinstance(module, nn.Linear))
    made = lora(model, names, strength=0.05)
    by_hand = output(merged(model, (made, 0.1)))
    tensors, metadata = in_layout("kohya and musubi-tuner", made)
    assert len(names) == 90
    torch.testing.assert_close(
        applied(tmp_path / "lora.safetensors", tensors, metadata, 0.1), by_hand, rtol=1e-4, atol=1e-5
    )


def test_what_peft_trained_and_diffusers_saved_here_comes_out_as_it_was(tmp_path: Path) -> None:
    trained = transformer()
    config = LoraConfig(
        r=4, lora_alpha=3, target_modules=["to_q", "img_mod.1"], init_lora_weights=False, rank_pattern={"to_q": 2},
        alpha_pattern={"img_mod.1": 2}, use_rslora=True,
    )  # fmt: skip
    trained.add_adapter(config, "own")
    layers = get_peft_model_state_dict(trained, adapter_name="own")
    facts = {"transformer_lora_adapter_metadata": trained.peft_config["own"].to_dict()}
    QwenImagePipeline.save_lora_weights(tmp_path, transformer_lora_layers=layers, **facts)
    own = transformer()
    with Adapters(own).active([(LoraPlaces(tmp_path / "cache").find(str(tmp_path)), 1.0)]):
        assert torch.equal(output(own), output(trained))


STRANGERS = {
    "FLUX.1": "transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight",
    "FLUX.2": "diffusion_model.double_stream_modulation_img.lin.lora_A.weight",
    "HunyuanVideo": "lora_unet_double_blocks_19_img_attn_qkv.lora_down.weight",
    "Wan": "diffusion_model.blocks.0.self_attn.q.lora_A.weight",
    "Z-Image or Lumina": "diffusion_model.layers.0.attention.to_q.lora_A.weight",
    "Stable Diffusion XL": "lora_unet_down_blocks_1_attentions_0_transformer_blocks_1_attn1_to_q.lora_down.weight",
    "Stable Diffusion 1 or 2": "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q.lora_down.weight",
    "Stable Diffusion 3": "transformer.transformer_blocks.0.ff_context.net.2.lora_A.weight",
    "LTX-Video or PixArt": "transformer.transformer_blocks.0.attn1.to_q.lora_A.weight",
    "Cosmos or Anima": "diffusion_model.blocks.0.self_attn.q_proj.lora_A.weight",
    "HiDream": "diffusion_model.double_stream_blocks.0.block.attn1.to_q.lora_A.weight",
    "a language model": "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",
}


@pytest.mark.parametrize(("name", "key"), STRANGERS.items())
def test_a_lora_for_another_model_is_refused_by_its_name(tmp_path: Path, name: str, key: str) -> None:
    up_key = key.replace("lora_A", "lora_B").replace("lora_down", "lora_up")
    said = refusal(tmp_path, {key: torch.ones(2, 8), up_key: torch.ones(8, 2)})
    assert f"it is for {name}, not for Qwen-Image" in said


def test_a_stranger_that_says_what_it_is_for_is_believed(tmp_path: Path) -> None:
    tensors = {"unheard.of.lora_A.weight": torch.ones(2, 8), "unheard.of.lora_B.weight": torch.ones(8, 2)}
    assert "it is for 'novel-v1', not for Qwen-Image" in refusal(
        tmp_path, tensors, {"modelspec.architecture": "novel-v1"}
    )
    assert "unheard.of.lora_A.weight" in refusal(tmp_path, tensors, {"ss_base_model_version": "qwen_image"})


def test_a_lora_that_fits_by_accident_is_refused_if_it_says_so(model: nn.Module, tmp_path: Path) -> None:
    tensors, _ = in_layout("bare", lora(model))
    metadata = {"modelspec.architecture": "flux-1-dev/lora"}
    assert "it is for FLUX.1, not for Qwen-Image" in refusal(tmp_path, tensors, metadata)


def _wrong_inputs(tensors: Tensors) -> None:
    tensors[f"{NAMES[0]}.lora_down.weight"] = torch.ones(1, 3072)


def _unlike_ranks(tensors: Tensors) -> None:
    tensors[f"{NAMES[0]}.lora_down.weight"] = torch.ones(3, 192)


def _no_rank(tensors: Tensors) -> None:
    tensors[f"{NAMES[0]}.lora_down.weight"] = torch.ones(0, 192)
    tensors[f"{NAMES[0]}.lora_up.weight"] = torch.ones(192, 0)


def _one_matrix(tensors: Tensors) -> None:
    del tensors[f"{NAMES[0]}.lora_up.weight"]


def _alpha_alone(tensors: Tensors) -> None:
    tensors["proj_out.alpha"] = torch.tensor(1.0)


def _not_finite(tensors: Tensors) -> None:
    tensors[f"{NAMES[0]}.lora_up.weight"][3, 0] = float("nan")


def _whole_numbers(tensors: Tensors) -> None:
    tensors[f"{NAMES[0]}.lora_up.weight"] = torch.ones(192, 1, dtype=torch.int8)


def _odd_alpha(tensors: Tensors) -> None:
    tensors[f"{NAMES[0]}.alpha"] = torch.tensor(float("inf"))


def _two_of_one(tensors: Tensors) -> None:
    tensors[f"transformer.{NAMES[0]}.lora_A.weight"] = torch.ones(1, 192)


def _no_place(tensors: Tensors) -> None:
    tensors["transformer_blocks.0.attn.norm_q.weight"] = torch.ones(32)


def _larger_model(tensors: Tensors) -> None:
    tensors["transformer_blocks.59.attn.to_q.lora_down.weight"] = torch.ones(1, 192)


def _dora(tensors: Tensors) -> None:
    tensors[f"{NAMES[0]}.dora_scale"] = torch.ones(192)


def _lokr(tensors: Tensors) -> None:
    tensors["proj_out.lokr_w1"] = torch.ones(4, 4)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_wrong_inputs, "has 192 x 192 inputs and outputs in the model, but 3072 x 192 in the LoRA"),
        (_unlike_ranks, "do not match: (3, 192) and (192, 1)"),
        (_no_rank, "do not match"),
        (_one_matrix, "only one of its two matrices"),
        (_alpha_alone, "only one of its two matrices"),
        (_not_finite, "non-finite"),
        (_whole_numbers, "non-finite"),
        (_odd_alpha, "its alpha for"),
        (_two_of_one, f"it contains '{NAMES[0]}' twice"),
        (_no_place, "10 of its modules match this model, but these do not: transformer_blocks.0"),
        (_larger_model, "it has a block 60, and this model has 6 blocks"),
        (_dora, "it is a DoRA"),
        (_lokr, "it is a LoKr"),
        (lambda tensors: tensors.clear(), "it is empty"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_and_named(
    model: nn.Module, tmp_path: Path, spoil: Callable[[Tensors], None], said: str
) -> None:
    tensors, _ = in_layout("lightx2v", lora(model))
    spoil(tensors)
    assert said in refusal(tmp_path, tensors)


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ('{"transformer.use_dora": true}', "it is a DoRA"),
        ('{"transformer.lora_alpha": "much"}', "its alpha for"),
        ('{"transformer.lora_alpha": true}', "its alpha for"),
        ("[1]", "is damaged"),
        ("{", "is damaged"),
        ("[" * 100_000, "is damaged"),
    ],
)
def test_a_spoilt_configuration_is_refused(model: nn.Module, tmp_path: Path, metadata: str, said: str) -> None:
    tensors, _ = in_layout("bare", lora(model))
    assert said in refusal(tmp_path, tensors, {"lora_adapter_metadata": metadata})


def test_a_refused_lora_leaves_the_transformer_as_it_was(model: nn.Module, tmp_path: Path) -> None:
    own = transformer()
    adapters = Adapters(own)
    good = saved_lora(tmp_path / "good.safetensors", lora(model))
    tensors, _ = in_layout("lightx2v", lora(model))
    _wrong_inputs(tensors)
    bad = saved(tmp_path / "bad.safetensors", tensors)
    with pytest.raises(LaminaError), adapters.active([(good, 1.0), (bad, 1.0)]):
        pass
    assert adapters.loaded == ()
    assert torch.equal(output(own), output(model))
    assert not any("lora" in name for name, _ in own.named_parameters())
