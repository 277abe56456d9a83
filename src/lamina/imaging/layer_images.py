"""Reads the image file of one layer, with any bit depth, palette and colour profile."""

import struct
from typing import BinaryIO

import numpy as np
from PIL import PngImagePlugin

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Pixels
from lamina.imaging.file_signatures import HEAD_BYTES, detect_file_type
from lamina.imaging.orientation import UPRIGHT, exif_orientation
from lamina.imaging.size_limits import SizeLimits

_RGBA_8_BIT = b"\x08\x06"  # 8 bits a sample, colour type 6 (PNG third edition, 11.2.1)
_FORMAT_BYTES = slice(24, 26)
_MAX_BYTES_PER_PIXEL = 9  # four 16-bit samples that do not compress, plus overhead
_MAX_METADATA_BYTES = 1 << 24  # colour profiles, text chunks
_DECODER_ERRORS = (OSError, SyntaxError, ValueError, EOFError, LookupError, ArithmeticError, struct.error)


def read_layer_image(file: BinaryIO, limits: SizeLimits, label: str) -> Pixels:
    """(height, width, 4) uint8, sRGB, straight alpha; the size is counted against `limits` before it is decoded.

    `file`: seekable and at its beginning. `label`: the subject of error messages.
    Raises `LaminaError`: input_not_a_stack (not an image of a supported format), input_corrupt, input_too_large.
    """
    head = file.read(HEAD_BYTES)
    if not head:
        raise LaminaError(ErrorCode.INPUT_CORRUPT, f"{label} is an empty file.", "Export it again.")
    file_type = detect_file_type(head)
    if file_type is None or not file_type.is_supported:
        raise _unsupported_error(label, "has an unknown format" if file_type is None else f"is {file_type.name}")
    if file_type.name == "PNG" and head[_FORMAT_BYTES] == _RGBA_8_BIT:
        width, height = struct.unpack(">II", head[16:24])
        limits.check_layer(width, height)
        pixels = _read_rgba_8_bit(file)
        if pixels is not None and pixels.shape[:2] == (height, width):
            limits.count_layer(width, height)
            return pixels
    return _decode(file, file_type.name, limits, label)


def _read_rgba_8_bit(file: BinaryIO) -> Pixels | None:
    """Streams a plain 8-bit RGBA PNG, which most programs write; None if it needs a conversion or is corrupt."""
    try:
        file.seek(0)
        with PngImagePlugin.PngImageFile(file) as image:
            if image.mode != "RGBA" or "icc_profile" in image.info:
                return None
            pixels = np.array(image)
            return pixels if exif_orientation(image) == UPRIGHT else None
    except _DECODER_ERRORS:
        return None  # the general decoder reports what is wrong


def _decode(file: BinaryIO, format_name: str, limits: SizeLimits, label: str) -> Pixels:
    from lamina.imaging import decoding  # imports all decoders, which most files do not need

    max_pixels = limits.max_layer_pixels
    max_bytes = int(max_pixels * _MAX_BYTES_PER_PIXEL) + _MAX_METADATA_BYTES
    file.seek(0)
    data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise limits.too_large_error(f"{label} is larger than {max_bytes >> 20} MiB")
    pixels = decoding.decode(data, format_name, label, max_pixels / 1e6).pixels
    limits.count_layer(pixels.shape[1], pixels.shape[0])
    return pixels


def _unsupported_error(label: str, reason: str) -> LaminaError:
    return LaminaError(
        ErrorCode.INPUT_NOT_A_STACK,
        f"{label} {reason}; layers must be PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF images.",
        "Rasterise the layer in the program that made it.",
    )
