"""Removes the text of an image."""

from lamina.core.layers import Pixels
from lamina.engines.classic.fill import fill
from lamina.engines.classic.parallel import map_in_threads
from lamina.engines.classic.raster import Mask, components, grow

_MARGIN_PX = 3  # width of the soft edge around a mask
_CLUSTER_PX = 8  # strokes within this distance are inpainted together


def remove_text(picture: Pixels, lettering: Mask) -> Pixels:
    """`picture` with the lettering inpainted from the surroundings of each cluster of strokes."""
    hole = grow(lettering, _MARGIN_PX)
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
