"""In which numbers a model is held while it is trained on, and what is told where that does not fit."""

import pytest
import torch
from diffusers import QwenImageTransformer2DModel

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.placement import Precision
from lamina.core.training_options import OptimizerName, Targets, TrainingOptions
from lamina.engines.qwen.devices import Device
from lamina.engines.qwen.needs import NANO, RELEASED
from lamina.engines.qwen.training.adapter import TrainedAdapter
from lamina.engines.qwen.training.flow import Batch, loss_of
from lamina.engines.qwen.training.precision import ADAPTER_WIDTHS, TrainingLoad, training_plan

LOAD = TrainingLoad(
    tokens=8_700,
    blocks=60,
    adapter=16 * 3072 * 60 * 16,
    batch=1,
    is_checkpointed=True,
    optimizer=OptimizerName.ADAMW,
)


def gpu(gigabytes: float) -> Device:
    return Device("cuda:0", "a GPU", round(gigabytes * 1e9), round(gigabytes * 1e9))


@pytest.mark.parametrize(
    ("gigabytes", "base", "held"),
    [(80, "auto", Precision.BF16), (40, "auto", Precision.FP8), (80, "fp8", Precision.FP8)],
)
def test_the_base_is_in_8_bits_where_16_do_not_fit_or_it_is_asked_for(
    gigabytes: float, base: str, held: Precision
) -> None:
    plan = training_plan("qwen-image-edit-2511", gpu(gigabytes), RELEASED, LOAD, TrainingOptions(base=base), False)
    assert plan.precision is held


def test_where_nothing_fits_it_is_told_how_much_it_would_be_and_what_needs_less() -> None:
    with pytest.raises(
        LaminaError, match=r"about 3\d GB .* but 24 GB are free.*adamw8bit.*lower resolution"
    ) as refused:
        training_plan("qwen-image-edit-2511", gpu(24), RELEASED, LOAD, TrainingOptions(), False)
    assert refused.value.code is ErrorCode.OUT_OF_MEMORY
    with pytest.raises(LaminaError, match="training_base = fp8"):
        training_plan("qwen-image-edit-2511", gpu(40), RELEASED, LOAD, TrainingOptions(base="bf16"), False)


def test_nano_is_held_in_32_bits() -> None:
    assert training_plan("nano", gpu(1), NANO, LOAD, TrainingOptions(), True).precision is Precision.FP32


@pytest.mark.parametrize("targets", Targets)
def test_the_size_of_a_lora_is_known_before_it_is_made(targets: Targets) -> None:
    with torch.device("meta"):
        transformer = QwenImageTransformer2DModel(num_layers=2)
    adapter = TrainedAdapter(transformer, 3, 3.0, targets, seed=0)
    numbers = sum(parameter.numel() for parameter in adapter.parameters)
    assert numbers == ADAPTER_WIDTHS[targets] * RELEASED.width * 2 * 3


def test_in_bfloat16_the_lora_learns_in_32_bits_and_references_without_noise_are_heeded() -> None:
    """As Qwen-Image-Edit-2511 is: its references are modulated as if at no noise (`zero_cond_t`)."""
    torch.manual_seed(0)
    transformer = QwenImageTransformer2DModel(
        num_layers=2,
        attention_head_dim=32,
        num_attention_heads=2,
        joint_attention_dim=16,
        axes_dims_rope=(8, 12, 12),
        zero_cond_t=True,
    ).to(torch.bfloat16)
    adapter = TrainedAdapter(transformer, 2, 2.0, Targets.ATTENTION, seed=0)
    assert {parameter.dtype for parameter in adapter.parameters} == {torch.float32}
    assert [parameter for parameter in transformer.parameters() if parameter.requires_grad] == adapter.parameters
    target, given = torch.randn(1, 1, 4, 64), torch.randn(1, 6, 64)
    batch = Batch(target=target, given=given, words=torch.randn(1, 5, 16), is_word=None, grids=((1, 2, 2), (1, 2, 3)))
    loss = loss_of(transformer, batch, torch.tensor([0.5]), torch.randn_like(target))
    loss.backward()
    assert loss.dtype is torch.float32
    gradients = [parameter.grad for parameter in adapter.parameters if parameter.grad is not None]
    assert {gradient.dtype for gradient in gradients} == {torch.float32}
    assert any(bool(gradient.abs().max() > 0) for gradient in gradients)
