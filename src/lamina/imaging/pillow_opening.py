"""Opens pictures with Pillow after a check of their size, and mends what Pillow reads otherwise than it should."""

import io
import struct
from collections.abc import Callable

from PIL import (  # the import of a plug-in registers it
    AvifImagePlugin,
    GifImagePlugin,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from lamina.imaging.damage import Damaged

Box = tuple[int, int, int, int]
CheckSize = Callable[[int, int], None]

# Opened without Image.open, whose own limit would speak before ours and without the size.
_OPENERS: dict[str, Callable[..., ImageFile.ImageFile]] = {
    "AVIF": AvifImagePlugin.AvifImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "JPEG": JpegImagePlugin.jpeg_factory,
    "PNG": PngImagePlugin.PngImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
}

# IHDR is always the first chunk of a PNG (PNG third edition, 11.2.1)
_DEPTH_AT, _COLOUR_TYPE_AT = 24, 25
_GREY, _PALETTE = 0, 3

_HEAD_BYTES = 1 << 16  # the boxes before the samples of an AVIF are shorter


def opened(data: bytes, format_name: str, check_size: CheckSize) -> ImageFile.ImageFile:
    """`format_name`: AVIF, GIF, JPEG, PNG or WEBP. `check_size`: called with width and height, and may raise.

    Raises what Pillow raises for a damaged file, and `Damaged`.
    """
    if format_name == "JPEG":
        data = data.rstrip(b"\0")  # a broken download is often padded with zeros, which libjpeg would paint grey
    if format_name == "AVIF":
        check_size(*_avif_size(data))
    image = _OPENERS[format_name](io.BytesIO(data), "")
    check_size(image.width, image.height)
    if format_name == "PNG":
        image.verify()  # the checksums, which loading does not look at
        image = _OPENERS[format_name](io.BytesIO(data), "")
        _mend_png(data, image)
    return image


def first_frame_box(image: ImageFile.ImageFile) -> Box | None:
    """Left, top, right, bottom of what a GIF's first frame draws, before it is loaded; None where that is all of it.

    The rest is transparent in browsers; Pillow paints it with the first colour of the palette.
    """
    if image.format != "GIF" or not image.tile:
        return None
    left, top, right, bottom = image.tile[0][1] or (0, 0, *image.size)
    box = max(0, left), max(0, top), min(image.width, right), min(image.height, bottom)
    return None if box == (0, 0, *image.size) else box


def _avif_size(data: bytes) -> tuple[int, int]:
    """The largest of the sizes that its items have (ISO/IEC 23008-12, 6.5.3), which libavif refuses without a word."""
    largest, at = (0, 0), data.find(b"ispe", 0, _HEAD_BYTES)
    while at >= 0:
        if at + 16 <= len(data):
            width, height = struct.unpack_from(">II", data, at + 8)
            largest = max(largest, (width, height), key=lambda size: size[0] * size[1])
        at = data.find(b"ispe", at + 4, _HEAD_BYTES)
    return largest


def _mend_png(data: bytes, image: ImageFile.ImageFile) -> None:
    if data[_COLOUR_TYPE_AT] == _PALETTE and b"PLTE" not in data:
        raise Damaged("its palette is missing")
    key = image.info.get("transparency")
    if data[_COLOUR_TYPE_AT] == _GREY and image.mode == "L" and isinstance(key, int):
        most = (1 << data[_DEPTH_AT]) - 1
        image.info["transparency"] = (key & most) * (255 // most)  # as Pillow scales samples of 2 and 4 bits
