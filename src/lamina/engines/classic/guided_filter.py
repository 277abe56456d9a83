"""Aligns a soft mask with the edges of an image: the guided filter with a colour guide (He, Sun, Tang, 2010)."""

import cv2
import numpy as np

from lamina.engines.classic.raster import Rgb, Values


def guided_filter(rgb: Rgb, soft: Values, radius_px: int, smoothness: float = 1e-4, shrink: int = 2) -> Values:
    """(h, w) float32 in 0..1: the locally linear function of the image's colours that fits `soft` best.

    `rgb`: (h, w, 3) uint8, the guide. `soft`: (h, w) in 0..1. `radius_px`: half the side of a window. `smoothness`:
    variance of the guide (0..1 squared) below which edges are ignored. `shrink`: the linear functions are fitted on a
    copy that is this many times smaller (He and Sun, "Fast Guided Filter").
    """
    height, width = soft.shape
    size = max(1, width // shrink), max(1, height // shrink)
    guide = _values(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)) / 255
    target = _values(cv2.resize(soft.astype(np.float32), size, interpolation=cv2.INTER_AREA))
    slopes, offset = _linear_model(guide, target, max(1, radius_px // shrink), smoothness)
    full = width, height
    slopes = _values(cv2.resize(slopes, full, interpolation=cv2.INTER_LINEAR))
    offset = _values(cv2.resize(offset, full, interpolation=cv2.INTER_LINEAR))
    return np.clip(np.einsum("hwc,hwc->hw", rgb.astype(np.float32) / 255, slopes) + offset, 0, 1)


def _linear_model(guide: Values, target: Values, radius: int, smoothness: float) -> tuple[Values, Values]:
    def mean(values: Values) -> Values:
        return _values(cv2.blur(values, (2 * radius + 1, 2 * radius + 1)))

    mean_guide, mean_target = mean(guide), mean(target)
    shared = mean(guide * target[..., None]) - mean_guide * mean_target[..., None]
    pairs = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
    spread = mean(np.dstack([guide[..., i] * guide[..., j] for i, j in pairs[:3]]))
    spread = np.dstack([spread, mean(np.dstack([guide[..., i] * guide[..., j] for i, j in pairs[3:]]))])
    rr, rg, rb, gg, gb, bb = (
        spread[..., k] - mean_guide[..., i] * mean_guide[..., j] + (smoothness if i == j else 0)
        for k, (i, j) in enumerate(pairs)
    )
    # The inverse of a symmetric 3x3 matrix by cofactors: many times faster than a solver per pixel.
    c00, c01, c02 = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    c11, c12, c22 = rr * bb - rb * rb, rg * rb - rr * gb, rr * gg - rg * rg
    determinant = np.maximum(rr * c00 + rg * c01 + rb * c02, smoothness**3)
    x, y, z = shared[..., 0], shared[..., 1], shared[..., 2]
    slopes = np.dstack([c00 * x + c01 * y + c02 * z, c01 * x + c11 * y + c12 * z, c02 * x + c12 * y + c22 * z])
    slopes = slopes / determinant[..., None]
    offset = mean_target - (slopes * mean_guide).sum(-1)
    return mean(slopes), mean(offset)


def _values(array: object) -> Values:
    return np.asarray(array, np.float32)
