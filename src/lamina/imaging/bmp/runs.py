"""Decodes the run-length encoding of BMP (RLE8 and RLE4)."""

import numpy as np
from numpy.typing import NDArray

from lamina.imaging.bmp.header import BmpHeader
from lamina.imaging.read_errors import CorruptFileError

_END_OF_LINE, _END_OF_BITMAP, _DELTA = 0, 1, 2


def decode_rle(header: BmpHeader, data: bytes) -> NDArray[np.uint8]:
    """(height, width) palette indices, bottom row first; skipped pixels have index 0.

    Raises `CorruptFileError` if the file ends before the bitmap does.
    """
    width, height, is_rle4 = header.width, header.height, header.bits == 4
    indices = np.zeros((height, width), np.uint8)
    offset, column, row = header.pixel_offset, 0, 0
    while row < height:
        count, value = _pair(data, offset)
        offset += 2
        if count:
            run = (
                _unpack_nibbles(bytes([value]) * ((count + 1) // 2), count)
                if is_rle4
                else np.full(count, value, np.uint8)
            )
        elif value == _END_OF_LINE:
            column, row = 0, row + 1
            continue
        elif value == _END_OF_BITMAP:
            break
        elif value == _DELTA:
            right, up = _pair(data, offset)
            offset, column, row = offset + 2, column + right, row + up
            continue
        else:
            length = (value + 1) // 2 if is_rle4 else value
            literal = data[offset : offset + length]
            if len(literal) < length:
                raise CorruptFileError("its last run is truncated")
            run = _unpack_nibbles(literal, value) if is_rle4 else np.frombuffer(literal, np.uint8)
            offset += length + length % 2  # runs are aligned to 16 bits
        remaining = max(0, width - column)
        indices[row, column : column + len(run)] = run[:remaining]
        column += len(run)
        if row == height - 1 and column >= width and offset >= len(data):
            break  # many writers omit the end-of-bitmap marker
    return indices


def _pair(data: bytes, offset: int) -> tuple[int, int]:
    if offset + 2 > len(data):
        raise CorruptFileError("its run-length data ends before the last row")
    return data[offset], data[offset + 1]


def _unpack_nibbles(packed: bytes, count: int) -> NDArray[np.uint8]:
    pairs = np.frombuffer(packed, np.uint8)
    return np.stack([pairs >> np.uint8(4), pairs & np.uint8(15)], -1).reshape(-1)[:count].astype(np.uint8)
