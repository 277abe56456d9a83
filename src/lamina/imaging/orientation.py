"""Reads the EXIF orientation of an image and applies it."""

from collections.abc import Callable

import numpy as np
from PIL import ExifTags, Image

from lamina.core.layers import Pixels

UPRIGHT = 1
_XMP_KEYS = ("XML:com.adobe.xmp", "xmp")  # Pillow also reads the orientation from XMP; browsers do not


def exif_orientation(image: Image.Image) -> int:
    """The EXIF orientation 1..8 (EXIF 3.0, tag 0x0112); 1 if it is missing or invalid."""
    info = image.info
    image.info = {name: value for name, value in info.items() if name not in _XMP_KEYS}
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, UPRIGHT)
    except (SyntaxError, ValueError, TypeError, LookupError, OSError, AttributeError):
        return UPRIGHT  # an image with corrupt metadata is still accepted
    finally:
        image.info = info
    return orientation if orientation in _TRANSFORMS else UPRIGHT


def apply_orientation(pixels: Pixels, orientation: int) -> Pixels:
    """The (height, width, channels) image upright. `orientation`: 1..8; other values count as 1."""
    transform = _TRANSFORMS.get(orientation)
    return pixels if transform is None else np.ascontiguousarray(transform(pixels))


_TRANSFORMS: dict[int, Callable[[Pixels], Pixels]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: np.rot90(pixels),
}
