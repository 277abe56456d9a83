"""How likely each pixel belongs to a textured ground, by the colours that recur all along the picture's border."""

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.raster import Labels, Mask, Rgb, Values, closed, components, lab, opened, without_holes

_BINS = 44, 88, 88  # of L, a, b
_BIN_LAB = 2.5, 3.0, 3.0
_NEIGHBOUR_SHARE = 0.6  # how much of a colour's votes the next bin gets
_STRETCHES = 24
_BAND_SHARE = 0.03  # of the longer side
_FULL_VOTE = 0.02  # share of a stretch at which a colour has that stretch's whole vote
_EVEN = 0.25  # share of the votes at which a pixel is as likely ground as not
_SMOOTHING_PX = 5
_LEAST_PART_SHARE = 0.0004


def foreground_on_texture(rgb: Rgb) -> Mask:
    """(h, w) bool: everything that does not wear the ground's colours, tidied, with its holes filled."""
    unlike = closed(opened(background_likelihood(rgb) < 0.5, 1), 3)
    parts = components(unlike)
    is_kept = parts.areas >= _LEAST_PART_SHARE * unlike.size
    is_kept[0] = False
    return without_holes(is_kept[parts.labels])


def background_likelihood(rgb: Rgb, is_border: Mask | None = None) -> NDArray[np.float32]:
    """(h, w) float32 in 0..1 for `rgb` (h, w, 3) uint8: 0.5 and more where a pixel is rather ground than object.

    `is_border`: the pixels to learn from; a band along the picture's edge if None. The border is cut into stretches
    and each stretch votes for its colours, so that an object that runs off the picture persuades only its own.
    Stripes, checks, grain, wood and clouds show their few colours all around. What an object shares with the ground
    is taken for ground: fill the holes. No shape is assumed, so tidy the result.
    """
    colours = _binned(lab(np.asarray(cv2.medianBlur(rgb, 3), np.uint8)))
    border = _band(colours.shape) if is_border is None else is_border
    votes = _votes(colours, border)[colours]
    smooth = np.asarray(cv2.blur(votes.astype(np.float32), (_SMOOTHING_PX, _SMOOTHING_PX)), np.float32)
    return (smooth / (smooth + np.float32(_EVEN))).astype(np.float32)


def _binned(colours: Values) -> Labels:
    levels = colours / np.array(_BIN_LAB, np.float32) + np.array([2, 44, 44], np.float32)
    index = np.clip(levels.astype(np.int32), 0, np.array(_BINS, np.int32) - 1)
    return ((index[..., 0] * _BINS[1] + index[..., 1]) * _BINS[2] + index[..., 2]).astype(np.int32)


def _band(shape: tuple[int, ...]) -> Mask:
    height, width = shape
    px = max(8, round(_BAND_SHARE * max(height, width)))
    band = np.ones((height, width), bool)
    band[px:-px, px:-px] = False
    return band


def _votes(colours: Labels, border: Mask) -> NDArray[np.float32]:
    """(bins,): the share of the border's stretches in which each colour, or one next to it, is common."""
    height, width = colours.shape
    rows, columns = np.nonzero(border)
    turn = np.arctan2(rows / height - 0.5, columns / width - 0.5) / (2 * np.pi) + 0.5
    stretch = np.minimum((turn * _STRETCHES).astype(np.int64), _STRETCHES - 1)
    seen = colours[border]
    total = np.zeros(int(np.prod(_BINS)), np.float32)
    present = np.unique(stretch)
    for which in present:
        counts = np.bincount(seen[stretch == which], minlength=len(total)).astype(np.float32)
        total += np.minimum(_spread(counts / counts.sum()), _FULL_VOTE)
    return total / (_FULL_VOTE * max(1, len(present)))


def _spread(histogram: NDArray[np.float32]) -> NDArray[np.float32]:
    cube = histogram.reshape(_BINS)
    for axis in range(3):
        cube = cube + _NEIGHBOUR_SHARE * (np.roll(cube, 1, axis) + np.roll(cube, -1, axis))
    return cube.ravel().astype(np.float32)
