"""Reads PNGs of 16 bits a channel, of which Pillow keeps only the upper 8."""

import numpy as np

from lamina.core.layers import Pixels
from lamina.imaging.deep_samples import eight_bit
from lamina.imaging.silent_stderr import silenced

# IHDR is always the first chunk (PNG third edition, 11.2.1)
_DEPTH_AT = 24
_COLOUR_TYPE_AT = 25
_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}  # by colour type: grey, RGB, grey + alpha, RGBA


def is_deep(data: bytes) -> bool:
    """`data`: a PNG file."""
    return data[_DEPTH_AT] == 16


def read(data: bytes, size: tuple[int, int], has_transparent_colour: bool) -> Pixels:
    """(height, width, 1..4): grey, grey + alpha, RGB or RGBA at 8 bits, correctly rounded; of an animation the default
    image, which readers that know no animations show.

    `data`: a PNG whose checksums are right; `size`: width and height. `has_transparent_colour`: by a tRNS chunk, which
    becomes alpha. Raises an error of imagecodecs (a RuntimeError) if it cannot be decoded.
    """
    import imagecodecs

    count = _CHANNELS[data[_COLOUR_TYPE_AT]]
    count += has_transparent_colour and count in (1, 3)
    width, height = size
    samples = np.zeros((height, width, count) if count > 1 else (height, width), np.uint16)
    with silenced():
        imagecodecs.png_decode(data, out=samples)
    return eight_bit(samples.reshape(height, width, count), "")
