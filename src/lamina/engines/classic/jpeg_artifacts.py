"""Detects JPEG artifacts, and creates a cleaned copy of the image for analysis."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.raster import Mask, Rgb, Values, grow, levels, share_within

_EDGE_LEVELS = 24  # difference of neighbours at an edge
_NEAR_PX = 2, 6  # distance range from an edge in which compressed images have ringing
_RINGING_SHARE = 0.1  # of these pixels: drawn PNGs have up to 0.02, JPEGs of quality 70 to 95 at least 0.18
_FAR_PX = 12  # distance from an edge beyond which there is no ringing; noise is everywhere
_FAR_FROM_NEAR = 1 / 3  # ratio of the shares far from and near edges: JPEGs have up to 0.1, noisy images at least 0.5
_BUSY_LEVELS = 10  # chroma is only corrected around edges
_REACH_PX = 3  # extent of subsampled chroma and its ringing
_LUMA_LEVELS = 6.0  # standard deviation of luma within one colour
_STRIP_ROWS = 32  # rows per strip, so that the planes fit in the processor cache
_EVEN_LEVELS = 4.0  # steps of luma beyond which chroma is unreliable


def has_jpeg_artifacts(rgb: Rgb) -> bool:
    """True if `rgb` (h, w, 3) has JPEG-like ringing: noise close to edges and hardly any elsewhere."""
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    edges = _steps(grey) > _EDGE_LEVELS
    near = grow(edges, _NEAR_PX[1]) & ~grow(edges, _NEAR_PX[0])
    uneven = np.asarray(cv2.absdiff(grey, cv2.medianBlur(grey, 3))) > 0
    share = share_within(near, uneven)
    return share > _RINGING_SHARE and share_within(~grow(edges, _FAR_PX), uneven) < _FAR_FROM_NEAR * share


def remove_jpeg_artifacts(rgb: Rgb) -> Rgb:
    """`rgb` (h, w, 3) with full-resolution chroma and smoothed ringing; edges are kept."""
    ycc = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb), np.uint8)
    steps = np.maximum(*(_steps(ycc[..., channel]) for channel in (1, 2)))
    busy = grow((_steps(ycc[..., 0]) > _BUSY_LEVELS) | (steps > _BUSY_LEVELS), 2)
    ycc[busy, 1:] = _sharp_chroma(ycc, busy)
    sharp = cv2.cvtColor(ycc, cv2.COLOR_YCrCb2RGB)
    return np.asarray(cv2.bilateralFilter(sharp, 9, 24, 3), np.uint8)


def _sharp_chroma(ycc: Rgb, among: Mask) -> NDArray[np.uint8]:
    """(n, 2): chroma of the pixels in `among`, averaged over nearby pixels of similar luma in even areas.

    JPEG halves the resolution of chroma but not of luma, which shows the colour edges: a joint bilateral filter.
    """
    trust = 1 / (1 + (_steps(ycc[..., 0]) / np.float32(_EVEN_LEVELS)) ** 2)
    planes = tuple(
        _bordered(plane) for plane in (ycc[..., 0], trust, *ycc[..., 1:].transpose(2, 0, 1).astype(np.float32))
    )
    result = np.zeros((*among.shape, 2), np.uint8)
    for top in range(0, len(among), _STRIP_ROWS):
        strip = slice(top, top + _STRIP_ROWS)
        if among[strip].any():
            result[strip] = _joint_mean(*(plane[top : top + _STRIP_ROWS + 2 * _REACH_PX] for plane in planes))
    return result[among]


def _bordered(plane: NDArray[Any]) -> NDArray[Any]:
    reach = _REACH_PX
    return np.asarray(
        cv2.copyMakeBorder(plane, top=reach, bottom=reach, left=reach, right=reach, borderType=cv2.BORDER_REPLICATE)
    )


def _joint_mean(luma: NDArray[np.uint8], trust: Values, *chroma: Values) -> NDArray[np.uint8]:
    """(h, w, 2): mean chroma around each pixel, weighted by `trust` and the similarity of luma.

    The inputs are larger than the result by `_REACH_PX` on each side.
    """
    height, width = (side - 2 * _REACH_PX for side in luma.shape)
    likeness = np.exp(-((np.arange(256, dtype=np.float32) / _LUMA_LEVELS) ** 2))
    middle = slice(_REACH_PX, _REACH_PX + height), slice(_REACH_PX, _REACH_PX + width)
    own = luma[middle].copy()
    weights = np.full(own.shape, 1e-4, np.float32)
    sums = [weights * plane[middle] for plane in chroma]
    share = np.empty_like(weights)
    for down in range(2 * _REACH_PX + 1):
        for right in range(2 * _REACH_PX + 1):
            shifted = slice(down, down + height), slice(right, right + width)
            weight = np.asarray(cv2.LUT(cv2.absdiff(luma[shifted], own), likeness), np.float32)
            weight *= trust[shifted]
            weights += weight
            for total, plane in zip(sums, chroma, strict=True):
                total += np.multiply(weight, plane[shifted], out=share)
    return levels(np.dstack(sums) / weights[..., None])


def _steps(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(h, w): the range of each pixel and its eight neighbours (morphological gradient)."""
    return np.asarray(cv2.morphologyEx(plane, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)), np.uint8)
