"""Converts a model's output pictures into a layer stack, with cleaned alpha, kinds and names."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from lamina.core.layers import Layer, LayerKind, LayerStack, Pixels
from lamina.engines.colours import colour_word

_ALPHA_TOLERANCE = 10  # levels of VAE noise around fully transparent and fully opaque
_GROUND_SHARE = 0.9  # minimum coverage of the lowest layer to count as the background


def stack_of(images: Sequence[Image.Image], is_raw: bool = False) -> LayerStack:
    """The stack of `images`, RGBA of one size, bottom first. Empty images become layers, since n were requested.

    `is_raw`: keeps the alpha unchanged.
    """
    width, height = images[0].size
    layers: list[Layer] = []
    for index, image in enumerate(images):
        pixels = np.array(image.convert("RGBA"))
        if not is_raw:
            pixels[..., 3] = _clean_alpha(pixels[..., 3])
        is_ground = index == 0 and (pixels[..., 3] > 127).mean() > _GROUND_SHARE
        kind = LayerKind.BACKGROUND if is_ground else LayerKind.OBJECT
        layers.append(Layer("Background" if is_ground else _name(index + 1, pixels), kind, pixels))
    return LayerStack(width, height, tuple(layers))


def _name(number: int, pixels: Pixels) -> str:
    """ "Layer 2 (red)", or "Layer 4 (empty)" for an empty image."""
    shown = pixels[pixels[..., 3] > 127][:, :3]
    return f"Layer {number} ({colour_word(shown) if len(shown) else 'empty'})"


def _clean_alpha(alpha: Pixels) -> Pixels:
    return np.where(alpha <= _ALPHA_TOLERANCE, 0, np.where(alpha >= 255 - _ALPHA_TOLERANCE, 255, alpha)).astype(
        np.uint8
    )
