"""A model's layers as a stack: what is certain of their alpha made plain, each with a kind and a name."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from lamina.core.layers import Layer, LayerKind, LayerStack, Pixels
from lamina.engines.colours import colour_word

_SURELY = 10  # levels from clear or opaque that a VAE leaves where it means just that
_GROUND_SHARE = 0.9  # of the picture that the lowest layer covers if it is a background


def stack_of(images: Sequence[Image.Image], is_raw: bool = False) -> LayerStack:
    """`images`: RGBA of one size, bottom first. Each becomes a layer, an empty one too: their number was asked for.

    `is_raw`: alpha stays as it came.
    """
    width, height = images[0].size
    layers: list[Layer] = []
    for index, image in enumerate(images):
        pixels = np.array(image.convert("RGBA"))
        if not is_raw:
            pixels[..., 3] = _plain(pixels[..., 3])
        is_ground = index == 0 and (pixels[..., 3] > 127).mean() > _GROUND_SHARE
        kind = LayerKind.BACKGROUND if is_ground else LayerKind.OBJECT
        layers.append(Layer("Background" if is_ground else _name(index + 1, pixels), kind, pixels))
    return LayerStack(width, height, tuple(layers))


def _name(number: int, pixels: Pixels) -> str:
    """ "Layer 2 (red)"; "Layer 4 (empty)" where the model found nothing more."""
    shown = pixels[pixels[..., 3] > 127][:, :3]
    return f"Layer {number} ({colour_word(shown) if len(shown) else 'empty'})"


def _plain(alpha: Pixels) -> Pixels:
    return np.where(alpha <= _SURELY, 0, np.where(alpha >= 255 - _SURELY, 255, alpha)).astype(np.uint8)
