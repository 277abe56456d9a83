"""Reads what a BMP says about itself, and refuses by name what is not read.

After Microsoft's pages on BITMAPFILEHEADER, BITMAPINFOHEADER, BITMAPV4HEADER and BITMAPV5HEADER, and IBM's on OS/2.
"""

import struct
from dataclasses import dataclass, field
from enum import Enum

from lamina.core.errors import ErrorCode, LaminaError
from lamina.imaging.read_errors import CorruptFileError

FILE_HEADER_BYTES = 14
_CORE_BYTES = 12  # OS/2 1, and Windows 2: sizes of 16 bits
_INFO_BYTES = 40  # Windows 3; OS/2 2 begins alike, with other meanings of two compressions
_OS2_SIZES = (16, 64)
_WINDOWS_SIZES = (40, 52, 56, 108, 124)
_V5_BYTES = 124
_EMBEDDED_PROFILE = 0x4D424544  # 'MBED', of bV5CSType
_STANDARD_MASKS = {16: (0x7C00, 0x03E0, 0x001F, 0), 32: (0xFF0000, 0xFF00, 0xFF, 0)}
_NO_MASKS = (0, 0, 0, 0)
_MOST_COLOURS = 256


class Packing(Enum):
    """How pixels are stored."""

    PALETTE = "palette"
    BYTES = "bytes"  # blue, green, red
    MASKS = "masks"  # bit fields of 16 or 32 bits
    RLE = "rle"


@dataclass(frozen=True, slots=True)
class BmpHeader:
    """`masks`: of red, green, blue and alpha in a pixel, 0 where there is none. `palette`: (red, green, blue).
    `pixels_at`: where they begin in the file.
    """

    width: int
    height: int
    is_top_down: bool
    bits: int
    compression: int
    packing: Packing
    is_os2: bool
    masks: tuple[int, int, int, int]
    palette: tuple[tuple[int, int, int], ...] = field(repr=False)
    pixels_at: int
    profile: bytes | None = field(repr=False)

    @property
    def row_bytes(self) -> int:
        """Rows begin at multiples of four bytes."""
        return (self.width * self.bits + 31) // 32 * 4


def read_header(data: bytes) -> BmpHeader:
    """Raises `CorruptFileError`, or `struct.error` for a file that ends in its header."""
    size = _u32(data, FILE_HEADER_BYTES)
    if size == _CORE_BYTES:
        width, height, _, bits = struct.unpack_from("<HHHH", data, FILE_HEADER_BYTES + 4)
        compression, used = 0, 0
    elif size in (*_WINDOWS_SIZES, *_OS2_SIZES):
        whole = data[FILE_HEADER_BYTES : FILE_HEADER_BYTES + size].ljust(_INFO_BYTES, b"\0")
        width, height, _, bits, compression, _, _, _, used = struct.unpack_from("<iiHHIIiiI", whole, 4)
    else:
        raise CorruptFileError(f"its header has {size} bytes, which no kind of BMP has")
    if width < 1 or height == 0:
        raise CorruptFileError(f"it says that it has {width} x {abs(height)} pixels")
    is_os2 = size not in _WINDOWS_SIZES
    packing = _packing(bits, compression, is_os2)
    masks, masks_end = _masks(data, size, bits, compression) if packing is Packing.MASKS else (_NO_MASKS, None)
    palette_at = masks_end or FILE_HEADER_BYTES + size
    pixels_at = _u32(data, 10)
    return BmpHeader(
        width=width,
        height=abs(height),
        is_top_down=height < 0,
        bits=bits,
        compression=compression,
        packing=packing,
        is_os2=is_os2,
        masks=masks,
        palette=_palette(data, palette_at, bits, used, 3 if size == _CORE_BYTES else 4) if bits <= 8 else (),
        pixels_at=pixels_at or palette_at,
        profile=_profile(data) if size == _V5_BYTES else None,
    )


def check_is_supported(header: BmpHeader, label: str) -> None:
    """Raises `LaminaError` (input_not_an_image) for a BMP variant that is not supported.

    Raises `CorruptFileError` if the header contradicts itself. `label`: the subject of error messages.
    """
    name = (_OS2_COMPRESSIONS if header.is_os2 else _COMPRESSIONS).get(header.compression)
    if name is None:
        what = f"compressed in an unknown way (number {header.compression})"
    elif (header.compression, header.bits) in _READ or (header.is_os2 and header.compression == 0):
        if header.bits in (1, 2, 4, 8, 16, 24, 32):
            return
        what = f"of {header.bits} bits a pixel"
    elif name.startswith("that"):
        what = name
    else:
        raise CorruptFileError(f"it is of {header.bits} bits a pixel and {name}, which cannot be")
    raise LaminaError(
        ErrorCode.INPUT_NOT_AN_IMAGE,
        f"{label} is a BMP {what}, which Lamina does not read.",
        "Save it as PNG, or as a BMP of 24 bits a pixel.",
    )


def _packing(bits: int, compression: int, is_os2: bool) -> Packing:
    if compression in (1, 2):
        return Packing.RLE
    if bits <= 8:
        return Packing.PALETTE
    return Packing.MASKS if bits in (16, 32) and not (is_os2 and compression == 3) else Packing.BYTES


def _masks(data: bytes, size: int, bits: int, compression: int) -> tuple[tuple[int, int, int, int], int | None]:
    """The four masks, and where they end if they stand between the header and the palette."""
    if compression not in (3, 6):
        return _STANDARD_MASKS[bits], None
    first = FILE_HEADER_BYTES + _INFO_BYTES
    count = 4 if compression == 6 or size >= 56 else 3
    masks = struct.unpack_from(f"<{count}I", data, first)
    red, green, blue, alpha = (*masks, 0)[:4]
    own_end = first + 4 * count
    for mask in (red, green, blue, alpha):
        if mask >> bits or (mask and not _is_one_run(mask)):
            raise CorruptFileError(f"the mask {mask:#x} of its colours is not a run of bits in a pixel")
    if (red & green) | (red & blue) | (green & blue) | ((red | green | blue) & alpha):
        raise CorruptFileError("the masks of its colours overlap")
    return (red, green, blue, alpha), own_end if own_end > FILE_HEADER_BYTES + size else None


def _is_one_run(mask: int) -> bool:
    lowest = mask & -mask
    return (mask // lowest) & (mask // lowest + 1) == 0


def _palette(data: bytes, at: int, bits: int, used: int, entry_bytes: int) -> tuple[tuple[int, int, int], ...]:
    """As many colours as the header says and the file has room for before the pixels."""
    count = min(used or 1 << bits, 1 << bits, _MOST_COLOURS)
    pixels_at = _u32(data, 10)
    if pixels_at > at:
        count = min(count, (pixels_at - at) // entry_bytes)
    stored = data[at : at + count * entry_bytes]
    entries = (stored[start : start + 3] for start in range(0, len(stored) - 2, entry_bytes))
    return tuple((entry[2], entry[1], entry[0]) for entry in entries)


def _profile(data: bytes) -> bytes | None:
    """An ICC profile, whose place is counted from the beginning of the header."""
    if _u32(data, FILE_HEADER_BYTES + 56) != _EMBEDDED_PROFILE:
        return None
    at, size = struct.unpack_from("<II", data, FILE_HEADER_BYTES + 112)
    return data[FILE_HEADER_BYTES + at : FILE_HEADER_BYTES + at + size] or None


def _u32(data: bytes, at: int) -> int:
    return struct.unpack_from("<I", data, at)[0]


_COMPRESSIONS = {
    0: "not compressed",
    1: "compressed with RLE8",
    2: "compressed with RLE4",
    3: "with masks",
    4: "that holds a JPEG",
    5: "that holds a PNG",
    6: "with masks",
    11: "that holds CMYK colours",
    12: "that holds CMYK colours",
    13: "that holds CMYK colours",
}
_OS2_COMPRESSIONS = {
    0: "not compressed",
    1: "compressed with RLE8",
    2: "compressed with RLE4",
    3: "that is compressed with Huffman 1D",
    4: "that is compressed with RLE24",
}
_READ = {
    *((0, bits) for bits in range(1, 65)),
    (1, 8), (2, 4), (3, 16), (3, 32), (6, 16), (6, 32),
}  # fmt: skip
