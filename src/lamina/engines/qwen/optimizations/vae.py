"""Speeds up the family's video VAE for single pictures, the only inputs that it gets here.

`QwenImageCausalConv3d` pads two frames of zeros before the first, so for one frame only the last temporal tap of each
kernel has non-zero input: a 2-D convolution with `weight[:, :, -1]` gives the same result (up to rounding) with a third
of the arithmetic. The cache of frames in the video code is skipped.

Shapes: B pictures, C channels, H x W pixels or latents; F frames, always one.
"""

from functools import partial

import torch
import torch.nn.functional as functional
from diffusers import AutoencoderKLQwenImage
from diffusers.models.autoencoders.autoencoder_kl_qwenimage import (
    QwenImageAttentionBlock,
    QwenImageCausalConv3d,
    QwenImageMidBlock,
    QwenImageResample,
    QwenImageResidualBlock,
    QwenImageRMS_norm,
)
from diffusers.models.autoencoders.vae import DecoderOutput
from torch import nn

_LEAST_LENGTH = 1e-12  # the epsilon of `functional.normalize`
# Pixels per batch; larger pictures are processed one at a time, as the memory estimate assumes.
_TOGETHER_PX = 256 * 256


def optimize_vae(vae: AutoencoderKLQwenImage) -> None:
    """Patches the VAE in place for single frames; several frames and tiling use the diffusers code.

    The weights keep their values and shapes, but the last tap of each kernel becomes contiguous in memory, in
    channels-last order.
    """
    for module in vae.modules():
        if isinstance(module, QwenImageCausalConv3d):
            taps_first = module.weight.data.permute(2, 0, 3, 4, 1).contiguous()
            module.weight.data = taps_first.permute(1, 4, 0, 2, 3)
        elif isinstance(module, nn.Conv2d):
            module.weight.data = module.weight.data.contiguous(memory_format=torch.channels_last)
    vae._encode = partial(_encode, vae, vae._encode)
    vae._decode = partial(_decode, vae, vae._decode)
    vae.use_slicing = False  # replaced by `_in_parts`


def _encode(vae: AutoencoderKLQwenImage, general, x_BCFHW: torch.Tensor) -> torch.Tensor:
    if vae.use_tiling or x_BCFHW.shape[2] != 1 or torch.is_grad_enabled():
        return general(x_BCFHW)
    return _in_parts(partial(_encoded, vae), x_BCFHW, x_BCFHW.shape[-2] * x_BCFHW.shape[-1])


def _decode(
    vae: AutoencoderKLQwenImage, general, z_BCFHW: torch.Tensor, return_dict: bool = True
) -> DecoderOutput | tuple[torch.Tensor]:
    if vae.use_tiling or z_BCFHW.shape[2] != 1 or torch.is_grad_enabled():
        return general(z_BCFHW, return_dict=return_dict)
    pixels = z_BCFHW.shape[-2] * z_BCFHW.shape[-1] * vae.spatial_compression_ratio**2
    decoded = _in_parts(partial(_decoded, vae), z_BCFHW, pixels)
    return DecoderOutput(sample=decoded) if return_dict else (decoded,)


def _in_parts(work, x_BCFHW: torch.Tensor, pixels: int) -> torch.Tensor:
    parts = [work(part[:, :, 0]) for part in x_BCFHW.split(max(1, _TOGETHER_PX // pixels))]
    return torch.cat(parts).contiguous().unsqueeze(2)


def _encoded(vae: AutoencoderKLQwenImage, x_BCHW: torch.Tensor) -> torch.Tensor:
    encoder = vae.encoder
    x_BCHW = _convolved(encoder.conv_in, x_BCHW.contiguous(memory_format=torch.channels_last))
    for layer in encoder.down_blocks:
        x_BCHW = _LAYERS[type(layer)](layer, x_BCHW)
    x_BCHW = _middle(encoder.mid_block, x_BCHW)
    return _convolved(vae.quant_conv, _convolved(encoder.conv_out, _activated(encoder.norm_out, x_BCHW)))


def _decoded(vae: AutoencoderKLQwenImage, z_BCHW: torch.Tensor) -> torch.Tensor:
    decoder = vae.decoder
    x_BCHW = _convolved(vae.post_quant_conv, z_BCHW).contiguous(memory_format=torch.channels_last)
    x_BCHW = _middle(decoder.mid_block, _convolved(decoder.conv_in, x_BCHW))
    for block in decoder.up_blocks:
        for layer in [*block.resnets, *(block.upsamplers or [])]:
            x_BCHW = _LAYERS[type(layer)](layer, x_BCHW)
    return _convolved(decoder.conv_out, _activated(decoder.norm_out, x_BCHW)).clamp_(-1.0, 1.0)


def _middle(block: QwenImageMidBlock, x_BCHW: torch.Tensor) -> torch.Tensor:
    x_BCHW = _residual(block.resnets[0], x_BCHW)
    for attention, residual in zip(block.attentions, block.resnets[1:], strict=True):
        x_BCHW = _residual(residual, _attended(attention, x_BCHW))
    return x_BCHW


def _residual(block: QwenImageResidualBlock, x_BCHW: torch.Tensor) -> torch.Tensor:
    past_BCHW = x_BCHW if isinstance(block.conv_shortcut, nn.Identity) else _convolved(block.conv_shortcut, x_BCHW)
    x_BCHW = _convolved(block.conv1, _activated(block.norm1, x_BCHW))
    return _convolved(block.conv2, _activated(block.norm2, x_BCHW)).add_(past_BCHW)


def _attended(block: QwenImageAttentionBlock, x_BCHW: torch.Tensor) -> torch.Tensor:
    """Single-head attention over all positions."""
    triple_B1LC = _convolved(block.to_qkv, _normed(block.norm, x_BCHW)).flatten(2).transpose(1, 2).unsqueeze(1)
    mixed_B1LC = functional.scaled_dot_product_attention(*triple_B1LC.chunk(3, dim=-1))
    return _convolved(block.proj, mixed_B1LC.squeeze(1).transpose(1, 2).reshape(x_BCHW.shape)).add_(x_BCHW)


def _resampled(layer: QwenImageResample, x_BCHW: torch.Tensor) -> torch.Tensor:
    """Without the temporal convolution, which diffusers also skips for the first frame."""
    if layer.mode.startswith("upsample"):
        x_BCHW = functional.interpolate(x_BCHW, scale_factor=2.0, mode="nearest-exact")
        return _convolved(layer.resample[1], x_BCHW)
    return layer.resample(x_BCHW)


def _convolved(layer: nn.Conv2d | nn.Conv3d, x_BCHW: torch.Tensor) -> torch.Tensor:
    if isinstance(layer, nn.Conv2d):
        return layer(x_BCHW)
    left, _, top, *_ = layer._padding
    return functional.conv2d(x_BCHW, layer.weight[:, :, -1], layer.bias, layer.stride[1:], (top, left))


def _activated(norm: QwenImageRMS_norm, x_BCHW: torch.Tensor) -> torch.Tensor:
    return functional.silu(_normed(norm, x_BCHW), inplace=True)


def _normed(norm: QwenImageRMS_norm, x_BCHW: torch.Tensor) -> torch.Tensor:
    """Normalises to the length sqrt(C) at each position, then scales per channel."""
    length_B1HW = torch.linalg.vector_norm(x_BCHW, dim=1, keepdim=True, dtype=torch.float32).clamp_min_(_LEAST_LENGTH)
    normed_BCHW = (x_BCHW / length_B1HW).mul_(norm.gamma.reshape(-1, 1, 1) * norm.scale)
    return normed_BCHW.add_(norm.bias).to(x_BCHW.dtype)


_LAYERS = {
    QwenImageResidualBlock: _residual,
    QwenImageAttentionBlock: _attended,
    QwenImageResample: _resampled,
}
