"""Takes a picture from the colours of its embedded ICC profile to sRGB."""

import io
from functools import cache

import numpy as np
from PIL import Image, ImageCms

_GRID_STEPS = 17  # of the test cube that tells whether a profile is sRGB under another name
_SAME_WITHIN = 1  # levels; what rounding alone does


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """`image`: mode L, RGB, CMYK or LAB. The same as RGB.

    Without a profile, or with one that cannot be used (damaged, or made for other channels), by the plain conversion.
    Colours of a profile that is sRGB in effect stay exactly as they are.
    """
    transform = _transform(image.mode, profile) if profile or image.mode == "LAB" else None
    if transform is None or (image.mode in ("L", "RGB") and _changes_nothing(transform, image.mode)):
        return image if image.mode == "RGB" else image.convert("RGB")
    return transform.apply(image)


def changes_nothing(profile: bytes, mode: str) -> bool:
    """True if `to_srgb` leaves a picture of this mode, L or RGB, as it is: the profile is sRGB, or cannot be used."""
    transform = _transform(mode, profile)
    return transform is None or _changes_nothing(transform, mode)


def _transform(mode: str, profile: bytes | None) -> ImageCms.ImageCmsTransform | None:
    try:
        source = ImageCms.createProfile("LAB") if profile is None else ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.buildTransform(
            source,
            _srgb(),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return _transform(mode, None) if mode == "LAB" and profile is not None else None


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    steps = np.linspace(0, 255, _GRID_STEPS if mode == "RGB" else 256).round().astype(np.uint8)
    if mode == "RGB":
        grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(1, -1, 3)
    else:
        grid = steps[None, :]
    samples = Image.fromarray(grid)
    difference = np.abs(np.asarray(transform.apply(samples)).astype(int) - np.asarray(samples.convert("RGB")))
    return int(difference.max()) <= _SAME_WITHIN
