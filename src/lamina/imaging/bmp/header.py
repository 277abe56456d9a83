"""Reads the header of a BMP, and rejects variants that are not supported.

Sources: Microsoft's documentation of BITMAPFILEHEADER, BITMAPINFOHEADER, BITMAPV4HEADER and BITMAPV5HEADER, and IBM's
documentation of OS/2.
"""

import struct
from dataclasses import dataclass, field
from enum import Enum

from lamina.core.errors import ErrorCode, LaminaError
from lamina.imaging.read_errors import CorruptFileError

FILE_HEADER_BYTES = 14
_CORE_BYTES = 12  # OS/2 1 and Windows 2: 16-bit sizes
_INFO_BYTES = 40  # Windows 3; OS/2 2 has the same fields, but two compressions mean something else
_OS2_SIZES = (16, 64)
_WINDOWS_SIZES = (40, 52, 56, 108, 124)
_V5_BYTES = 124
_EMBEDDED_PROFILE = 0x4D424544  # PROFILE_EMBEDDED ('MBED') in bV5CSType
_STANDARD_MASKS = {16: (0x7C00, 0x03E0, 0x001F, 0), 32: (0xFF0000, 0xFF00, 0xFF, 0)}
_NO_MASKS = (0, 0, 0, 0)
_MAX_COLOURS = 256


class PixelLayout(Enum):
    """How pixels are stored."""

    PALETTE = "palette"
    BYTES = "bytes"  # blue, green, red
    BIT_FIELDS = "bit fields"  # of 16 or 32 bits
    RLE = "rle"


@dataclass(frozen=True, slots=True, kw_only=True)
class BmpHeader:
    """The header of a bitmap.

    `masks`: of red, green, blue and alpha, 0 if a channel is missing. `palette`: (red, green, blue) per entry.
    `pixel_offset`: offset of the pixel data in the file.
    """

    width: int
    height: int
    is_top_down: bool
    bits: int
    compression: int
    layout: PixelLayout
    is_os2: bool
    masks: tuple[int, int, int, int]
    palette: tuple[tuple[int, int, int], ...] = field(repr=False)
    pixel_offset: int
    profile: bytes | None = field(repr=False)

    @property
    def row_bytes(self) -> int:
        """Bytes per row, which is padded to a multiple of four."""
        return (self.width * self.bits + 31) // 32 * 4


def read_header(data: bytes) -> BmpHeader:
    """The header. Raises `CorruptFileError`, or `struct.error` if the file ends within its header."""
    size = _u32(data, FILE_HEADER_BYTES)
    if size == _CORE_BYTES:
        width, height, _, bits = struct.unpack_from("<HHHH", data, FILE_HEADER_BYTES + 4)
        compression, used = 0, 0
    elif size in (*_WINDOWS_SIZES, *_OS2_SIZES):
        info = data[FILE_HEADER_BYTES : FILE_HEADER_BYTES + size].ljust(_INFO_BYTES, b"\0")
        width, height, _, bits, compression, _, _, _, used = struct.unpack_from("<iiHHIIiiI", info, 4)
    else:
        raise CorruptFileError(f"its header has the invalid size {size}")
    if width < 1 or height == 0:
        raise CorruptFileError(f"its header gives the size {width} x {abs(height)}")
    is_os2 = size not in _WINDOWS_SIZES
    layout = _layout(bits, compression, is_os2)
    masks, masks_end = _masks(data, size, bits, compression) if layout is PixelLayout.BIT_FIELDS else (_NO_MASKS, None)
    palette_offset = masks_end or FILE_HEADER_BYTES + size
    pixel_offset = _u32(data, 10)
    return BmpHeader(
        width=width,
        height=abs(height),
        is_top_down=height < 0,
        bits=bits,
        compression=compression,
        layout=layout,
        is_os2=is_os2,
        masks=masks,
        palette=_palette(data, palette_offset, bits, used, 3 if size == _CORE_BYTES else 4) if bits <= 8 else (),
        pixel_offset=pixel_offset or palette_offset,
        profile=_profile(data) if size == _V5_BYTES else None,
    )


def check_is_supported(header: BmpHeader, label: str) -> None:
    """Raises `LaminaError` (input_not_an_image) for a BMP variant that is not supported.

    Raises `CorruptFileError` if the header contradicts itself. `label`: the subject of error messages.
    """
    unsupported = _UNSUPPORTED_OS2_COMPRESSIONS if header.is_os2 else _UNSUPPORTED_COMPRESSIONS
    supported = _OS2_COMPRESSIONS if header.is_os2 else _COMPRESSIONS
    if header.compression in unsupported:
        feature = unsupported[header.compression]
    elif header.compression not in supported:
        feature = f"the unknown compression {header.compression}"
    elif (header.compression, header.bits) in _VALID_BITS or (header.is_os2 and header.compression == 0):
        if header.bits in (1, 2, 4, 8, 16, 24, 32):
            return
        feature = f"{header.bits} bits per pixel"
    else:
        name = supported[header.compression]
        raise CorruptFileError(f"its header combines {header.bits} bits per pixel with {name}, which is invalid")
    raise LaminaError(
        ErrorCode.INPUT_NOT_AN_IMAGE,
        f"{label} is a BMP with {feature}, which Lamina does not support.",
        "Save it as PNG, or as a BMP with 24 bits per pixel.",
    )


def _layout(bits: int, compression: int, is_os2: bool) -> PixelLayout:
    if compression in (1, 2):
        return PixelLayout.RLE
    if bits <= 8:
        return PixelLayout.PALETTE
    return PixelLayout.BIT_FIELDS if bits in (16, 32) and not (is_os2 and compression == 3) else PixelLayout.BYTES


def _masks(data: bytes, size: int, bits: int, compression: int) -> tuple[tuple[int, int, int, int], int | None]:
    """The four masks, and the offset of their end if they are stored between the header and the palette."""
    if compression not in (3, 6):
        return _STANDARD_MASKS[bits], None
    first = FILE_HEADER_BYTES + _INFO_BYTES
    count = 4 if compression == 6 or size >= 56 else 3
    masks = struct.unpack_from(f"<{count}I", data, first)
    red, green, blue, alpha = (*masks, 0)[:4]
    masks_end = first + 4 * count
    for mask in (red, green, blue, alpha):
        if mask >> bits or (mask and not _is_contiguous(mask)):
            raise CorruptFileError(f"the colour mask {mask:#x} is not a contiguous range of bits within a pixel")
    if (red & green) | (red & blue) | (green & blue) | ((red | green | blue) & alpha):
        raise CorruptFileError("its colour masks overlap")
    return (red, green, blue, alpha), masks_end if masks_end > FILE_HEADER_BYTES + size else None


def _is_contiguous(mask: int) -> bool:
    lowest = mask & -mask
    return (mask // lowest) & (mask // lowest + 1) == 0


def _palette(data: bytes, offset: int, bits: int, used: int, entry_bytes: int) -> tuple[tuple[int, int, int], ...]:
    """The palette: as many colours as the header gives and as fit before the pixel data."""
    count = min(used or 1 << bits, 1 << bits, _MAX_COLOURS)
    pixel_offset = _u32(data, 10)
    if pixel_offset > offset:
        count = min(count, (pixel_offset - offset) // entry_bytes)
    stored = data[offset : offset + count * entry_bytes]
    entries = (stored[start : start + 3] for start in range(0, len(stored) - 2, entry_bytes))
    return tuple((entry[2], entry[1], entry[0]) for entry in entries)


def _profile(data: bytes) -> bytes | None:
    """The embedded ICC profile, whose offset is relative to the start of the header."""
    if _u32(data, FILE_HEADER_BYTES + 56) != _EMBEDDED_PROFILE:
        return None
    offset, size = struct.unpack_from("<II", data, FILE_HEADER_BYTES + 112)
    return data[FILE_HEADER_BYTES + offset : FILE_HEADER_BYTES + offset + size] or None


def _u32(data: bytes, offset: int) -> int:
    return struct.unpack_from("<I", data, offset)[0]


_OS2_COMPRESSIONS = {0: "no compression", 1: "RLE8 compression", 2: "RLE4 compression"}
_COMPRESSIONS = {**_OS2_COMPRESSIONS, 3: "bit fields", 6: "bit fields"}
_UNSUPPORTED_COMPRESSIONS = {
    4: "an embedded JPEG",
    5: "an embedded PNG",
    11: "CMYK colours",
    12: "CMYK colours",
    13: "CMYK colours",
}
_UNSUPPORTED_OS2_COMPRESSIONS = {3: "Huffman 1D compression", 4: "RLE24 compression"}
_VALID_BITS = {
    *((0, bits) for bits in range(1, 65)),
    (1, 8), (2, 4), (3, 16), (3, 32), (6, 16), (6, 32),
}  # fmt: skip
