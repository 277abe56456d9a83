"""Writes one picture as PNG, JPEG, WebP or TIFF at the asked quality, with a note in it on how it was made."""

import io
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePath
from typing import BinaryIO

import numpy as np
from PIL import Image

from lamina.core.composite import over
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Pixels
from lamina.imaging.formats.tiff import write_picture
from lamina.imaging.metadata import Making, png_texts, render_xmp, software
from lamina.imaging.png import write_png

DEFAULT_QUALITY = 95
_FULL_COLOUR_FROM = 90  # from this quality on, JPEG keeps a colour for every pixel (4:4:4) instead of every fourth
_SOFTWARE = 0x0131  # Exif 3.0, table 4


class PictureFormat(Enum):
    """A file format for one picture: its name, endings, media type, and the most pixels that a side may have."""

    PNG = ("PNG", (".png",), "image/png", 1 << 20)
    JPEG = ("JPEG", (".jpg", ".jpeg"), "image/jpeg", 65_500)
    WEBP = ("WebP", (".webp",), "image/webp", 16_383)
    TIFF = ("TIFF", (".tif", ".tiff"), "image/tiff", 1 << 20)

    def __init__(self, label: str, endings: tuple[str, ...], media_type: str, longest_side: int) -> None:
        self.label = label
        self.endings = endings
        self.media_type = media_type
        self.longest_side = longest_side


@dataclass(frozen=True, slots=True)
class Encoding:
    """`quality`: 1..100, of JPEG and WebP. `is_lossless`: WebP keeps every sample, as it does at quality 100; PNG and
    TIFF always do, JPEG never. Raises `LaminaError` (task_invalid).
    """

    format: PictureFormat = PictureFormat.PNG
    quality: int = DEFAULT_QUALITY
    is_lossless: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.quality <= 100:
            raise LaminaError(
                ErrorCode.TASK_INVALID, f"A quality of {self.quality} was asked for.", "Ask for 1 to 100."
            )


def picture_format_of(path: str | PurePath) -> PictureFormat:
    """What a path asks for by its ending. Raises `LaminaError` (output_unknown_format) that lists the endings."""
    ending = PurePath(path).suffix.lower()
    for known in PictureFormat:
        if ending in known.endings:
            return known
    raise LaminaError(
        ErrorCode.OUTPUT_UNKNOWN_FORMAT,
        f"{str(path)!r} does not end like a picture.",
        f"Use {', '.join(ending for known in PictureFormat for ending in known.endings)}.",
    )


def encode(picture: Pixels, encoding: Encoding | None = None, making: Making | None = None) -> bytes:
    """The file of (height, width, 4) RGBA. Raises `LaminaError` (output_too_large)."""
    file = io.BytesIO()
    write(file, picture, encoding or Encoding(), making or Making())
    return file.getvalue()


def write(file: BinaryIO, picture: Pixels, encoding: Encoding, making: Making) -> None:
    """Writes (height, width, 4) RGBA: alpha where there is any, on white in JPEG, which has none.

    Raises `LaminaError` (output_too_large).
    """
    _check_fits(picture, encoding.format)
    samples = picture[..., :3] if (picture[..., 3] == 255).all() else picture
    match encoding.format:
        case PictureFormat.PNG:
            write_png(file, samples, png_texts(making))
        case PictureFormat.TIFF:
            write_picture(file, samples, making)
        case PictureFormat.JPEG:
            _write_jpeg(file, _on_white(picture), encoding.quality, making)
        case PictureFormat.WEBP:
            _write_webp(file, samples, encoding, making)


def _check_fits(picture: Pixels, kind: PictureFormat) -> None:
    height, width = picture.shape[:2]
    if max(width, height) > kind.longest_side:
        raise LaminaError(
            ErrorCode.OUTPUT_TOO_LARGE,
            f"A {kind.label} file holds {kind.longest_side} pixels a side, and this picture is {width} x {height}.",
            "Ask for PNG instead.",
        )


def _write_jpeg(file: BinaryIO, rgb: Pixels, quality: int, making: Making) -> None:
    subsampling = "4:4:4" if quality >= _FULL_COLOUR_FROM else "4:2:0"
    image = Image.fromarray(rgb)
    image.save(file, "JPEG", quality=quality, subsampling=subsampling, exif=_exif(), xmp=render_xmp(making))


def _write_webp(file: BinaryIO, samples: Pixels, encoding: Encoding, making: Making) -> None:
    image = Image.fromarray(np.ascontiguousarray(samples))
    notes = {"exif": _exif(), "xmp": render_xmp(making)}
    if encoding.is_lossless or encoding.quality == 100:
        image.save(file, "WEBP", lossless=True, exact=True, method=1, quality=20, **notes)
    else:
        image.save(file, "WEBP", quality=encoding.quality, **notes)


def _exif() -> bytes:
    exif = Image.Exif()
    exif[_SOFTWARE] = software()
    return exif.tobytes()


def _on_white(picture: Pixels) -> Pixels:
    return np.ascontiguousarray(over(np.full(picture.shape, 255, np.uint8), picture)[..., :3])
