"""Estimates denoised alpha, colours and edges from resampled raw layers."""

import cv2
import numpy as np

from lamina.imaging.finish.resampling import Values

NOISY = 0.004  # alpha is denoised from this standard deviation (one level of 255) on

_MIN_ALPHA = 0.012  # three levels: smaller values are haze, values as close to 1 are opaque
_WINDOW = (7, 7)
_EDGE_FLOOR, _EDGE_RAMP = 0.06, 0.25  # a smaller change of alpha is no edge; a change of their sum is certainly one
_NEAR_SHARE, _CORE_SHARE = 0.02, 0.001  # weight of the neighbourhood's colour; it matters where alpha is 0


def clean_alpha(alpha: Values, noise: float) -> Values:
    """Removes noise of standard deviation `noise` from `alpha` 0..1 (local Wiener filter; Lee 1980), and haze."""
    if noise >= NOISY:
        mean = cv2.blur(alpha, _WINDOW)
        variance = cv2.blur(alpha * alpha, _WINDOW) - mean * mean
        keep = np.clip(1 - noise * noise / np.maximum(variance, 1e-8), 0, 1)
        filtered = mean + keep * (alpha - mean)
        filtered[(mean < noise) & (alpha < 4 * noise)] = 0
        filtered[(mean > 1 - noise) & (alpha > 1 - 4 * noise)] = 1
        alpha = filtered
    return np.where(alpha < _MIN_ALPHA, 0, np.where(alpha > 1 - _MIN_ALPHA, 1, alpha))


def edge_confidence(alpha: Values, reach: int) -> Values:
    """Confidence 0..1 that an edge of the layer lies within `reach` pixels."""
    levels = np.rint(alpha * 255).astype(np.uint8)
    disc = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    change = cv2.subtract(cv2.dilate(levels, disc), cv2.erode(levels, disc)).astype(np.float32)
    return np.clip((change * np.float32(1 / 255) - _EDGE_FLOOR) / _EDGE_RAMP, 0, 1)


def estimate_colours(plane: Values, reach: int) -> tuple[Values, Values]:
    """The layer's straight colour 0..255, (height, width, 3), and the premultiplied core colour, (height, width, 4).

    `plane`: (height, width, 4) premultiplied. The colour is extrapolated by `reach` pixels beyond the layer's edge. The
    core colour is the mean within `reach`, weighted by alpha.
    """
    window = (2 * reach + 1, 2 * reach + 1)
    near = cv2.blur(plane, window)
    core = cv2.blur(plane * (plane[..., 3:] * np.float32(1 / 255)), window)
    core += np.float32(_CORE_SHARE) * near
    near *= np.float32(_NEAR_SHARE)
    near += plane
    return near[..., :3] * (255 / np.maximum(near[..., 3:], 1e-3)), core
