"""Inpaints the image without its text, its objects and its panels.

All images are (h, w, c), with or without an alpha channel.
"""

from collections.abc import Sequence

import numpy as np

from lamina.core.layers import Pixels
from lamina.engines.classic.background import Background
from lamina.engines.classic.fill import fill
from lamina.engines.classic.parallel import map_in_threads
from lamina.engines.classic.raster import Labels, Mask, components, grow, nearest_values

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


def inpaint_plates(clean: Pixels, background: Background, objects: Mask, panels: Sequence[Mask]) -> list[Pixels]:
    """(h, w, 4) each: `clean` (the image without text), then without objects, without panels, without areas.

    `objects`: (h, w), mask of visible objects and small elements. `panels`: whole shapes, covered parts included.
    """
    bare = _without_objects(clean, background, objects, panels)
    floor = _without(bare, panels)
    inpainted = [bare, floor, _without(floor, background.areas)]
    for plate in inpainted:  # translucent inpainted pixels could not be unblended
        plate[..., 3] = np.where(plate[..., 3] < 128, 0, 255)
    return [clean, *inpainted]


def _without_objects(scene: Pixels, background: Background, objects: Mask, panels: Sequence[Mask]) -> Pixels:
    """`scene` without objects: background, areas and panels are each inpainted from their visible parts."""
    hole = grow(objects, _MARGIN_PX)
    surfaces = _surface_labels(background, objects, panels)
    for number in range(int(surfaces.max()) + 1):
        own = surfaces == number
        scene = fill(scene, own & hole, own & ~hole)
    return scene


def _without(scene: Pixels, shapes: Sequence[Mask]) -> Pixels:
    """`scene` with the shapes inpainted from their surroundings."""
    if not shapes:
        return scene
    hole = grow(np.logical_or.reduce(shapes), _MARGIN_PX)
    return fill(scene, hole, ~hole)


def _surface_labels(background: Background, objects: Mask, panels: Sequence[Mask]) -> Labels:
    """(h, w): index of the surface at each pixel, visible or covered: 0 background, then areas, then panels."""
    labels = np.zeros(objects.shape, np.int32)
    for number, area in enumerate(background.areas, 1):
        labels[area] = number
    if background.areas and not objects.all():
        labels = nearest_values(labels, ~objects)
    for number, hull in enumerate(panels, 1 + len(background.areas)):
        labels[hull] = number
    return labels
