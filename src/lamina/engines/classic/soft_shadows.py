"""Finds the soft shadow that a thing casts on a smooth background."""

import numpy as np

from lamina.engines.classic.raster import (
    Mask,
    Rgb,
    bounding_box,
    channel_max,
    channel_min,
    components,
    grow,
    window_of,
)

_REACH = 0.25  # of the larger side of the thing
_MIN_REACH_PX, _MAX_REACH_PX = 8, 60
_MAX_KEPT, _MIN_KEPT = 0.985, 0.2  # of the background's light
_MAX_UNEVENNESS = 0.12  # difference of the darkening of the channels
_MIN_SHARE, _MAX_SHARE = 0.04, 1.2  # of the thing's area


def find_shadow(rgb: Rgb, ground: Rgb, thing: Mask, others: Mask, noise: float) -> Mask | None:
    """(h, w): where the background beside a thing is darkened evenly in all colours; None if it casts no shadow.

    `rgb`, `ground`: (h, w, 3), the image and its background alone. `thing`, `others`: (h, w), the thing and all others.
    `noise`: difference of image and background by chance, in levels.
    """
    box = bounding_box(thing)
    reach = int(np.clip(_REACH * max(box[2:]), _MIN_REACH_PX, _MAX_REACH_PX))
    window = window_of(box, reach)
    own, base, image = thing[window], ground[window].astype(np.float32), rgb[window].astype(np.float32)
    kept = (image + 2) / (base + 2)
    highest, lowest = channel_max(kept), channel_min(kept)
    is_dark = (highest < _MAX_KEPT) & (lowest > _MIN_KEPT) & (highest - lowest < _MAX_UNEVENNESS)
    is_dark &= (channel_max(base - image) > max(3.0, noise)) & ~others[window] & ~own
    near = grow(own, reach) & is_dark
    parts = components(near | own)
    touches = np.zeros(len(parts), bool)
    touches[np.unique(parts.labels[grow(own, 3) & near])] = True
    touches[0] = False
    near &= touches[parts.labels]
    if not _MIN_SHARE * own.sum() <= near.sum() <= _MAX_SHARE * own.sum():
        return None
    shadow = np.zeros(thing.shape, bool)
    shadow[window] = near
    return shadow
