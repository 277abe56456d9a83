"""Removes the text of an image."""

import cv2
import numpy as np

from lamina.core.layers import Pixels
from lamina.engines.classic.fill import fill
from lamina.engines.classic.parallel import map_in_threads
from lamina.engines.classic.raster import Mask, channel_max, components, grow, nearest_values

_MARGIN_PX = 3  # width of the soft edge around a mask
_SAME_LEVELS = 3  # difference of neighbours on one surface
_CLUSTER_PX = 8  # strokes within this distance are inpainted together


def remove_text(picture: Pixels, lettering: Mask) -> Pixels:
    """`picture` with the lettering inpainted from the surroundings of each cluster of strokes."""
    hole = _with_soft_edge(picture, lettering)
    clusters = components(grow(hole, _CLUSTER_PX))

    def inpaint(label: int) -> tuple[tuple[slice, slice], Mask, Pixels]:
        rows, columns = clusters.window(label)
        window = slice(max(0, rows.start - 8), rows.stop + 8), slice(max(0, columns.start - 8), columns.stop + 8)
        own = hole[window] & (clusters.labels[window] == label)
        return window, own, fill(picture[window], own, ~hole[window])

    out = picture.copy()
    for window, own, part in map_in_threads(inpaint, range(1, len(clusters))):
        out[window][own] = part[own]
    return out


def _with_soft_edge(picture: Pixels, lettering: Mask) -> Mask:
    """The lettering and the pixels beside it, except those that equal the nearest pixel beyond the margin.

    Between small letters, such pixels are most of what is known of the surface that they are on.
    """
    wide = grow(lettering, _MARGIN_PX)
    if wide.all():
        return wide
    difference = cv2.absdiff(picture, nearest_values(picture, ~wide))
    is_even = np.maximum(channel_max(difference), difference[..., 3]) <= _SAME_LEVELS
    return lettering | (wide & ~is_even)
