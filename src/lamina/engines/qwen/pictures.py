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
    return with_alpha(np.asarray(_at(image.convert("RGB"), size)), 255)


def kept_outside(made: Pixels, start: Pixels, mask: Pixels) -> Pixels:
    """`made` where `mask` is white, `start` where it is black, mixed where it is grey; all (height, width, 4).

    A VAE changes every pixel a little, also those that nobody asked to be changed. All at the size of `made`; what
    shows through the start is white, as the model has seen it.
    """
    size = made.shape[1], made.shape[0]
    share = np.asarray(_at(mask_image(mask), size), np.float32)[..., None] / 255
    before = with_alpha(np.asarray(_at(for_pipeline(start, 3), size)), 255)
    return np.rint(before * (1 - share) + made * share).astype(np.uint8)


def mask_image(mask: Pixels) -> Image.Image:
    """`mask` (height, width, 4) in grey, as the pipelines take it."""
    black = np.zeros_like(mask)
    black[..., 3] = 255
    return Image.fromarray(over(black, mask)[..., :3]).convert("L")


def with_alpha(rgb: Pixels, alpha: int) -> Pixels:
    """(height, width, 4): colour `rgb` (height, width, 3) with one alpha for all."""
    return np.concatenate([rgb, np.full((*rgb.shape[:2], 1), alpha, np.uint8)], -1)


def _at(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image if image.size == size else image.resize(size, Image.Resampling.BICUBIC)
