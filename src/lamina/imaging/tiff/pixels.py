"""Brings the stored samples of a TIFF page to 8 bits a channel: colours, and straight alpha."""

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
    """`colour`: (height, width, 1 or 3) uint8 of grey or RGB, or an image of mode CMYK or LAB; not yet sRGB.
    `alpha`: (height, width) uint8; None if all is opaque.
    """

    colour: Pixels | Image.Image
    alpha: Pixels | None


def read_pixels(header: TiffHeader, data: bytes, label: str) -> TiffPixels:
    """The header is one that `variants` lets through; nothing is turned upright.

    Raises `LaminaError` (input_not_an_image) for floats whose range is unknown; `CorruptFileError`, and errors of
    imagecodecs, if the file is damaged.
    """
    alpha_at = header.alpha_at
    channels = [*range(header.colour_count), *([] if alpha_at is None else [alpha_at])]
    samples = read_samples(header, data, channels)
    bits = header.bits[0]
    if header.photometric == Photometric.PALETTE:
        alpha = None if alpha_at is None else to_8_bit(samples[..., 1], label, bits)
        return TiffPixels(_looked_up(header, samples[..., 0]), alpha)
    is_straight = not header.is_alpha_associated
    pixels = to_8_bit(samples, label, bits) if is_straight else to_straight_8_bit(samples, label, bits)
    colours = pixels[..., : header.colour_count]
    alpha = None if alpha_at is None else pixels[..., -1]
    if header.photometric == Photometric.WHITE_IS_ZERO:
        colours = 255 - colours
    return TiffPixels(_in_its_mode(header, colours), alpha)


def _in_its_mode(header: TiffHeader, colours: Pixels) -> Pixels | Image.Image:
    if header.photometric == Photometric.CIELAB:  # a and b are signed, which this raw mode takes care of
        return Image.frombytes("LAB", (header.width, header.height), colours.tobytes(), "raw", "LAB")
    if header.photometric == Photometric.CMYK:
        return Image.frombytes("CMYK", (header.width, header.height), colours.tobytes())
    return colours


def _looked_up(header: TiffHeader, indices: NDArray[np.uint8 | np.uint16]) -> Pixels:
    """Palettes hold 16 bits, of which some writers fill the lower and most the upper half: the upper one tells the
    level exactly whether they shifted or scaled, and libtiff takes the lower one where all others are 0.
    """
    count = 1 << header.bits[0]
    if len(header.palette) != 3 * count:
        raise CorruptFileError(f"its palette has {len(header.palette)} numbers instead of {3 * count}")
    levels = np.array(header.palette, np.uint16).reshape(3, count)
    if levels.max() > 255:
        levels >>= 8
    return levels.T.astype(np.uint8)[indices]
