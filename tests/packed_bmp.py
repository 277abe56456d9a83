"""A BMP writer: any number of bits, any masks, every header, run lengths; in the plainest way."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class PackedBmp:
    """`rgba`: (height, width, 4). `masks`: of red, green, blue and, if there are four, alpha. `header_bytes`: 12, 16,
    40, 52, 56, 64, 108 or 124. `colours`: of a palette of `bits` up to 8; the picture's own if there are none, taken
    from its reds, as many as the bits allow.
    """

    rgba: NDArray[np.uint8]
    bits: int
    masks: tuple[int, ...] = ()
    header_bytes: int = 40
    is_top_down: bool = False
    is_rle: bool = False
    compression: int | None = None
    indices: NDArray[np.uint8] | None = None
    palette: NDArray[np.uint8] | None = None
    profile: bytes = b""


def bmp(page: PackedBmp) -> bytes:
    height, width = page.rgba.shape[:2]
    indices, palette = _indexed(page) if page.bits <= 8 else (None, np.zeros((0, 3), np.uint8))
    rows = list(_rows(page, indices))
    stored = b"".join(rows if page.is_top_down else reversed(rows))
    if page.is_rle:
        stored += b"\0\1"
    compression = page.compression
    if compression is None:
        compression = {8: 1, 4: 2}[page.bits] if page.is_rle else 3 if page.masks else 0
    if compression == 3 and len(page.masks) == 4 and page.header_bytes == 40:
        compression = 6
    colours = b"".join(bytes([*colour[::-1], *([0] if page.header_bytes != 12 else [])]) for colour in palette)
    masks = struct.pack(f"<{len(page.masks)}I", *page.masks)
    if page.header_bytes == 12:
        header = struct.pack("<IHHHH", 12, width, height, 1, page.bits)
    else:
        header = struct.pack(
            "<IiiHHIIiiII", page.header_bytes, width, -height if page.is_top_down else height, 1, page.bits,
            compression, len(stored), 2835, 2835, len(palette), 0,
        )  # fmt: skip
        header = (header + masks).ljust(page.header_bytes, b"\0")[: max(page.header_bytes, 40 + len(masks))]
        if page.header_bytes == 16:
            header = header[:16]
    if page.profile:
        header = header[:56] + struct.pack("<I", 0x4D424544) + header[60:112]
        at = 124 + len(colours) + len(stored)
        header += struct.pack("<III", at, len(page.profile), 0)
    pixels_at = 14 + len(header) + len(colours)
    whole = pixels_at + len(stored) + len(page.profile)
    return b"BM" + struct.pack("<IHHI", whole, 0, 0, pixels_at) + header + colours + stored + page.profile


def _indexed(page: PackedBmp) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    if page.indices is not None and page.palette is not None:
        return page.indices, page.palette
    levels, indices = np.unique(page.rgba[..., 0], return_inverse=True)
    assert len(levels) <= 1 << page.bits
    return indices.reshape(page.rgba.shape[:2]).astype(np.uint8), np.repeat(levels[:, None], 3, 1)


def _rows(page: PackedBmp, indices: NDArray[np.uint8] | None) -> Iterator[bytes]:
    """Of the top row first."""
    for y in range(page.rgba.shape[0]):
        if indices is not None:
            yield _run_lengths(indices[y], page.bits) if page.is_rle else _filled(_packed(indices[y], page.bits))
        elif page.masks or page.bits in (16, 32):
            masks = page.masks or {16: (0x7C00, 0x3E0, 0x1F), 32: (0xFF0000, 0xFF00, 0xFF)}[page.bits]
            numbers = [_masked(pixel, masks) for pixel in page.rgba[y]]
            yield _filled(b"".join(number.to_bytes(page.bits // 8, "little") for number in numbers))
        else:
            yield _filled(page.rgba[y, :, 2::-1].tobytes())


def _masked(pixel: NDArray[np.uint8], masks: tuple[int, ...]) -> int:
    number = 0
    for sample, mask in zip(pixel, masks, strict=False):
        if mask:
            lowest = mask & -mask
            number |= (int(sample) * (mask // lowest) + 127) // 255 * lowest
    return number


def _packed(indices: NDArray[np.uint8], bits: int) -> bytes:
    digits = "".join(f"{int(index):0{bits}b}" for index in indices)
    digits += "0" * (-len(digits) % 8)
    return int(digits, 2).to_bytes(len(digits) // 8, "big")


def _filled(row: bytes) -> bytes:
    return row + bytes(-len(row) % 4)


def _run_lengths(indices: NDArray[np.uint8], bits: int) -> bytes:
    """Runs where pixels repeat, literals elsewhere; then the end of the line."""
    stored, at = b"", 0
    values = [int(index) for index in indices]
    while at < len(values):
        run = next((size for size in range(1, min(255, len(values) - at)) if values[at + size] != values[at]), 0)
        run = run or min(255, len(values) - at)
        if run < 3 and len(values) - at >= 5:
            literal = values[at : at + 5]
            body = bytes(literal) if bits == 8 else _packed(np.array(literal, np.uint8), 4)
            stored += bytes([0, 5]) + body + bytes(len(body) % 2)
            at += 5
            continue
        stored += bytes([run, values[at] if bits == 8 else values[at] * 17])
        at += run
    return stored + b"\0\0"
