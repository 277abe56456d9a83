"""Encodes PNG quickly and in bounded memory."""

import io
import struct
import zlib
from collections.abc import Mapping
from typing import BinaryIO

import numpy as np
from isal import isal_zlib

from lamina.core.layers import Pixels

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {1: 0, 3: 2, 4: 6}  # by samples per pixel: greyscale, RGB, RGBA (PNG specification, 11.2.1)
_FILTER_UP = 2
_STRIP_BYTES = 1 << 21


def encode_png(pixels: Pixels, texts: Mapping[str, str] | None = None) -> bytes:
    """The PNG file of (height, width, 1, 3 or 4) uint8 pixels; `texts` as in `write_png`."""
    file = io.BytesIO()
    write_png(file, pixels, texts)
    return file.getvalue()


def write_png(file: BinaryIO, pixels: Pixels, texts: Mapping[str, str] | None = None) -> None:
    """Writes (height, width, 1, 3 or 4) uint8 pixels strip by strip.

    `texts`: text chunks by keyword of 1 to 79 Latin-1 characters; they precede the samples, where readers find them
    without decoding. The Up filter with ISA-L at level 1 is seven times as fast as zlib at level 1, at the same size.
    """
    height, width, samples = pixels.shape
    file.write(_SIGNATURE)
    _write_chunk(file, b"IHDR", struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[samples], 0, 0, 0))
    for keyword, text in (texts or {}).items():
        _write_chunk(file, b"iTXt", keyword.encode("latin-1") + bytes(5) + text.encode("utf-8", "replace"))
    compressor = isal_zlib.compressobj(1)
    rows_per_strip = max(1, _STRIP_BYTES // (width * samples))
    for top in range(0, height, rows_per_strip):
        _write_chunk(file, b"IDAT", compressor.compress(_filtered(pixels, top, min(height, top + rows_per_strip))))
    _write_chunk(file, b"IDAT", compressor.flush())
    _write_chunk(file, b"IEND", b"")


def _filtered(pixels: Pixels, top: int, bottom: int) -> bytes:
    rows = np.ascontiguousarray(pixels[top:bottom]).reshape(bottom - top, -1)
    filtered = np.empty((bottom - top, 1 + rows.shape[1]), np.uint8)
    filtered[:, 0] = _FILTER_UP
    filtered[0, 1:] = rows[0] - pixels[top - 1].reshape(-1) if top else rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    return filtered.tobytes()


def _write_chunk(file: BinaryIO, kind: bytes, data: bytes) -> None:
    if data or kind != b"IDAT":
        file.write(struct.pack(">I", len(data)))
        file.write(kind)
        file.write(data)
        file.write(struct.pack(">I", zlib.crc32(data, zlib.crc32(kind))))
