"""Undoes the run lengths of a BMP (RLE8 and RLE4)."""

import numpy as np
from numpy.typing import NDArray

from lamina.imaging.bmp.header import BmpHeader
from lamina.imaging.read_errors import CorruptFileError

_END_OF_LINE, _END_OF_BITMAP, _DELTA = 0, 1, 2


def indices_of_runs(header: BmpHeader, data: bytes) -> NDArray[np.uint8]:
    """(height, width) of palette indices, the bottom row first; what the runs jump over has colour 0.

    Raises `CorruptFileError` if the file ends before the bitmap does.
    """
    width, height, is_rle4 = header.width, header.height, header.bits == 4
    indices = np.zeros((height, width), np.uint8)
    at, column, row = header.pixels_at, 0, 0
    while row < height:
        count, value = _pair(data, at)
        at += 2
        if count:
            run = (
                _of_nibbles(bytes([value]) * ((count + 1) // 2), count) if is_rle4 else np.full(count, value, np.uint8)
            )
        elif value == _END_OF_LINE:
            column, row = 0, row + 1
            continue
        elif value == _END_OF_BITMAP:
            break
        elif value == _DELTA:
            right, up = _pair(data, at)
            at, column, row = at + 2, column + right, row + up
            continue
        else:
            length = (value + 1) // 2 if is_rle4 else value
            literal = data[at : at + length]
            if len(literal) < length:
                raise CorruptFileError("its last run is cut short")
            run = _of_nibbles(literal, value) if is_rle4 else np.frombuffer(literal, np.uint8)
            at += length + length % 2  # runs begin at even bytes
        room = max(0, width - column)
        indices[row, column : column + len(run)] = run[:room]
        column += len(run)
        if row == height - 1 and column >= width and at >= len(data):
            break  # many writers leave the last mark out
    return indices


def _pair(data: bytes, at: int) -> tuple[int, int]:
    if at + 2 > len(data):
        raise CorruptFileError("its runs end before the picture does")
    return data[at], data[at + 1]


def _of_nibbles(stored: bytes, count: int) -> NDArray[np.uint8]:
    both = np.frombuffer(stored, np.uint8)
    return np.stack([both >> np.uint8(4), both & np.uint8(15)], -1).reshape(-1)[:count].astype(np.uint8)
