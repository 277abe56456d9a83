"""Decodes CCITT fax compression (ITU-T T.4 and T.6) and detects truncated data."""

from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from lamina.imaging.read_errors import CorruptFileError
from lamina.imaging.tiff.numbers import Compression

# ITU-T T.4, tables 2 and 3a, and T.6, table 1
_WHITE_1, _BLACK_1, _BLACK_0 = "000111", "010", "0000110111"
_HORIZONTAL, _END_OF_LINE = "001", "000000000001"
_PROBE_ROWS = 4
_CODE_ENDINGS = ("", "1", "11", "011", "001")  # complete a truncated code, so that the probe rows are aligned
_IS_TWO_DIMENSIONAL = 1  # bit 0 of T4Options


def decode_fax(compression: int, options: int, stored: bytes, size: tuple[int, int]) -> NDArray[np.uint8]:
    """(rows, columns) of 0 and 1, of `size`. Raises `CorruptFileError` or an error of imagecodecs (a RuntimeError).

    `options`: T4Options. The decoder leaves rows without data white. Therefore the data is decoded again with probe
    rows of white and black dots appended, which appear in the result only if rows are missing.
    """
    import imagecodecs

    decode = {
        Compression.CCITT_RLE: imagecodecs.ccittrle_decode,
        Compression.CCITT_GROUP_3: partial(imagecodecs.ccittfax3_decode, t4options=options),
        Compression.CCITT_GROUP_4: imagecodecs.ccittfax4_decode,
    }[Compression(compression)]
    pixels = np.zeros(size, np.uint8)
    decode(stored, *size, out=pixels)
    for code_ending in _CODE_ENDINGS:
        probed = np.zeros(size, np.uint8)
        decode(stored + _probe_rows(compression, options, size[1], code_ending), *size, out=probed)
        if not np.array_equal(pixels, probed):
            raise CorruptFileError("a strip or tile ends before its last row")
    return pixels


@cache
def _probe_rows(compression: int, options: int, columns: int, code_ending: str) -> bytes:
    """Rows of alternating white and black pixels, encoded independently of the rows before them."""
    mode = _HORIZONTAL if compression == Compression.CCITT_GROUP_4 else ""
    row = (mode + _WHITE_1 + _BLACK_1) * (columns // 2)
    if columns % 2:
        row += mode + _WHITE_1 + (_BLACK_0 if mode else "")
    separator = ""
    if compression == Compression.CCITT_GROUP_3:
        separator = _END_OF_LINE + ("1" if options & _IS_TWO_DIMENSIONAL else "")
    bits = code_ending + separator.join([row] * _PROBE_ROWS)
    bits += "0" * (-len(bits) % 8)
    return int(f"1{bits}", 2).to_bytes(len(bits) // 8 + 1, "big")[1:]
