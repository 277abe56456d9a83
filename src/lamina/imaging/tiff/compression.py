"""Undoes the compression of one strip or tile of a TIFF, in buffers that are zero before they are written."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.imaging.read_errors import CorruptFileError
from lamina.imaging.tiff.fax import decoded_fax
from lamina.imaging.tiff.header import TiffHeader
from lamina.imaging.tiff.numbers import FAXES, Compression, Photometric

_END_OF_JPEG = b"\xff\xd9"
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def is_of_pictures(compression: int) -> bool:
    """True if it knows rows and columns; False if it takes bytes as they come."""
    return compression in (*FAXES, Compression.JPEG, Compression.WEBP)


def decoded_bytes(header: TiffHeader, stored: bytes, most: int) -> bytes | memoryview:
    """The bytes of a strip or tile before they were compressed: at most `most`; fewer if no more are there.

    Raises `CorruptFileError` or an error of imagecodecs (a RuntimeError) if they are damaged.
    """
    if header.has_reversed_bits:
        stored = stored.translate(_REVERSED)
    if header.compression == Compression.NONE:
        return stored[:most]
    # What was decoded comes back as a view of this buffer, as long as it is.
    return memoryview(_byte_decoder(header.compression)(stored, out=bytearray(most)))


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


def decoded_picture(header: TiffHeader, stored: bytes, shape: tuple[int, int, int]) -> NDArray[Any]:
    """(rows, columns, channels) uint8 of a strip or tile of that very shape.

    Raises `CorruptFileError` or an error of imagecodecs (a RuntimeError) if it is damaged or of another shape.
    """
    if header.compression == Compression.JPEG:
        return _of_jpeg(header, stored, shape)
    if header.compression == Compression.WEBP:
        return _of_webp(stored, shape)
    if header.has_reversed_bits:
        stored = stored.translate(_REVERSED)
    return decoded_fax(header.compression, header.fax_options, stored, shape[:2]).reshape(shape)


def _of_jpeg(header: TiffHeader, stored: bytes, shape: tuple[int, int, int]) -> NDArray[Any]:
    import imagecodecs

    if not stored.rstrip(b"\0").endswith(_END_OF_JPEG):
        raise CorruptFileError("a JPEG in it has no end")  # libjpeg would paint the rest grey
    is_grey = shape[2] == 1
    colours, result = (None, None) if is_grey else _JPEG_COLOURS.get((header.photometric, shape[2]), ("UNKNOWN",) * 2)
    pixels = np.zeros(shape[:2] if is_grey else shape, np.uint8)
    imagecodecs.jpeg8_decode(stored, tables=header.jpeg_tables, colorspace=colours, outcolorspace=result, out=pixels)
    return pixels.reshape(shape)


def _of_webp(stored: bytes, shape: tuple[int, int, int]) -> NDArray[Any]:
    import imagecodecs

    pixels = np.zeros(shape, np.uint8)
    imagecodecs.webp_decode(stored, hasalpha=shape[2] == 4, out=pixels)
    return pixels


_JPEG_COLOURS: dict[tuple[int, int], tuple[str, str]] = {
    (Photometric.YCBCR, 3): ("YCBCR", "RGB"),
    (Photometric.RGB, 3): ("RGB", "RGB"),
    (Photometric.CMYK, 4): ("CMYK", "CMYK"),
}
