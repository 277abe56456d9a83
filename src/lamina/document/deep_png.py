"""Reads PNGs of 16 bits a channel, of which Pillow keeps only the upper 8."""

import cv2
import numpy as np

from lamina.core.layers import Pixels
from lamina.document.deep_samples import eight_bit
from lamina.document.native_noise import silenced

_DEPTH_AT = 24  # of IHDR, always the first chunk (PNG third edition, 11.2.1)


def is_deep(data: bytes) -> bool:
    """`data`: a PNG file."""
    return data[_DEPTH_AT] == 16


def read(data: bytes, transparent: int | tuple[int, ...] | bytes | None) -> Pixels:
    """(height, width, 1..4): grey, grey + alpha, RGB or RGBA at 8 bits, correctly rounded.

    `data`: a PNG whose checksums are right; `transparent`: the 16-bit colour that its tRNS chunk makes transparent.
    Raises ValueError if it cannot be decoded.
    """
    with silenced():
        samples = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if samples is None or samples.dtype != np.uint16:
        raise ValueError("its pixels cannot be decoded")
    channels = samples if samples.ndim == 3 else samples[..., None]
    count = channels.shape[2]
    if count >= 3:
        channels = channels[..., [2, 1, 0, 3][:count]]
    pixels = eight_bit(channels, "")
    if count in (1, 3) and isinstance(transparent, int | tuple):
        is_opaque = (channels != np.array(transparent, np.uint16)).any(-1, keepdims=True)
        pixels = np.concatenate([pixels, eight_bit(is_opaque, "")], -1)
    return pixels
