"""Tells whether the compressed data of a PNG holds all its rows: Pillow leaves those black that are missing."""

import struct
from collections.abc import Iterator

from isal import isal_zlib
from PIL import Image

from lamina.imaging.damage import Damaged

_HEADER = struct.Struct(">IIBBBBB")  # IHDR: width, height, bits, colour type, compression, filter, interlace
_HEADER_AT = 16
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
# Adam7: first column and row, and the steps to the next, of each pass (PNG third edition, 8.2)
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_PIECE_BYTES = 1 << 20


def check_all_rows_are_there(data: bytes, image: Image.Image) -> None:
    """`image`: the PNG's first picture, loaded. Raises `Damaged`.

    Rows that are missing are black or clear, and the last one always is: no other picture is inflated a second time.
    """
    header = _HEADER.unpack_from(data, _HEADER_AT)
    is_interlaced = header[-1] == 1
    if not is_interlaced and any(image.crop((0, image.height - 1, image.width, image.height)).tobytes()):
        return
    expected = sum(_pass_bytes(header, *one) for one in (_PASSES if is_interlaced else ((0, 0, 1, 1),)))
    found = _inflated_bytes(data, expected)
    if found < expected:
        raise Damaged(f"{found} of the {expected} bytes of its rows are there")


def _pass_bytes(header: tuple[int, ...], left: int, top: int, across: int, down: int) -> int:
    width, height, bits, colour_type = header[:4]
    columns, rows = -(-max(0, width - left) // across), -(-max(0, height - top) // down)
    if columns == 0:
        return 0
    return rows * (1 + (columns * bits * _CHANNELS[colour_type] + 7) // 8)


def _inflated_bytes(data: bytes, most: int) -> int:
    inflater = isal_zlib.decompressobj()
    count = 0
    for body in _compressed(data):
        piece = inflater.decompress(body, _PIECE_BYTES)
        while piece:
            count += len(piece)
            if inflater.eof or count >= most:
                return count
            piece = inflater.decompress(inflater.unconsumed_tail, _PIECE_BYTES)
    return count


def _compressed(data: bytes) -> Iterator[bytes]:
    """The bodies of the IDAT chunks, which follow one another."""
    at = 8
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"IDAT":
            yield data[at + 8 : at + 8 + length]
        at += 12 + length
