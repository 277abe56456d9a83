"""Pictures of what lies beneath: the scene without its text, its objects, its panels.

All are (h, w, c), with or without an alpha channel.
"""

from collections.abc import Sequence

import numpy as np

from lamina.core.layers import Pixels
from lamina.engines.classic.background import Background
from lamina.engines.classic.fill import fill
from lamina.engines.classic.raster import Labels, Mask, components, grow, spread_from
from lamina.engines.classic.threads import at_once

_MARGIN_PX = 3  # beyond a mask, pixels still carry its soft edge
_CLUSTER_PX = 8  # strokes this close to each other are filled together


def without_text(picture: Pixels, lettering: Mask) -> Pixels:
    """`picture` with the masked strokes filled from what surrounds each cluster of them."""
    hole = grow(lettering, _MARGIN_PX)
    clusters = components(grow(hole, _CLUSTER_PX))

    def filled(label: int) -> tuple[tuple[slice, slice], Mask, Pixels]:
        rows, columns = clusters.window(label)
        window = slice(max(0, rows.start - 8), rows.stop + 8), slice(max(0, columns.start - 8), columns.stop + 8)
        own = hole[window] & (clusters.labels[window] == label)
        return window, own, fill(picture[window], own, ~hole[window])

    out = picture.copy()
    for window, own, part in at_once(filled, range(1, len(clusters))):
        out[window][own] = part[own]
    return out


def plates_of(clean: Pixels, background: Background, objects: Mask, panels: Sequence[Mask]) -> list[Pixels]:
    """(h, w, 4) each: `clean`, what is seen without text, then without objects, without panels, without areas.

    `objects`: (h, w), where an object or a small thing is seen. `panels`: whole shapes, hidden or not.
    """
    bare = _without_objects(clean, background, objects, panels)
    floor = _without(bare, panels)
    guessed = [bare, floor, _without(floor, background.areas)]
    for plate in guessed:  # what is guessed is there or not: between the two nothing could be un-mixed
        plate[..., 3] = np.where(plate[..., 3] < 128, 0, 255)
    return [clean, *guessed]


def _without_objects(scene: Pixels, background: Background, objects: Mask, panels: Sequence[Mask]) -> Pixels:
    """`scene` with every object gone: background, areas and panels each filled from what is seen of themselves."""
    gone = grow(objects, _MARGIN_PX)
    beneath = _beneath(background, objects, panels)
    for number in range(int(beneath.max()) + 1):
        own = beneath == number
        scene = fill(scene, own & gone, own & ~gone)
    return scene


def _without(scene: Pixels, shapes: Sequence[Mask]) -> Pixels:
    """`scene` with the shapes gone too, as if what lies around them went on."""
    if not shapes:
        return scene
    gone = grow(np.logical_or.reduce(shapes), _MARGIN_PX)
    return fill(scene, gone, ~gone)


def _beneath(background: Background, objects: Mask, panels: Sequence[Mask]) -> Labels:
    """(h, w): the ground that each pixel shows or hides: 0 the background, then the areas, then the panels."""
    ground = np.zeros(objects.shape, np.int32)
    for number, area in enumerate(background.areas, 1):
        ground[area] = number
    if background.areas and not objects.all():
        ground = spread_from(ground, ~objects)
    for number, hull in enumerate(panels, 1 + len(background.areas)):
        ground[hull] = number
    return ground
