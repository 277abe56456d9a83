"""Checks that the compressed data of a PNG contains all rows; Pillow leaves missing rows black."""

import struct
from collections.abc import Iterator

from isal import isal_zlib
from PIL import Image

from lamina.imaging.read_errors import CorruptFileError

_HEADER = struct.Struct(">IIBBBBB")  # IHDR: width, height, bits, colour type, compression, filter, interlace
_HEADER_OFFSET = 16
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
# Adam7 passes: first column, first row, column step, row step (PNG third edition, 8.2)
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_CHUNK_BYTES = 1 << 20


def check_all_rows_present(data: bytes, image: Image.Image) -> None:
    """Raises `CorruptFileError` if rows are missing. `image`: the first frame of the PNG, loaded.

    Missing rows, the last one included, are black or transparent: only such images are inflated a second time.
    """
    header = _HEADER.unpack_from(data, _HEADER_OFFSET)
    is_interlaced = header[-1] == 1
    if not is_interlaced and any(image.crop((0, image.height - 1, image.width, image.height)).tobytes()):
        return
    expected = sum(_pass_bytes(header, *steps) for steps in (_PASSES if is_interlaced else ((0, 0, 1, 1),)))
    size = _inflated_bytes(data, expected)
    if size < expected:
        raise CorruptFileError(f"its rows contain {size} of {expected} bytes")


def _pass_bytes(header: tuple[int, ...], left: int, top: int, across: int, down: int) -> int:
    width, height, bits, colour_type = header[:4]
    columns, rows = -(-max(0, width - left) // across), -(-max(0, height - top) // down)
    if columns == 0:
        return 0
    return rows * (1 + (columns * bits * _CHANNELS[colour_type] + 7) // 8)


def _inflated_bytes(data: bytes, limit: int) -> int:
    inflater = isal_zlib.decompressobj()
    count = 0
    for body in _idat_bodies(data):
        chunk = inflater.decompress(body, _CHUNK_BYTES)
        while chunk:
            count += len(chunk)
            if inflater.eof or count >= limit:
                return count
            chunk = inflater.decompress(inflater.unconsumed_tail, _CHUNK_BYTES)
    return count


def _idat_bodies(data: bytes) -> Iterator[bytes]:
    offset = 8
    while offset + 8 <= len(data):
        length = int.from_bytes(data[offset : offset + 4], "big")
        if data[offset + 4 : offset + 8] == b"IDAT":
            yield data[offset + 8 : offset + 8 + length]
        offset += 12 + length
