"""Converts images from their embedded ICC profile to sRGB."""

import io
from functools import cache

import numpy as np
from PIL import Image, ImageCms

_GRID_STEPS = 17  # per axis of the RGB grid that tests whether a profile equals sRGB
_SAME_WITHIN = 1  # levels of 255: the error of rounding


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Converts an image of mode L, RGB, CMYK or LAB to mode RGB in sRGB.

    Without a profile, or with an unusable one (corrupt, or for other channels), Pillow's own conversion applies. If the
    profile is equivalent to sRGB, the samples stay exactly as they are.
    """
    transform = _transform(image.mode, profile) if profile or image.mode == "LAB" else None
    if transform is None or (image.mode in ("L", "RGB") and _is_identity(transform, image.mode)):
        return image if image.mode == "RGB" else image.convert("RGB")
    return transform.apply(image)


def is_srgb(profile: bytes, mode: str) -> bool:
    """True if `to_srgb` keeps the samples of an image of mode L or RGB: the profile equals sRGB or is unusable."""
    transform = _transform(mode, profile)
    return transform is None or _is_identity(transform, mode)


def _transform(mode: str, profile: bytes | None) -> ImageCms.ImageCmsTransform | None:
    try:
        source = ImageCms.createProfile("LAB") if profile is None else ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.buildTransform(
            source,
            _srgb(),
            inMode=mode,
            outMode="RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return _transform(mode, None) if mode == "LAB" and profile is not None else None


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _is_identity(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    steps = np.linspace(0, 255, _GRID_STEPS if mode == "RGB" else 256).round().astype(np.uint8)
    if mode == "RGB":
        grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(1, -1, 3)
    else:
        grid = steps[None, :]
    samples = Image.fromarray(grid)
    difference = np.abs(np.asarray(transform.apply(samples)).astype(int) - np.asarray(samples.convert("RGB")))
    return int(difference.max()) <= _SAME_WITHIN
