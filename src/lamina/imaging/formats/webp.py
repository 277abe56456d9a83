"""Writes animated WebP: a lossless full-canvas frame per visible layer, lowest first.

The container (https://developers.google.com/speed/webp/docs/riff_container) is written here and the frames by Pillow,
because Pillow's animation encoder merges equal frames and keeps all frames in memory.
"""

import io
import struct
from typing import BinaryIO

import numpy as np
from PIL import Image

from lamina.core.layers import Layer, LayerStack, Pixels
from lamina.imaging.formats.pages import pages

_FRAME_MS = 1000
_HAS_ALPHA, _IS_ANIMATION = 0x10, 0x02
_REPLACE, _CLEAR_AFTER = 0x02, 0x01  # replaces the previous frame without blending, and clears the canvas afterwards


def write(stack: LayerStack, file: BinaryIO) -> None:
    """Writes the stack frame by frame, with one second per frame.

    Hidden layers are omitted, opacity is multiplied into alpha, and blend modes become normal; names are lost.
    """
    start = file.tell()
    file.write(b"RIFF\0\0\0\0WEBP")
    size = _uint24(stack.width - 1) + _uint24(stack.height - 1)
    _write_chunk(file, b"VP8X", struct.pack("<I", _HAS_ALPHA | _IS_ANIMATION) + size)
    _write_chunk(file, b"ANIM", struct.pack("<IH", 0, 0))  # transparent background, infinite loop
    for page in pages(stack):
        _write_chunk(file, b"ANMF", _frame(page, stack.width, stack.height))
    end = file.tell()
    file.seek(start + 4)
    file.write(struct.pack("<I", end - start - 8))
    file.seek(end)


def _frame(layer: Layer, width: int, height: int) -> bytes:
    left, top, pixels = _align_to_even(layer, width, height)
    rows, columns = pixels.shape[:2]
    frame_box = (left // 2, top // 2, columns - 1, rows - 1, _FRAME_MS)
    return b"".join(map(_uint24, frame_box)) + bytes([_REPLACE | _CLEAR_AFTER]) + _lossless(pixels)


def _align_to_even(layer: Layer, width: int, height: int) -> tuple[int, int, Pixels]:
    """Left, top and pixels of the layer within the canvas; the offset of a frame must be even."""
    x0, y0 = max(0, layer.left) & ~1, max(0, layer.top) & ~1
    x1, y1 = min(width, layer.left + layer.width), min(height, layer.top + layer.height)
    if x0 >= x1 or y0 >= y1:
        return 0, 0, np.zeros((1, 1, 4), np.uint8)
    part = layer.pixels[max(0, -layer.top) : y1 - layer.top, max(0, -layer.left) : x1 - layer.left]
    odd_rows, odd_columns = max(0, layer.top) - y0, max(0, layer.left) - x0
    if odd_rows or odd_columns:
        part = np.pad(part, ((odd_rows, 0), (odd_columns, 0), (0, 0)))
    return x0, y0, part


def _lossless(pixels: Pixels) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", lossless=True, exact=True, method=1, quality=20)
    data = file.getvalue()
    return data[data.index(b"VP8L", 12) :]


def _write_chunk(file: BinaryIO, kind: bytes, data: bytes) -> None:
    file.write(kind + struct.pack("<I", len(data)))
    file.write(data)
    file.write(b"\0" * (len(data) % 2))


def _uint24(number: int) -> bytes:
    return number.to_bytes(3, "little")
