"""The VAE's way for single pictures gives what diffusers' way for videos gives, and leaves videos to it."""

from copy import deepcopy

import pytest
import torch
from diffusers import AutoencoderKLQwenImage

from lab.nano import build
from lamina.engines.qwen.optimizations.vae import optimize_vae

SIZES = [(1, 64, 64), (3, 48, 80), (2, 256, 272)]
"""Pictures, height and width: alone, together, and too large to go together."""


@pytest.fixture(scope="module")
def stock() -> AutoencoderKLQwenImage:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return build.vae().eval()


@pytest.fixture(scope="module")
def quick(stock: AutoencoderKLQwenImage) -> AutoencoderKLQwenImage:
    made = deepcopy(stock)
    optimize_vae(made)
    return made


def picture(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize(("count", "height", "width"), SIZES)
def test_pictures_are_encoded_and_decoded_as_before(
    stock: AutoencoderKLQwenImage, quick: AutoencoderKLQwenImage, count: int, height: int, width: int
) -> None:
    pictures = picture(count, 4, 1, height, width)
    with torch.inference_mode():
        expected, found = (vae.encode(pictures).latent_dist.parameters for vae in (stock, quick))
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
        latents = expected[:, :16]
        decoded = [vae.decode(latents, return_dict=False)[0] for vae in (stock, quick)]
        torch.testing.assert_close(decoded[1], decoded[0], rtol=1e-5, atol=1e-5)
        assert torch.equal(quick.decode(latents).sample, decoded[1])
        assert found.is_contiguous() and decoded[1].is_contiguous()


def test_the_released_architecture_is_the_same_too() -> None:
    torch.manual_seed(0)
    stock = AutoencoderKLQwenImage(input_channels=4).eval()
    with torch.inference_mode():
        encoded = stock.encode(picture(1, 4, 1, 32, 48)).latent_dist.parameters
        decoded = stock.decode(encoded[:, :16]).sample
        optimize_vae(stock)
        quickly = stock.encode(picture(1, 4, 1, 32, 48)).latent_dist.parameters
        torch.testing.assert_close(quickly, encoded, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(stock.decode(encoded[:, :16]).sample, decoded, rtol=1e-5, atol=1e-5)


def test_in_16_bits_it_is_as_near_to_the_truth_as_diffusers_is(stock: AutoencoderKLQwenImage) -> None:
    latents = torch.randn(2, 16, 1, 8, 8, generator=torch.Generator().manual_seed(2)).bfloat16()
    exact = deepcopy(stock).bfloat16().float()
    with torch.inference_mode():
        truth = exact.decode(latents.float()).sample
        found = [deepcopy(stock).bfloat16(), deepcopy(stock).bfloat16()]
        optimize_vae(found[1])
        errors = [float((vae.decode(latents).sample.float() - truth).norm() / truth.norm()) for vae in found]
    assert errors[1] <= 1.1 * errors[0] < 0.05


def test_videos_tiles_and_training_go_the_way_of_diffusers(
    stock: AutoencoderKLQwenImage, quick: AutoencoderKLQwenImage
) -> None:
    video, latents = picture(1, 4, 5, 32, 32), torch.randn(1, 16, 2, 4, 4, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        expected, found = (vae.encode(video).latent_dist.parameters for vae in (stock, quick))
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
        expected, found = (vae.decode(latents).sample for vae in (stock, quick))
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
        large = torch.randn(1, 16, 1, 40, 40, generator=torch.Generator().manual_seed(4))
        for vae in (stock, quick):
            vae.enable_tiling()
        expected, found = (vae.decode(large).sample for vae in (stock, quick))
        for vae in (stock, quick):
            vae.disable_tiling()
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    quick.decode(latents[:, :, :1]).sample.sum().backward()
    assert quick.decoder.conv_in.weight.grad is not None
