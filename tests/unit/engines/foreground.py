"""What stands in front in a drawn picture: its panels, and its connected shapes split into things."""

from dataclasses import dataclass

import numpy as np

from lamina.engines.classic.background import find_background, smooth_parts
from lamina.engines.classic.cutouts import MIN_SPLIT_SHARE, find_cutouts
from lamina.engines.classic.raster import lab
from lamina.engines.classic.splitting import split_cutout

SMALL_SHARE = 0.0012


@dataclass
class Foreground:
    """`kinds`: sorted. `owner` (h, w): the number of the thing at each pixel. `hulls`: of the panels."""

    kinds: list[str]
    owner: np.ndarray
    hulls: list[np.ndarray]


def foreground_of(picture: np.ndarray, *, has_artifacts_removed: bool = False) -> Foreground:
    smooth = smooth_parts(picture)
    colours = lab(picture)
    background = find_background(picture, colours, smooth, has_artifacts_removed)
    cutouts, panels = find_cutouts(picture, background, np.zeros(picture.shape[:2], bool), smooth)
    kinds, owner = ["panel"] * len(panels), np.zeros(picture.shape[:2], int)
    for label in range(1, len(cutouts)):
        window = cutouts.window(label)
        mask = cutouts.labels[window] == label
        is_large = cutouts.areas[label] >= MIN_SPLIT_SHARE * owner.size
        parts = split_cutout(colours[window], mask, smooth[window], background.is_uneven) if is_large else []
        for own in [part.mask for part in parts] or [mask]:
            kinds.append("small" if own.sum() < SMALL_SHARE * owner.size else "object")
            owner[window][own] = len(kinds)
    return Foreground(sorted(kinds), owner, [panel.hull for panel in panels])
