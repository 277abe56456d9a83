"""Converts the samples of a TIFF page to 8 bits per channel with straight alpha."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lamina.core.layers import Pixels
from lamina.imaging.bit_depth import to_8_bit, to_straight_8_bit
from lamina.imaging.read_errors import CorruptFileError
from lamina.imaging.tiff.header import TiffHeader
from lamina.imaging.tiff.numbers import Photometric
from lamina.imaging.tiff.segments import read_samples


@dataclass(frozen=True, slots=True, eq=False)
class TiffPixels:
    """Colours and alpha in the colour space of the file.

    `colour`: (height, width, 1 or 3) uint8 grey or RGB, or a Pillow image of mode CMYK or LAB. `alpha`: (height, width)
    uint8; None if the image is opaque.
    """

    colour: Pixels | Image.Image
    alpha: Pixels | None


def read_pixels(header: TiffHeader, data: bytes, label: str) -> TiffPixels:
    """The samples of the page, before its orientation is applied. `header`: accepted by `variants`.

    Raises `LaminaError` (input_not_an_image) for floats of unknown range; `CorruptFileError`, and errors of
    imagecodecs, for a corrupt file.
    """
    alpha_channel = header.alpha_channel
    channels = [*range(header.colour_count), *([] if alpha_channel is None else [alpha_channel])]
    samples = read_samples(header, data, channels)
    bits = header.bits[0]
    if header.photometric == Photometric.PALETTE:
        alpha = None if alpha_channel is None else to_8_bit(samples[..., 1], label, bits)
        return TiffPixels(_apply_palette(header, samples[..., 0]), alpha)
    is_straight = not header.is_alpha_associated
    pixels = to_8_bit(samples, label, bits) if is_straight else to_straight_8_bit(samples, label, bits)
    colours = pixels[..., : header.colour_count]
    alpha = None if alpha_channel is None else pixels[..., -1]
    if header.photometric == Photometric.WHITE_IS_ZERO:
        colours = 255 - colours
    return TiffPixels(_to_native_mode(header, colours), alpha)


def _to_native_mode(header: TiffHeader, colours: Pixels) -> Pixels | Image.Image:
    if header.photometric == Photometric.CIELAB:  # a and b are signed; this raw mode converts them
        return Image.frombytes("LAB", (header.width, header.height), colours.tobytes(), "raw", "LAB")
    if header.photometric == Photometric.CMYK:
        return Image.frombytes("CMYK", (header.width, header.height), colours.tobytes())
    return colours


def _apply_palette(header: TiffHeader, indices: NDArray[np.uint8 | np.uint16]) -> Pixels:
    """(height, width, 3) of palette indices.

    Palettes have 16-bit entries. The upper byte is exact whether the writer shifted or scaled 8-bit levels; if all
    upper bytes are 0, the lower byte is the level, as in libtiff.
    """
    count = 1 << header.bits[0]
    if len(header.palette) != 3 * count:
        raise CorruptFileError(f"its palette has {len(header.palette)} entries instead of {3 * count}")
    levels = np.array(header.palette, np.uint16).reshape(3, count)
    if levels.max() > 255:
        levels >>= 8
    return levels.T.astype(np.uint8)[indices]
