"""Encodes an image as PNG, JPEG, WebP or TIFF, with metadata on how it was generated."""

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
from lamina.imaging.metadata import FileMetadata, png_texts, render_xmp, software
from lamina.imaging.png import write_png

DEFAULT_QUALITY = 95
_NO_SUBSAMPLING_QUALITY = 90  # from this quality on, JPEG has no chroma subsampling (4:4:4 instead of 4:2:0)
_SOFTWARE_TAG = 0x0131  # Exif 3.0, table 4


class PictureFormat(Enum):
    """A file format for single images: display name, file extensions, media type and largest side in pixels."""

    PNG = ("PNG", (".png",), "image/png", 1 << 20)
    JPEG = ("JPEG", (".jpg", ".jpeg"), "image/jpeg", 65_500)
    WEBP = ("WebP", (".webp",), "image/webp", 16_383)
    TIFF = ("TIFF", (".tif", ".tiff"), "image/tiff", 1 << 20)

    def __init__(self, label: str, extensions: tuple[str, ...], media_type: str, max_side: int) -> None:
        self.label = label
        self.extensions = extensions
        self.media_type = media_type
        self.max_side = max_side


@dataclass(frozen=True, slots=True)
class Encoding:
    """Format and quality of an encoded image.

    `quality`: 1..100, for JPEG and WebP. `is_lossless`: lossless WebP, also at quality 100. PNG and TIFF are always
    lossless, JPEG never. Raises `LaminaError` (task_invalid).
    """

    format: PictureFormat = PictureFormat.PNG
    quality: int = DEFAULT_QUALITY
    is_lossless: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.quality <= 100:
            raise LaminaError(ErrorCode.TASK_INVALID, f"The quality is {self.quality}.", "Use a quality from 1 to 100.")


def picture_format_of(path: str | PurePath) -> PictureFormat:
    """The format for the extension of a path. Raises `LaminaError` (output_unknown_format)."""
    extension = PurePath(path).suffix.lower()
    for picture_format in PictureFormat:
        if extension in picture_format.extensions:
            return picture_format
    raise LaminaError(
        ErrorCode.OUTPUT_UNKNOWN_FORMAT,
        f"{str(path)!r} has no extension of an image format.",
        f"Use {', '.join(extension for picture_format in PictureFormat for extension in picture_format.extensions)}.",
    )


def encode(picture: Pixels, encoding: Encoding | None = None, metadata: FileMetadata | None = None) -> bytes:
    """The encoded file of a (height, width, 4) RGBA image. Raises `LaminaError` (output_too_large)."""
    file = io.BytesIO()
    write(file, picture, encoding or Encoding(), metadata or FileMetadata())
    return file.getvalue()


def write(file: BinaryIO, picture: Pixels, encoding: Encoding, metadata: FileMetadata) -> None:
    """Encodes a (height, width, 4) RGBA image into `file`.

    Opaque images are written without an alpha channel; JPEG, which has none, gets the image on a white background.
    Raises `LaminaError` (output_too_large).
    """
    _check_fits(picture, encoding.format)
    samples = picture[..., :3] if (picture[..., 3] == 255).all() else picture
    match encoding.format:
        case PictureFormat.PNG:
            write_png(file, samples, png_texts(metadata))
        case PictureFormat.TIFF:
            write_picture(file, samples, metadata)
        case PictureFormat.JPEG:
            _write_jpeg(file, _on_white(picture), encoding.quality, metadata)
        case PictureFormat.WEBP:
            _write_webp(file, samples, encoding, metadata)


def _check_fits(picture: Pixels, picture_format: PictureFormat) -> None:
    height, width = picture.shape[:2]
    if max(width, height) > picture_format.max_side:
        raise LaminaError(
            ErrorCode.OUTPUT_TOO_LARGE,
            f"{picture_format.label} allows at most {picture_format.max_side} pixels per side; this image is "
            f"{width} x {height} pixels.",
            "Use PNG instead.",
        )


def _write_jpeg(file: BinaryIO, rgb: Pixels, quality: int, metadata: FileMetadata) -> None:
    subsampling = "4:4:4" if quality >= _NO_SUBSAMPLING_QUALITY else "4:2:0"
    image = Image.fromarray(rgb)
    image.save(file, "JPEG", quality=quality, subsampling=subsampling, exif=_exif(), xmp=render_xmp(metadata))


def _write_webp(file: BinaryIO, samples: Pixels, encoding: Encoding, metadata: FileMetadata) -> None:
    image = Image.fromarray(np.ascontiguousarray(samples))
    metadata_blocks = {"exif": _exif(), "xmp": render_xmp(metadata)}
    if encoding.is_lossless or encoding.quality == 100:
        image.save(file, "WEBP", lossless=True, exact=True, method=1, quality=20, **metadata_blocks)
    else:
        image.save(file, "WEBP", quality=encoding.quality, **metadata_blocks)


def _exif() -> bytes:
    exif = Image.Exif()
    exif[_SOFTWARE_TAG] = software()
    return exif.tobytes()


def _on_white(picture: Pixels) -> Pixels:
    return np.ascontiguousarray(over(np.full(picture.shape, 255, np.uint8), picture)[..., :3])
