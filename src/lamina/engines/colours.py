"""Everyday names of colours, and the CIE L*a*b* conversion behind them."""

import cv2
import numpy as np
from numpy.typing import NDArray

# Anchor colours in sRGB, chosen so that the nearest in CIE L*a*b* has the name that most people would use.
_COLOURS: dict[str, tuple[tuple[int, int, int], ...]] = {
    "black": ((12, 12, 12),),
    "white": ((250, 250, 250),),
    "grey": ((128, 128, 128), (80, 80, 80), (190, 190, 190)),
    "red": ((220, 30, 35), (150, 25, 30)),
    "orange": ((245, 130, 30),),
    "yellow": ((250, 215, 40),),
    "green": ((45, 160, 70), (20, 90, 45), (140, 200, 60), (170, 210, 160)),
    "teal": ((20, 150, 145), (70, 205, 195)),
    "light blue": ((135, 200, 240),),
    "blue": ((40, 90, 210), (20, 40, 110), (50, 100, 145)),
    "purple": ((120, 50, 170), (70, 35, 100), (165, 135, 205)),
    "pink": ((245, 140, 180), (235, 60, 140)),
    "brown": ((120, 75, 40), (80, 50, 30)),
    "beige": ((235, 215, 180),),
}
_DARK_LAB, _OUTLINE_WEIGHT = 30, 0.4
SAMPLE_PX = 2000  # minimum number of pixels sampled for a name, if there are that many
_NEUTRAL = {"black", "white", "grey"}
_SHARES = np.arange(256, dtype=np.float32) / 255
_NAMES = [name for name, anchors in _COLOURS.items() for _ in anchors]


def lab(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(h, w, 3): CIE L*a*b* (L 0..100) of 8-bit sRGB."""
    return np.asarray(cv2.cvtColor(cv2.LUT(rgb, _SHARES), cv2.COLOR_RGB2Lab), np.float32)


_ANCHORS = lab(np.array([[anchor for anchors in _COLOURS.values() for anchor in anchors]], np.uint8))[0]


def colour_word(rgb: NDArray[np.uint8]) -> str:
    """The everyday name of the most common colour in `rgb` (n, 3).

    Black, white, grey and dark pixels have a lower weight, since outlines and shadows are black and highlights white
    on objects that nobody would call black or white.
    """
    sample = lab(rgb[:: max(1, len(rgb) // SAMPLE_PX)][None])[0]
    nearest = np.linalg.norm(sample[:, None] - _ANCHORS[None], axis=-1).argmin(1)
    counts = np.where(sample[:, 0] < _DARK_LAB, _OUTLINE_WEIGHT, 1.0)
    votes = dict.fromkeys(_COLOURS, 0.0)
    for index, name in enumerate(_NAMES):
        votes[name] += float(counts[nearest == index].sum()) * (_OUTLINE_WEIGHT if name in _NEUTRAL else 1.0)
    return max(votes, key=lambda name: (votes[name], name))
