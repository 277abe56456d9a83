"""Decodes the pixels of a BMP: palettes, bytes, bit fields of any masks, and run lengths."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import Pixels
from lamina.imaging.bmp.header import BmpHeader, Packing
from lamina.imaging.bmp.runs import indices_of_runs
from lamina.imaging.read_errors import CorruptFileError


@dataclass(frozen=True, slots=True, eq=False)
class BmpPixels:
    """`colours`: (height, width, 3) uint8, the top row first. `alpha`: (height, width) uint8; None if all is opaque."""

    colours: Pixels
    alpha: Pixels | None


def read_pixels(header: BmpHeader, data: bytes) -> BmpPixels:
    """The header is one that `check_is_supported` lets through. Raises `CorruptFileError`."""
    if header.packing is Packing.RLE:
        read = BmpPixels(_looked_up(header, indices_of_runs(header, data)), None)
    else:
        rows = _rows(header, data)
        match header.packing:
            case Packing.PALETTE:
                read = BmpPixels(_looked_up(header, _indices(header, rows)), None)
            case Packing.BYTES:
                read = BmpPixels(rows[:, : header.width * 3].reshape(header.height, header.width, 3)[..., ::-1], None)
            case _:
                read = _of_masks(header, rows)
    if header.is_top_down:
        return read
    return BmpPixels(read.colours[::-1], None if read.alpha is None else read.alpha[::-1])


def _rows(header: BmpHeader, data: bytes) -> NDArray[np.uint8]:
    """(height, bytes a row), as stored; what fills up the last row may be missing."""
    used = (header.width * header.bits + 7) // 8
    needed = header.row_bytes * (header.height - 1) + used
    stored = data[header.pixels_at : header.pixels_at + header.row_bytes * header.height]
    if len(stored) < needed:
        raise CorruptFileError(f"{header.pixels_at + needed} bytes are expected, {len(data)} are there")
    filled = stored.ljust(header.row_bytes * header.height, b"\0")
    return np.frombuffer(filled, np.uint8).reshape(header.height, header.row_bytes)


def _indices(header: BmpHeader, rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(height, width); the leftmost pixel is in the highest bits."""
    a_byte = 8 // header.bits
    shifts = np.arange(8 - header.bits, -1, -header.bits, dtype=np.uint8)
    indices = rows[:, : (header.width + a_byte - 1) // a_byte, None] >> shifts & np.uint8((1 << header.bits) - 1)
    return indices.reshape(header.height, -1)[:, : header.width]


def _looked_up(header: BmpHeader, indices: NDArray[np.uint8]) -> Pixels:
    highest = int(indices.max())
    if highest >= len(header.palette):
        raise CorruptFileError(f"a pixel has colour {highest} of a palette of {len(header.palette)}")
    return np.array(header.palette, np.uint8)[indices]


def _of_masks(header: BmpHeader, rows: NDArray[np.uint8]) -> BmpPixels:
    pixels = rows[:, : header.width * header.bits // 8].copy().view(f"<u{header.bits // 8}")
    channels = [_channel(pixels, mask) for mask in header.masks]
    colours = np.stack([np.zeros(pixels.shape, np.uint8) if one is None else one for one in channels[:3]], -1)
    alpha = channels[3]
    # Programs that fill the fourth byte with zeros mean opaque, as every viewer takes it.
    return BmpPixels(colours, alpha if alpha is not None and alpha.any() else None)


def _channel(pixels: NDArray[np.uint16 | np.uint32], mask: int) -> NDArray[np.uint8] | None:
    """The samples under a mask at 8 bits, rounded half up; None without a mask."""
    if mask == 0:
        return None
    shift = (mask & -mask).bit_length() - 1
    full = mask >> shift
    samples = (pixels & pixels.dtype.type(mask)) >> pixels.dtype.type(shift)
    if full == 255:
        return samples.astype(np.uint8)
    return ((samples.astype(np.uint64) * 510 + full) // (2 * full)).astype(np.uint8)
