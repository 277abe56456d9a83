"""Change: which pixels around a line of text the text has changed, beyond noise and compression."""

import cv2
import numpy as np

from lamina.engines.classic.backdrop import Backdrop
from lamina.engines.classic.raster import Mask, depth, grow, largest, shrink

_RINGING_REACH_PX = 10  # a JPEG block and a little
_LEAST_LEVELS = 3.0
_QUIET_LEVELS = 1.5  # rapid ripples below this are rounding, above it compression or grain
_SIDED_LEVELS = 1.5
_BOTH_SIDES = 0.12  # the share on the rarer side; compression and grain have more, shadows less
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
    averaged = largest(np.abs(np.asarray(cv2.blur(backdrop.departure, (5, 5)), np.float32)))
    return strong | ((averaged > np.maximum(least, 1.2 * ripples)) & ~grow(strong, 2))


def ripples_near(backdrop: Backdrop, core: Mask) -> float:
    """How far pixels near the text, but clear of it, stray from their surroundings (levels; nine in ten stay below).

    0 if they all stray to one side: that is a shadow or a glow.
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


def without_rim(mask: Mask, backdrop: Backdrop, ripples: float) -> Mask:
    """The mask without its outermost pixels that show less than half of what their neighbours inside show.

    Only beside what stands out clearly: the weak end of a shadow is no rim.
    """
    difference = backdrop.difference
    times, width = (1, 3) if ripples < _QUIET_LEVELS else (3, 5)  # compression widens the rim
    for _ in range(times):
        within = np.where(mask, difference, 0).astype(np.float32)
        beside, nearby = (cv2.dilate(within, np.ones((side, side), np.uint8)) for side in (3, width))
        is_slope = (difference < 0.5 * nearby) & (difference < 0.75 * beside)  # a thin outline is a step, not a slope
        mask = mask & (shrink(mask, 1) | ~(is_slope & (nearby > _CLEAR_SHARE * backdrop.contrast)))
    return mask
