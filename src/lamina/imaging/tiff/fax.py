"""Undoes CCITT compression (ITU-T T.4 and T.6) and sees whether the data ends before its rows do."""

from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from lamina.imaging.read_errors import CorruptFileError
from lamina.imaging.tiff.numbers import Compression

# ITU-T T.4, tables 2 and 3a, and T.6, table 1
_WHITE_1, _BLACK_1, _BLACK_0 = "000111", "010", "0000110111"
_HORIZONTAL, _END_OF_LINE = "001", "000000000001"
_ROWS_BEHIND = 4
_CODES_BEGUN = ("", "1", "11", "011", "001")  # what may end a code that breaks off, so that the dots are in step
_IS_TWO_DIMENSIONAL = 1  # bit 0 of T4Options


def decoded_fax(compression: int, options: int, stored: bytes, size: tuple[int, int]) -> NDArray[np.uint8]:
    """(rows, columns) of 0 and 1, of `size`. Raises `CorruptFileError` or an error of imagecodecs (a RuntimeError).

    `options`: T4Options. The decoder leaves rows white for which there is no data. So it decodes again, with rows of
    white and black dots behind the end: they are seen only where something is missing.
    """
    import imagecodecs

    decode = {
        Compression.CCITT_RLE: imagecodecs.ccittrle_decode,
        Compression.CCITT_GROUP_3: partial(imagecodecs.ccittfax3_decode, t4options=options),
        Compression.CCITT_GROUP_4: imagecodecs.ccittfax4_decode,
    }[Compression(compression)]
    pixels = np.zeros(size, np.uint8)
    decode(stored, *size, out=pixels)
    for begun in _CODES_BEGUN:
        checked = np.zeros(size, np.uint8)
        decode(stored + _dotted_rows(compression, options, size[1], begun), *size, out=checked)
        if not np.array_equal(pixels, checked):
            raise CorruptFileError("a strip or tile ends before its last row")
    return pixels


@cache
def _dotted_rows(compression: int, options: int, columns: int, begun: str) -> bytes:
    """A few rows of one white and one black pixel by turns, so coded that no row before them matters."""
    mode = _HORIZONTAL if compression == Compression.CCITT_GROUP_4 else ""
    row = (mode + _WHITE_1 + _BLACK_1) * (columns // 2)
    if columns % 2:
        row += mode + _WHITE_1 + (_BLACK_0 if mode else "")
    between = ""
    if compression == Compression.CCITT_GROUP_3:
        between = _END_OF_LINE + ("1" if options & _IS_TWO_DIMENSIONAL else "")
    bits = begun + between.join([row] * _ROWS_BEHIND)
    bits += "0" * (-len(bits) % 8)
    return int(f"1{bits}", 2).to_bytes(len(bits) // 8 + 1, "big")[1:]
