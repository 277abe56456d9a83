"""Segments the foreground on a textured background, by the colours that recur along the image border."""

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.raster import Labels, Mask, Rgb, Values, close_mask, components, fill_holes, lab, open_mask

_BINS = 44, 88, 88  # of L, a, b
_BIN_LAB = 2.5, 3.0, 3.0
_NEIGHBOUR_SHARE = 0.6  # share of the votes of a colour that adjacent bins get
_SEGMENTS = 24
_BAND_SHARE = 0.03  # of the longer side
_FULL_VOTE = 0.02  # share of a segment from which on a colour has its full vote
_HALF_LIKELIHOOD = 0.25  # share of the votes with a likelihood of 0.5
_SMOOTHING_PX = 5
_MIN_PART_SHARE = 0.0004


def foreground_on_texture(rgb: Rgb) -> Mask:
    """(h, w) bool: everything without the colours of the background, cleaned and with holes filled."""
    foreground = close_mask(open_mask(background_likelihood(rgb) < 0.5, 1), 3)
    parts = components(foreground)
    is_kept = parts.areas >= _MIN_PART_SHARE * foreground.size
    is_kept[0] = False
    return fill_holes(is_kept[parts.labels])


def background_likelihood(rgb: Rgb, is_border: Mask | None = None) -> NDArray[np.float32]:
    """(h, w) float32 in 0..1 for `rgb` (h, w, 3) uint8: at least 0.5 where a pixel is more likely background than
    object.

    `is_border`: the pixels to learn from; by default, a band along the image border. The border is divided into
    segments, each of which votes for its colours, so that an object at the border affects only its own segments.
    Stripes, checks, grain, wood and clouds repeat a few colours along the whole border. Parts of objects in background
    colours count as background: fill the holes. No shape is assumed, so the result needs cleaning.
    """
    colours = _binned(lab(np.asarray(cv2.medianBlur(rgb, 3), np.uint8)))
    border = _band(colours.shape) if is_border is None else is_border
    votes = _votes(colours, border)[colours]
    smooth = np.asarray(cv2.blur(votes.astype(np.float32), (_SMOOTHING_PX, _SMOOTHING_PX)), np.float32)
    return (smooth / (smooth + np.float32(_HALF_LIKELIHOOD))).astype(np.float32)


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
    """(bins,): share of the border segments in which each colour, or an adjacent one, is common."""
    height, width = colours.shape
    rows, columns = np.nonzero(border)
    turn = np.arctan2(rows / height - 0.5, columns / width - 0.5) / (2 * np.pi) + 0.5
    segment = np.minimum((turn * _SEGMENTS).astype(np.int64), _SEGMENTS - 1)
    border_colours = colours[border]
    total = np.zeros(int(np.prod(_BINS)), np.float32)
    present = np.unique(segment)
    for number in present:
        counts = np.bincount(border_colours[segment == number], minlength=len(total)).astype(np.float32)
        total += np.minimum(_spread(counts / counts.sum()), _FULL_VOTE)
    return total / (_FULL_VOTE * max(1, len(present)))


def _spread(histogram: NDArray[np.float32]) -> NDArray[np.float32]:
    cube = histogram.reshape(_BINS)
    for axis in range(3):
        cube = cube + _NEIGHBOUR_SHARE * (np.roll(cube, 1, axis) + np.roll(cube, -1, axis))
    return cube.ravel().astype(np.float32)
