"""Turns a picture upright as its EXIF orientation says."""

from collections.abc import Callable

import numpy as np
from PIL import ExifTags, Image

from lamina.core.layers import Pixels

UPRIGHT = 1
_XMP = ("XML:com.adobe.xmp", "xmp")  # where Pillow looks for an orientation, too, and browsers do not


def orientation_of(image: Image.Image) -> int:
    """1..8 as EXIF counts them (EXIF 3.0, tag 0x0112); 1 where there is none, or none that can be understood."""
    told = image.info
    image.info = {name: value for name, value in told.items() if name not in _XMP}
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, UPRIGHT)
    except (SyntaxError, ValueError, TypeError, LookupError, OSError, AttributeError):
        return UPRIGHT  # damaged metadata is no reason to refuse the picture
    finally:
        image.info = told
    return orientation if orientation in _TURNS else UPRIGHT


def turned_upright(pixels: Pixels, orientation: int) -> Pixels:
    """`pixels`: (height, width, channels); `orientation`: 1..8, anything else counts as 1."""
    turn = _TURNS.get(orientation)
    return pixels if turn is None else np.ascontiguousarray(turn(pixels))


_TURNS: dict[int, Callable[[Pixels], Pixels]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: np.rot90(pixels),
}
