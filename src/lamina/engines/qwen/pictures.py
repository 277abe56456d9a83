"""Converts pictures between arrays and the Pillow images of a pipeline, with and without alpha."""

import numpy as np
from PIL import Image

from lamina.core.composite import over
from lamina.core.layers import Pixels

_WHITE = 255


def for_pipeline(pixels: Pixels, channels: int) -> Image.Image:
    """`pixels` (height, width, 4) on white, as RGB or opaque RGBA for a model with `channels` channels.

    The models were trained on opaque pictures.
    """
    flat = over(np.full_like(pixels, _WHITE), pixels)
    return Image.fromarray(flat if channels == 4 else np.ascontiguousarray(flat[..., :3]))


def opaque(image: Image.Image, size: tuple[int, int]) -> Pixels:
    """(height, width, 4): a generated picture resized to `size` (width, height), made opaque."""
    return with_alpha(np.asarray(_resized(image.convert("RGB"), size)), 255)


def kept_outside(made: Pixels, start: Pixels, mask: Pixels) -> Pixels:
    """`made` where `mask` is white, `start` where it is black, blended where it is grey; all (height, width, 4).

    Needed because a VAE changes every pixel slightly. The inputs are resized to the size of `made`; the start image is
    composited on white, as for the model.
    """
    size = made.shape[1], made.shape[0]
    share = np.asarray(_resized(mask_image(mask), size), np.float32)[..., None] / 255
    before = with_alpha(np.asarray(_resized(for_pipeline(start, 3), size)), 255)
    return np.rint(before * (1 - share) + made * share).astype(np.uint8)


def mask_image(mask: Pixels) -> Image.Image:
    """`mask` (height, width, 4) as a greyscale image for the pipelines."""
    black = np.zeros_like(mask)
    black[..., 3] = 255
    return Image.fromarray(over(black, mask)[..., :3]).convert("L")


def with_alpha(rgb: Pixels, alpha: int) -> Pixels:
    """(height, width, 4): `rgb` (height, width, 3) with a constant alpha."""
    return np.concatenate([rgb, np.full((*rgb.shape[:2], 1), alpha, np.uint8)], -1)


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image if image.size == size else image.resize(size, Image.Resampling.BICUBIC)
