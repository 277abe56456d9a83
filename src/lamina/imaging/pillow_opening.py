"""Opens images with Pillow after a size check, and corrects cases that Pillow misreads."""

import io
import struct
from collections.abc import Callable

from PIL import (  # importing a plug-in registers its decoder
    AvifImagePlugin,
    GifImagePlugin,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from lamina.imaging.read_errors import CorruptFileError

Box = tuple[int, int, int, int]
CheckSize = Callable[[int, int], None]

# Image.open is not used, because its own pixel limit would apply before ours.
_OPENERS: dict[str, Callable[..., ImageFile.ImageFile]] = {
    "AVIF": AvifImagePlugin.AvifImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "JPEG": JpegImagePlugin.jpeg_factory,
    "PNG": PngImagePlugin.PngImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
}

# IHDR is always the first chunk of a PNG (PNG third edition, 11.2.1)
_BIT_DEPTH_OFFSET, _COLOUR_TYPE_OFFSET = 24, 25
_GREY, _PALETTE = 0, 3

_HEAD_BYTES = 1 << 16  # an AVIF has its metadata boxes within these


def open_image(data: bytes, format_name: str, check_size: CheckSize) -> ImageFile.ImageFile:
    """Opens an image without loading its samples.

    `format_name`: AVIF, GIF, JPEG, PNG or WEBP. `check_size`: called with width and height; its errors pass through.
    Raises Pillow's errors for a corrupt file, and `CorruptFileError`.
    """
    if format_name == "JPEG":
        data = data.rstrip(b"\0")  # incomplete downloads are often padded with zeros, which libjpeg decodes as grey
    if format_name == "AVIF":
        check_size(*_avif_size(data))
    image = _OPENERS[format_name](io.BytesIO(data), "")
    check_size(image.width, image.height)
    if format_name == "PNG":
        image.verify()  # checks the checksums, which load() ignores
        image = _OPENERS[format_name](io.BytesIO(data), "")
        _correct_png(data, image)
    return image


def first_frame_box(image: ImageFile.ImageFile) -> Box | None:
    """Left, top, right, bottom of the area that a GIF's first frame covers; None if it covers the canvas.

    `image` is not loaded yet. Browsers show the rest as transparent; Pillow fills it with the first palette colour.
    """
    if image.format != "GIF" or not image.tile:
        return None
    left, top, right, bottom = image.tile[0][1] or (0, 0, *image.size)
    box = max(0, left), max(0, top), min(image.width, right), min(image.height, bottom)
    return None if box == (0, 0, *image.size) else box


def _avif_size(data: bytes) -> tuple[int, int]:
    """Width and height of the largest item (ISO/IEC 23008-12, 6.5.3); libavif gives no reason when it refuses one."""
    largest, offset = (0, 0), data.find(b"ispe", 0, _HEAD_BYTES)
    while offset >= 0:
        if offset + 16 <= len(data):
            width, height = struct.unpack_from(">II", data, offset + 8)
            largest = max(largest, (width, height), key=lambda size: size[0] * size[1])
        offset = data.find(b"ispe", offset + 4, _HEAD_BYTES)
    return largest


def _correct_png(data: bytes, image: ImageFile.ImageFile) -> None:
    if data[_COLOUR_TYPE_OFFSET] == _PALETTE and b"PLTE" not in data:
        raise CorruptFileError("its palette is missing")
    key = image.info.get("transparency")
    if data[_COLOUR_TYPE_OFFSET] == _GREY and image.mode == "L" and isinstance(key, int):
        white = (1 << data[_BIT_DEPTH_OFFSET]) - 1
        image.info["transparency"] = (key & white) * (255 // white)  # Pillow scales 2-bit and 4-bit samples like this
