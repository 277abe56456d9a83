"""Removes the text of an image."""

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import Pixels
from lamina.engines.classic.fill import fill
from lamina.engines.classic.parallel import map_in_threads
from lamina.engines.classic.raster import Mask, channel_max, components, grow, nearest_values

_MARGIN_PX = 3  # width of the soft edge around a mask
_SAME_LEVELS = 3  # difference of neighbours on one surface
# The deviations around drawn shadows are at least 0.89 one-sided and 0.47 levels, those around other text at most 0.4
# one-sided, or 0.17 levels.
_ONE_SIDED, _FAINT_LEVELS = 0.5, 0.3
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
    difference = cv2.subtract(picture, nearest_values(picture, ~wide), dtype=cv2.CV_16S)
    levels = np.abs(difference)
    is_even = wide & ~lettering & (np.maximum(channel_max(levels), levels[..., 3]) <= _SAME_LEVELS)
    return wide & ~(is_even & ~_near_faint_shadows(difference[..., :3].sum(-1) / 3, is_even, wide))


def _near_faint_shadows(difference: NDArray[np.float64], is_even: Mask, wide: Mask) -> Mask:
    """(h, w): the clusters of strokes around which the even pixels deviate to one side: there a shadow or glow ends.

    Gradients and noise deviate to both sides, flat surfaces not at all.
    """
    clusters = components(grow(wide, _CLUSTER_PX)).labels
    where, values = clusters[is_even], difference[is_even]
    count = int(clusters.max()) + 1
    total, absolute = (np.bincount(where, sample, count) for sample in (values, np.abs(values)))
    number = np.maximum(np.bincount(where, minlength=count), 1)
    is_shadowed = (np.abs(total) > _ONE_SIDED * absolute) & (absolute > _FAINT_LEVELS * number)
    return is_shadowed[clusters]
