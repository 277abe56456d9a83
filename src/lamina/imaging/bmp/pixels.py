"""Decodes the pixels of a BMP: palettes, BGR bytes, bit fields and RLE."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import Pixels
from lamina.imaging.bmp.header import BmpHeader, PixelLayout
from lamina.imaging.bmp.runs import decode_rle
from lamina.imaging.read_errors import CorruptFileError


@dataclass(frozen=True, slots=True, eq=False)
class BmpPixels:
    """`colours`: (height, width, 3) uint8, top row first. `alpha`: (height, width) uint8; None if opaque."""

    colours: Pixels
    alpha: Pixels | None


def read_pixels(header: BmpHeader, data: bytes) -> BmpPixels:
    """The pixels of a bitmap. `header`: accepted by `check_is_supported`. Raises `CorruptFileError`."""
    if header.layout is PixelLayout.RLE:
        stored = BmpPixels(_apply_palette(header, decode_rle(header, data)), None)
    else:
        rows = _rows(header, data)
        match header.layout:
            case PixelLayout.PALETTE:
                stored = BmpPixels(_apply_palette(header, _indices(header, rows)), None)
            case PixelLayout.BYTES:
                bgr = rows[:, : header.width * 3].reshape(header.height, header.width, 3)
                stored = BmpPixels(bgr[..., ::-1], None)
            case _:
                stored = _decode_bit_fields(header, rows)
    if header.is_top_down:
        return stored
    return BmpPixels(stored.colours[::-1], None if stored.alpha is None else stored.alpha[::-1])


def _rows(header: BmpHeader, data: bytes) -> NDArray[np.uint8]:
    """(height, bytes per row) as stored; the padding of the last row may be missing."""
    used = (header.width * header.bits + 7) // 8
    needed = header.row_bytes * (header.height - 1) + used
    stored = data[header.pixel_offset : header.pixel_offset + header.row_bytes * header.height]
    if len(stored) < needed:
        raise CorruptFileError(
            f"its pixel data ends at byte {header.pixel_offset + needed}, but the file has {len(data)} bytes"
        )
    padded = stored.ljust(header.row_bytes * header.height, b"\0")
    return np.frombuffer(padded, np.uint8).reshape(header.height, header.row_bytes)


def _indices(header: BmpHeader, rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(height, width) palette indices; the leftmost pixel is in the highest bits."""
    pixels_per_byte = 8 // header.bits
    shifts = np.arange(8 - header.bits, -1, -header.bits, dtype=np.uint8)
    row_bytes = (header.width + pixels_per_byte - 1) // pixels_per_byte
    indices = rows[:, :row_bytes, None] >> shifts & np.uint8((1 << header.bits) - 1)
    return indices.reshape(header.height, -1)[:, : header.width]


def _apply_palette(header: BmpHeader, indices: NDArray[np.uint8]) -> Pixels:
    highest = int(indices.max())
    if highest >= len(header.palette):
        raise CorruptFileError(f"a pixel has the index {highest} in a palette of {len(header.palette)} colours")
    return np.array(header.palette, np.uint8)[indices]


def _decode_bit_fields(header: BmpHeader, rows: NDArray[np.uint8]) -> BmpPixels:
    pixels = rows[:, : header.width * header.bits // 8].copy().view(f"<u{header.bits // 8}")
    channels = [_channel(pixels, mask) for mask in header.masks]
    colours = np.stack(
        [np.zeros(pixels.shape, np.uint8) if channel is None else channel for channel in channels[:3]], -1
    )
    alpha = channels[3]
    # Some programs fill the fourth byte of opaque images with zeros; viewers show these as opaque.
    return BmpPixels(colours, alpha if alpha is not None and alpha.any() else None)


def _channel(pixels: NDArray[np.uint16 | np.uint32], mask: int) -> NDArray[np.uint8] | None:
    """The samples of a bit field scaled to 8 bits and rounded half up; None if the mask is 0."""
    if mask == 0:
        return None
    shift = (mask & -mask).bit_length() - 1
    full = mask >> shift
    samples = (pixels & pixels.dtype.type(mask)) >> pixels.dtype.type(shift)
    if full == 255:
        return samples.astype(np.uint8)
    return ((samples.astype(np.uint64) * 510 + full) // (2 * full)).astype(np.uint8)
