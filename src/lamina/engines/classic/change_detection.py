"""Detects the pixels around a line that the text changed, as opposed to noise and compression."""

import cv2
import numpy as np

from lamina.engines.classic.backdrop import Backdrop
from lamina.engines.classic.raster import Mask, channel_max, depth, grow, shrink

_RINGING_REACH_PX = 10  # slightly more than a JPEG block
_MIN_LEVELS = 3.0
_QUIET_LEVELS = 1.5  # artifacts below this are rounding, above it compression or grain
_SIDED_LEVELS = 1.5
_BOTH_SIDES = 0.12  # share of the rarer sign: higher for compression and grain, lower for shadows
_CLEAR_SHARE = 0.2  # of the contrast
_RINGING_SHARE = 0.15  # of the contrast, which ringing seldom exceeds at JPEG quality 70 and above


def changed_pixels(backdrop: Backdrop, artifact_level: float) -> Mask:
    """(height, width): where the image differs from the backdrop by more than the artifacts around the text.

    JPEG ringing has both signs, a shadow only one. Therefore a weak difference counts if local averaging does not
    remove it, and a strong one in any case.
    """
    min_levels = np.maximum(_MIN_LEVELS, 1.2 * backdrop.noise)
    if artifact_level < _QUIET_LEVELS:
        return backdrop.difference > min_levels
    strong = backdrop.difference > np.maximum(min_levels, max(2.0 * artifact_level, _RINGING_SHARE * backdrop.contrast))
    averaged = channel_max(np.abs(np.asarray(cv2.blur(backdrop.departure, (5, 5)), np.float32)))
    return strong | ((averaged > np.maximum(min_levels, 1.2 * artifact_level)) & ~grow(strong, 2))


def artifact_level_near(backdrop: Backdrop, core: Mask) -> float:
    """Strength of artifacts near the text, in levels: the 90th percentile of local differences.

    0 if nearly all differences have the same sign, which indicates a shadow or a glow.
    """
    clear = depth(~core)
    weak = backdrop.difference < 0.3 * backdrop.contrast
    zone = (clear > 4) & (clear < 4 + _RINGING_REACH_PX) & weak
    departure = backdrop.departure[zone]
    above, below = (departure > _SIDED_LEVELS).sum(0), (departure < -_SIDED_LEVELS).sum(0)
    fewer = np.minimum(above, below).sum() / max(1, (above + below).sum())
    if zone.sum() < 50 or fewer < _BOTH_SIDES:
        return 0.0
    stray = np.abs(departure - cv2.blur(backdrop.departure, (5, 5))[zone]).max(-1)
    return float(np.percentile(stray, 90))


def remove_rim(mask: Mask, backdrop: Backdrop, artifact_level: float) -> Mask:
    """The mask without outermost pixels that show less than half the difference of their inner neighbours.

    This applies only next to clear differences: the faint end of a shadow is no rim.
    """
    difference = backdrop.difference
    times, width = (1, 3) if artifact_level < _QUIET_LEVELS else (3, 5)  # compression widens the rim
    for _ in range(times):
        within = np.where(mask, difference, 0).astype(np.float32)
        beside, nearby = (cv2.dilate(within, np.ones((side, side), np.uint8)) for side in (3, width))
        is_slope = (difference < 0.5 * nearby) & (difference < 0.75 * beside)  # a thin outline is a step, not a slope
        mask = mask & (shrink(mask, 1) | ~(is_slope & (nearby > _CLEAR_SHARE * backdrop.contrast)))
    return mask
