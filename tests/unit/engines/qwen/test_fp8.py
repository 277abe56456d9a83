"""What 8-bit arithmetic costs: worked out in 32 bits with each row rounded as the GPUs that have it round it."""

from copy import deepcopy

import pytest
import torch
import torch.nn.functional as functional
from diffusers import QwenImageTransformer2DModel
from torch import nn

from lamina.engines.qwen.needs import RELEASED
from lamina.engines.qwen.quantising import is_quantised

MOST_ERROR = 0.03
_LARGEST = torch.finfo(torch.float8_e4m3fn).max


def rounded(x: torch.Tensor) -> torch.Tensor:
    """To 8-bit floats, with a scale for each row."""
    scale = x.abs().amax(-1, keepdim=True).clamp_min(1e-12) / _LARGEST
    return (x / scale).to(torch.float8_e4m3fn).float() * scale


class Rounded(nn.Module):
    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.weight, self.bias = rounded(linear.weight.data), linear.bias

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.linear(rounded(x), self.weight, self.bias)


@pytest.fixture(scope="module")
def exact() -> QwenImageTransformer2DModel:
    """Two blocks a third as wide as the released ones, with heads of their size. As torch draws weights, blocks change
    hardly anything; of unit gain, as here, they matter as much as what passes them by.
    """
    torch.set_num_threads(1)
    torch.manual_seed(0)
    transformer = QwenImageTransformer2DModel(num_layers=2, num_attention_heads=8, joint_attention_dim=256)
    for module in transformer.modules():
        if isinstance(module, nn.Linear):
            module.weight.data.normal_(0, module.in_features**-0.5)
    return transformer.eval().requires_grad_(False)


def prediction(transformer: QwenImageTransformer2DModel) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    with torch.inference_mode():
        return transformer(
            hidden_states=torch.randn(1, 6 * 16, 64, generator=generator),
            encoder_hidden_states=torch.randn(1, 16, 256, generator=generator),
            timestep=torch.tensor([0.7]),
            img_shapes=[[(1, 4, 4)] * 6],
            return_dict=False,
        )[0]


def error_of(exact: QwenImageTransformer2DModel, is_modulation_too: bool) -> float:
    quick = deepcopy(exact)
    for name, module in list(quick.named_modules()):
        if isinstance(module, nn.Linear) and is_quantised(name, is_modulation_too):
            quick.set_submodule(name, Rounded(module))
    truth = prediction(exact)
    return float((prediction(quick) - truth).norm() / truth.norm())


def test_the_prediction_is_off_by_3_percent_at_most(exact: QwenImageTransformer2DModel) -> None:
    error = error_of(exact, False)
    assert 0.001 < error <= MOST_ERROR
    assert error < error_of(exact, True), "modulation in 8 bits costs more than all the rest"


def test_what_stays_in_16_bits_is_counted() -> None:
    with torch.device("meta"):
        blocks = QwenImageTransformer2DModel(num_layers=1)
    linear = {name: module for name, module in blocks.named_modules() if isinstance(module, nn.Linear)}
    in_8_bits = sum(module.weight.numel() for name, module in linear.items() if is_quantised(name))
    assert in_8_bits * 60 == RELEASED.matrices - RELEASED.sensitive
    assert not any(is_quantised(name) for name in linear if not name.startswith("transformer_blocks"))
