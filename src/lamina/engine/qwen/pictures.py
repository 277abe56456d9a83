"""Pictures on their way into a pipeline and out of it: arrays and Pillow images, with and without alpha."""

import numpy as np
from PIL import Image

from lamina.core.composite import over
from lamina.core.layers import Pixels

_WHITE = 255


def for_pipeline(pixels: Pixels, channels: int) -> Image.Image:
    """`pixels` (height, width, 4) as a model with so many channels takes a picture without transparency.

    What shows through is white: the models were trained on opaque pictures.
    """
    flat = over(np.full_like(pixels, _WHITE), pixels)
    return Image.fromarray(flat if channels == 4 else np.ascontiguousarray(flat[..., :3]))


def opaque(image: Image.Image, size: tuple[int, int]) -> Pixels:
    """(height, width, 4): a generated picture at `size` (width, height), opaque whatever alpha a VAE gave it."""
    image = image.convert("RGB")
    if image.size != size:
        image = image.resize(size, Image.Resampling.BICUBIC)
    return with_alpha(np.asarray(image), 255)


def with_alpha(rgb: Pixels, alpha: int) -> Pixels:
    """(height, width, 4): colour `rgb` (height, width, 3) with one alpha for all."""
    return np.concatenate([rgb, np.full((*rgb.shape[:2], 1), alpha, np.uint8)], -1)
