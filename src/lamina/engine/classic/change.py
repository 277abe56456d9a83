"""Change: which pixels around a line of text the text has changed, beyond noise and compression."""

import cv2
import numpy as np

from lamina.engine.classic.backdrop import Backdrop
from lamina.engine.classic.raster import Mask, depth, grow, shrink

_RINGING_REACH_PX = 10  # a JPEG block and a little
_LEAST_LEVELS = 3.0
_QUIET_LEVELS = 1.5  # rapid ripples below this are rounding, above it compression or grain
_CLEAR_SHARE = 0.2  # of the contrast
_RINGING_SHARE = 0.15  # of the contrast, which ripples beside an edge seldom exceed at JPEG quality 70 and above


def changed_pixels(backdrop: Backdrop, ripples: float) -> Mask:
    """(height, width): where the picture departs from the backdrop by more than `ripples` around the text do.

    JPEG leaves ripples of both signs around letters, a shadow departs to one side: so a weak departure counts if it
    outlasts local averaging, a strong one at once.
    """
    least = np.maximum(_LEAST_LEVELS, 1.2 * backdrop.noise)
    if ripples < _QUIET_LEVELS:
        return backdrop.difference > least
    strong = backdrop.difference > np.maximum(least, max(2.0 * ripples, _RINGING_SHARE * backdrop.contrast))
    averaged = np.abs(cv2.blur(backdrop.departure, (5, 5))).max(-1)
    return strong | ((averaged > np.maximum(least, 1.2 * ripples)) & ~grow(strong, 2))


def ripples_near(backdrop: Backdrop, core: Mask) -> float:
    """How far pixels near the text, but clear of it, stray from their surroundings (levels; nine in ten stay below)."""
    clear = depth(~core)
    weak = backdrop.difference < 0.3 * backdrop.contrast
    zone = (clear > 4) & (clear < 4 + _RINGING_REACH_PX) & weak
    if zone.sum() < 50:
        return 0.0
    stray = np.abs(backdrop.departure - cv2.blur(backdrop.departure, (5, 5))).max(-1)[zone]
    return float(np.percentile(stray, 90))


def without_rim(mask: Mask, backdrop: Backdrop, ripples: float) -> Mask:
    """The mask without its outermost pixels that show less than half of what their neighbours inside show.

    Only beside what stands out clearly: the weak end of a shadow is no rim.
    """
    difference = backdrop.difference
    for _ in range(1 if ripples < _QUIET_LEVELS else 3):  # compression widens the rim
        within = np.where(mask, difference, 0).astype(np.float32)
        beside = cv2.dilate(within, np.ones((3, 3), np.uint8))
        is_rim = (difference < 0.5 * beside) & (beside > _CLEAR_SHARE * backdrop.contrast)
        mask = mask & (shrink(mask, 1) | ~is_rim)
    return mask
