"""Segments letters on an even background by contrast alone, a fast method for the many small lines of a page."""

import numpy as np

from lamina.engines.classic.raster import Mask, Values, channel_max
from lamina.engines.classic.text_window import TextWindow

_MIN_LEVELS = 24.0
_MIN_CONTRAST_SHARE = 0.3  # the soft rim has less


def contrast_letters(window: TextWindow) -> Mask:
    """(height, width) of the window: pixels within the line that differ from the window's median colour."""
    background = np.median(window.rgb.reshape(-1, 3), 0)
    departure: Values = channel_max(np.abs(window.rgb.astype(np.float32) - background.astype(np.float32)))
    contrast = float(np.percentile(departure[window.inside], 95)) if window.inside.any() else 0.0
    return window.inside & (departure > max(_MIN_LEVELS, _MIN_CONTRAST_SHARE * contrast))
