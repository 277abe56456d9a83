"""Takes letters off even ground by their contrast alone: for the many small lines of a page, quickly."""

import numpy as np

from lamina.engines.classic.neighbourhood import Neighbourhood
from lamina.engines.classic.raster import Mask, Values, largest

_LEAST_LEVELS = 24.0
_OF_CONTRAST = 0.3  # the soft rim has less


def plain_letters(near: Neighbourhood) -> Mask:
    """(height, width) of the window: what departs from the colour that most of it has, within the line."""
    ground = np.median(near.rgb.reshape(-1, 3), 0)
    departure: Values = largest(np.abs(near.rgb.astype(np.float32) - ground.astype(np.float32)))
    contrast = float(np.percentile(departure[near.inside], 95)) if near.inside.any() else 0.0
    return near.inside & (departure > max(_LEAST_LEVELS, _OF_CONTRAST * contrast))
