"""Reads the picture of one layer as pictures that are taken apart are read: any depth, palette and colour profile."""

import struct
from typing import BinaryIO

import numpy as np
from PIL import PngImagePlugin

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Pixels
from lamina.imaging.bounds import Bounds
from lamina.imaging.orientation import UPRIGHT, orientation_of
from lamina.imaging.picture_format import HEAD_BYTES, format_of_bytes

_PLAIN_RGBA = b"\x08\x06"  # 8 bits a sample, colour type 6 (PNG third edition, 11.2.1)
_PLAIN_AT = slice(24, 26)
_MOST_BYTES_A_PIXEL = 9  # four samples of 16 bits that do not compress, and some
_MOST_BYTES_BESIDE = 1 << 24  # profiles, texts
_FAULTS = (OSError, SyntaxError, ValueError, EOFError, LookupError, ArithmeticError, struct.error)


def read_layer_picture(file: BinaryIO, bounds: Bounds, shown: str) -> Pixels:
    """(height, width, 4) uint8, sRGB, straight alpha; its size is counted against the bounds before it is decoded.

    `file`: at its beginning, and can be wound back. `shown`: what messages call the layer.
    Raises `LaminaError`: input_not_a_stack (no picture that can be read), input_corrupt, input_too_large.
    """
    head = file.read(HEAD_BYTES)
    if not head:
        raise LaminaError(ErrorCode.INPUT_CORRUPT, f"{shown} is an empty file.", "Export it again.")
    found = format_of_bytes(head)
    if found is None or not found.is_readable:
        raise _not_a_picture(shown, "in a format that Lamina does not know" if found is None else found.name)
    if found.name == "PNG" and head[_PLAIN_AT] == _PLAIN_RGBA:
        width, height = struct.unpack(">II", head[16:24])
        bounds.check_layer(width, height)
        pixels = _plain(file)
        if pixels is not None and pixels.shape[:2] == (height, width):
            bounds.take(width, height)
            return pixels
    return _decoded(file, found.name, bounds, shown)


def _plain(file: BinaryIO) -> Pixels | None:
    """What Lamina writes, and most programs: read as a stream, with nothing to convert. None if it is not that."""
    try:
        file.seek(0)
        with PngImagePlugin.PngImageFile(file) as image:
            if image.mode != "RGBA" or "icc_profile" in image.info:
                return None
            pixels = np.array(image)
            return pixels if orientation_of(image) == UPRIGHT else None
    except _FAULTS:
        return None  # the general decoder has words for what is wrong with it


def _decoded(file: BinaryIO, format_name: str, bounds: Bounds, shown: str) -> Pixels:
    from lamina.imaging import decoding  # brings every decoder, which the layers of most files do not need

    most_pixels = bounds.most_pixels_of_a_layer
    most_bytes = int(most_pixels * _MOST_BYTES_A_PIXEL) + _MOST_BYTES_BESIDE
    file.seek(0)
    data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise bounds.too_large(f"{shown} is a file of more than {most_bytes >> 20} MiB")
    pixels = decoding.decode(data, format_name, shown, most_pixels / 1e6).pixels
    bounds.take(pixels.shape[1], pixels.shape[0])
    return pixels


def _not_a_picture(shown: str, what: str) -> LaminaError:
    return LaminaError(
        ErrorCode.INPUT_NOT_A_STACK,
        f"{shown} is {what}; layers are read from PNG, JPEG, WebP, GIF, BMP, TIFF and AVIF.",
        "Turn it into pixels in the program that made it.",
    )
