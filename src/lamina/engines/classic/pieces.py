"""Cuts what stands in front of the background into pieces: panels, objects and small things."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from lamina.core.layers import LayerKind
from lamina.engines.classic.background import Background
from lamina.engines.classic.panels import Panel, find_panels
from lamina.engines.classic.parting import Thing, parted
from lamina.engines.classic.raster import Components, Labels, Mask, Rgb, components, depth, largest, looked_up

_MIN_OBJECT_SHARE = 0.0012  # smaller things go to the one layer of small elements
MIN_PARTED_SHARE = 0.004  # smaller cut-outs are not looked into
_MIN_SPECK_PX = 10
_MIN_CONTRAST_LEVELS, _MIN_THIN_CONTRAST_LEVELS = 10, 40


@dataclass(frozen=True, eq=False)
class Piece:
    """One thing in front of the background: its number in the owner map, its kind and its area in pixels.

    `cutout`: the connected shape it was cut from; `cuts`: how, see `parting.Thing`.
    """

    label: int
    kind: LayerKind
    area: int
    cutout: int = 0
    cuts: tuple[tuple[bool, float], ...] = ()


@dataclass(frozen=True, eq=False)
class Pieces:
    """`owner` (h, w): the piece that each pixel shows, 0 for the background and areas. `hulls`: whole panel shapes."""

    owner: Labels
    found: tuple[Piece, ...]
    hulls: dict[int, Mask] = field(default_factory=dict)


def cut_pieces(rgb: Rgb, cutouts: Components, panels: list[Panel], smooth: Mask, is_uneven: bool) -> Pieces:
    """The pieces of `rgb` (h, w, 3): the panels, and what overlaps in the cut-outs parted.

    `smooth`: see `background.smooth_parts`; `is_uneven`: see `background.Background`.
    """
    owner = np.zeros(smooth.shape, np.int32)
    found: list[Piece] = []
    for label in range(1, len(cutouts)):
        window = cutouts.window(label)
        mask = cutouts.labels[window] == label
        is_large = cutouts.areas[label] >= MIN_PARTED_SHARE * smooth.size
        things = parted(rgb[window], mask, smooth[window], is_uneven) if is_large else [Thing(mask)]
        for thing in things:
            area = int(thing.mask.sum())
            is_small = area < _MIN_OBJECT_SHARE * smooth.size
            kind = LayerKind.SMALL if is_small else LayerKind.OBJECT
            found.append(Piece(len(found) + 1, kind, area, label, thing.cuts))
            owner[window][thing.mask] = len(found)
    hulls: dict[int, Mask] = {}
    for panel in panels:
        found.append(Piece(len(found) + 1, LayerKind.PANEL, int(panel.seen.sum())))
        owner[panel.seen & (owner == 0)] = len(found)
        hulls[len(found)] = panel.hull
    return Pieces(owner, tuple(found), hulls)


def find_cutouts(rgb: Rgb, background: Background, text: Mask, smooth: Mask) -> tuple[Components, list[Panel]]:
    """What stands apart on the background or on a panel, things that overlap still in one; and the panels."""
    behind = background.mask.copy()
    for area in background.areas:
        behind |= area
    front = _without_specks(rgb, ~behind, background)
    panels = find_panels(rgb, smooth, front, text)
    if panels:
        for panel in panels:
            front &= ~panel.seen
        front = _without_specks(rgb, front, background)
    return components(front), panels


def _without_specks(rgb: Rgb, front: Mask, background: Background) -> Mask:
    """Drops parts that are too small, too thin or too faint to be things: noise, seams and soft stains."""
    parts = components(front)
    thick = depth(front)
    differs = np.full(front.shape, 255)
    if background.model is not None:
        differs = largest(np.asarray(cv2.absdiff(rgb, background.model)))
    keep = parts.areas >= _MIN_SPECK_PX
    keep[0] = False
    for label in np.flatnonzero(keep).tolist():
        window = parts.window(label)
        inside = parts.labels[window] == label
        contrast = np.percentile(differs[window][inside], 80) - 2 * background.noise
        is_thin = thick[window][inside].max() <= 1.0
        seam = is_thin and (not background.is_smooth or contrast < _MIN_THIN_CONTRAST_LEVELS)
        keep[label] = contrast >= _MIN_CONTRAST_LEVELS and not seam
    return looked_up(keep, parts.labels)
