"""Decompresses one strip or tile of a TIFF into a zero-initialized buffer."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.imaging.read_errors import CorruptFileError
from lamina.imaging.tiff.fax import decode_fax
from lamina.imaging.tiff.header import TiffHeader
from lamina.imaging.tiff.numbers import CCITT_COMPRESSIONS, Compression, Photometric

_JPEG_END_OF_IMAGE = b"\xff\xd9"
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def is_image_codec(compression: int) -> bool:
    """True if the codec decodes to rows and columns; False if it decodes to bytes."""
    return compression in (*CCITT_COMPRESSIONS, Compression.JPEG, Compression.WEBP)


def decode_bytes(header: TiffHeader, stored: bytes, max_bytes: int) -> bytes | memoryview:
    """The decompressed bytes of a strip or tile: at most `max_bytes`, fewer if the data ends earlier.

    Raises an error of imagecodecs (a RuntimeError) if the data is corrupt.
    """
    if header.has_reversed_bits:
        stored = stored.translate(_REVERSED)
    if header.compression == Compression.NONE:
        return stored[:max_bytes]
    # The decoder returns a view of this buffer that is as long as the decoded data.
    return memoryview(_byte_decoder(header.compression)(stored, out=bytearray(max_bytes)))


@cache
def _byte_decoder(compression: int) -> Callable[..., bytes | bytearray | memoryview]:
    import imagecodecs

    return {
        Compression.LZW: imagecodecs.lzw_decode,
        Compression.DEFLATE: imagecodecs.deflate_decode,
        Compression.OLD_DEFLATE: imagecodecs.deflate_decode,
        Compression.PACKBITS: imagecodecs.packbits_decode,
        Compression.LZMA: imagecodecs.lzma_decode,
        Compression.ZSTD: imagecodecs.zstd_decode,
    }[Compression(compression)]


def decode_image(header: TiffHeader, stored: bytes, shape: tuple[int, int, int]) -> NDArray[Any]:
    """(rows, columns, channels) uint8 of a strip or tile of exactly this shape.

    Raises `CorruptFileError` or an error of imagecodecs (a RuntimeError) if it is corrupt or has another shape.
    """
    if header.compression == Compression.JPEG:
        return _decode_jpeg(header, stored, shape)
    if header.compression == Compression.WEBP:
        return _decode_webp(stored, shape)
    if header.has_reversed_bits:
        stored = stored.translate(_REVERSED)
    return decode_fax(header.compression, header.fax_options, stored, shape[:2]).reshape(shape)


def _decode_jpeg(header: TiffHeader, stored: bytes, shape: tuple[int, int, int]) -> NDArray[Any]:
    import imagecodecs

    if not stored.rstrip(b"\0").endswith(_JPEG_END_OF_IMAGE):
        raise CorruptFileError("a JPEG strip or tile is truncated")  # libjpeg would fill the rest with grey
    is_grey = shape[2] == 1
    colour_space, decoded_space = None, None
    if not is_grey:
        colour_space, decoded_space = _JPEG_COLOURS.get((header.photometric, shape[2]), ("UNKNOWN",) * 2)
    pixels = np.zeros(shape[:2] if is_grey else shape, np.uint8)
    imagecodecs.jpeg8_decode(
        stored, tables=header.jpeg_tables, colorspace=colour_space, outcolorspace=decoded_space, out=pixels
    )
    return pixels.reshape(shape)


def _decode_webp(stored: bytes, shape: tuple[int, int, int]) -> NDArray[Any]:
    import imagecodecs

    pixels = np.zeros(shape, np.uint8)
    imagecodecs.webp_decode(stored, hasalpha=shape[2] == 4, out=pixels)
    return pixels


_JPEG_COLOURS: dict[tuple[int, int], tuple[str, str]] = {
    (Photometric.YCBCR, 3): ("YCBCR", "RGB"),
    (Photometric.RGB, 3): ("RGB", "RGB"),
    (Photometric.CMYK, 4): ("CMYK", "CMYK"),
}
