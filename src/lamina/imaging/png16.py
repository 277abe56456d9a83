"""Reads PNGs with 16 bits per channel, of which Pillow keeps only the upper 8."""

import numpy as np

from lamina.core.layers import Pixels
from lamina.imaging.bit_depth import to_8_bit
from lamina.imaging.silent_stderr import silence_stderr

# IHDR is always the first chunk (PNG third edition, 11.2.1)
_BIT_DEPTH_OFFSET = 24
_COLOUR_TYPE_OFFSET = 25
_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}  # by colour type: grey, RGB, grey + alpha, RGBA


def is_16_bit(data: bytes) -> bool:
    """True if the PNG file `data` has 16 bits per channel."""
    return data[_BIT_DEPTH_OFFSET] == 16


def read(data: bytes, size: tuple[int, int], has_transparent_colour: bool) -> Pixels:
    """(height, width, 1..4): grey, grey + alpha, RGB or RGBA, correctly rounded to 8 bits.

    Of an APNG, this is the default image. `data`: a PNG whose checksums are valid; `size`: width and height.
    `has_transparent_colour`: a tRNS chunk defines a transparent colour, which becomes alpha. Raises an error of
    imagecodecs (a RuntimeError) if the data cannot be decoded.
    """
    import imagecodecs

    count = _CHANNELS[data[_COLOUR_TYPE_OFFSET]]
    count += has_transparent_colour and count in (1, 3)
    width, height = size
    samples = np.zeros((height, width, count) if count > 1 else (height, width), np.uint16)
    with silence_stderr():
        imagecodecs.png_decode(data, out=samples)
    return to_8_bit(samples.reshape(height, width, count), "")
