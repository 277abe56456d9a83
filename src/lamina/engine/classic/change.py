"""Change: which pixels around a line of text the text has changed, beyond noise and compression."""

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engine.classic.backdrop import Backdrop
from lamina.engine.classic.neighbourhood import Mask

_RINGING_REACH_PX = 10  # a JPEG block and a little
_LEAST_LEVELS = 3.0
_QUIET_LEVELS = 1.5  # rapid ripples below this are rounding, above it compression or grain


def changed_pixels(backdrop: Backdrop, core: Mask) -> Mask:
    """(height, width): where the picture departs from the backdrop by more than ripples around the text do.

    JPEG leaves ripples of both signs around letters, a shadow departs to one side: so a weak departure counts if it
    outlasts local averaging, a strong one at once.
    """
    averaged = cv2.blur(backdrop.departure, (5, 5))
    ripples = _ripples(backdrop, averaged, core)
    least = max(_LEAST_LEVELS, 1.2 * backdrop.noise)
    if ripples < _QUIET_LEVELS:
        return backdrop.difference > least
    strong = backdrop.difference > max(least, 2.0 * ripples)
    away = cv2.dilate(strong.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
    steady = np.abs(averaged).max(-1) > max(least, 1.2 * ripples)
    return strong | (steady & away)


def _ripples(backdrop: Backdrop, averaged: NDArray[np.float32], core: Mask) -> float:
    """How far pixels near the text, but clear of it, stray from their surroundings (levels; nine in ten stay below)."""
    clear = cv2.distanceTransform((~core).astype(np.uint8), cv2.DIST_L2, 3)
    weak = backdrop.difference < 0.3 * backdrop.contrast
    zone = (clear > 4) & (clear < 4 + _RINGING_REACH_PX) & weak
    if zone.sum() < 50:
        return 0.0
    stray = np.abs(backdrop.departure - averaged).max(-1)[zone]
    return float(np.percentile(stray, 90))


def without_rim(mask: Mask, difference: NDArray[np.float32]) -> Mask:
    """The mask without its outermost pixels that show less than half of what their neighbours inside show."""
    inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1) > 0
    within = np.where(mask, difference, 0).astype(np.float32)
    faint = difference < 0.5 * cv2.dilate(within, np.ones((3, 3), np.uint8))
    return mask & (inner | ~faint)
