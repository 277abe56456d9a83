"""The marks of lossy compression: are there any, and a copy without them, for looking at."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.raster import Mask, Rgb, Values, grow, levels

_EDGE_LEVELS = 24  # between neighbours
_NEAR_PX = 2, 6  # from an edge, where drawn pictures are even and compressed ones ripple
_RIPPLED_SHARE = 0.1  # of pixels there: drawn PNGs have up to 0.02, JPEGs of quality 70 to 95 have 0.18 and more
_FAR_PX = 12  # from an edge, where compressed drawings are even too: noise lies everywhere
_FAR_FROM_NEAR = 1 / 3  # share far away of the share near edges: JPEGs have up to 0.1, noisy pictures 0.5 and more
_BUSY_LEVELS = 10  # chroma is only looked into about edges
_REACH_PX = 3  # chroma of half the size and its ripples spread as far
_LUMA_LEVELS = 6.0  # by which luma differs within one colour
_STRIP_ROWS = 32  # worked on at a time, so that their planes stay in the processor's cache
_EVEN_LEVELS = 4.0  # steps of luma beyond which a pixel's chroma is not to be trusted


def is_rippled(rgb: Rgb) -> bool:
    """True if `rgb` (h, w, 3) bears the marks of JPEG or the like: ripples about its edges and hardly elsewhere."""
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    edges = _steps(grey) > _EDGE_LEVELS
    near = grow(edges, _NEAR_PX[1]) & ~grow(edges, _NEAR_PX[0])
    uneven = np.asarray(cv2.absdiff(grey, cv2.medianBlur(grey, 3))) > 0
    share = _share(uneven, near)
    return share > _RIPPLED_SHARE and _share(uneven, ~grow(edges, _FAR_PX)) < _FAR_FROM_NEAR * share


def calmed(rgb: Rgb) -> Rgb:
    """`rgb` (h, w, 3) with colours sharp to the pixel again and ripples smoothed away, its edges kept."""
    ycc = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb), np.uint8)
    steps = np.maximum(*(_steps(ycc[..., channel]) for channel in (1, 2)))
    busy = grow((_steps(ycc[..., 0]) > _BUSY_LEVELS) | (steps > _BUSY_LEVELS), 2)
    ycc[busy, 1:] = _sharp_chroma(ycc, busy)
    sharp = cv2.cvtColor(ycc, cv2.COLOR_YCrCb2RGB)
    return np.asarray(cv2.bilateralFilter(sharp, 9, 24, 3), np.uint8)


def _share(mask: Mask, among: Mask) -> float:
    return float(np.count_nonzero(mask & among) / max(1, np.count_nonzero(among)))


def _sharp_chroma(ycc: Rgb, among: Mask) -> NDArray[np.uint8]:
    """(n, 2): chroma of each pixel of `among`: that of near pixels of like luma which lie on even ground.

    JPEG keeps chroma at half the size; luma, which it keeps whole, tells where colours end. A joint bilateral filter.
    """
    trust = 1 / (1 + (_steps(ycc[..., 0]) / np.float32(_EVEN_LEVELS)) ** 2)
    planes = tuple(
        _bordered(plane) for plane in (ycc[..., 0], trust, *ycc[..., 1:].transpose(2, 0, 1).astype(np.float32))
    )
    found = np.zeros((*among.shape, 2), np.uint8)
    for top in range(0, len(among), _STRIP_ROWS):
        strip = slice(top, top + _STRIP_ROWS)
        if among[strip].any():
            found[strip] = _joint_mean(*(plane[top : top + _STRIP_ROWS + 2 * _REACH_PX] for plane in planes))
    return found[among]


def _bordered(plane: NDArray[Any]) -> NDArray[Any]:
    reach = _REACH_PX
    return np.asarray(cv2.copyMakeBorder(plane, reach, reach, reach, reach, cv2.BORDER_REPLICATE))


def _joint_mean(luma: NDArray[np.uint8], trust: Values, *chroma: Values) -> NDArray[np.uint8]:
    """(h, w, 2): the mean chroma about each pixel, weighted by trust and likeness of luma.

    All are `_REACH_PX` larger on every side than what is returned.
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
            there = slice(down, down + height), slice(right, right + width)
            weight = np.asarray(cv2.LUT(cv2.absdiff(luma[there], own), likeness), np.float32)
            weight *= trust[there]
            weights += weight
            for total, plane in zip(sums, chroma, strict=True):
                total += np.multiply(weight, plane[there], out=share)
    return levels(np.dstack(sums) / weights[..., None])


def _steps(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(h, w): the largest less the smallest of each pixel and its eight neighbours."""
    return np.asarray(cv2.morphologyEx(plane, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)), np.uint8)
