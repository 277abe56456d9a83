"""Segments the foreground into pieces: panels, objects and small elements."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from lamina.core.layers import LayerKind
from lamina.engines.classic.background import Background
from lamina.engines.classic.panels import Panel, find_panels
from lamina.engines.classic.raster import Components, Labels, Mask, Rgb, channel_max, components, depth, take_by_label
from lamina.engines.classic.splitting import SplitPart, split_cutout

_MIN_OBJECT_SHARE = 0.0012  # smaller objects go to the layer of small elements
MIN_SPLIT_SHARE = 0.004  # smaller cut-outs are not split
_MIN_SPECK_PX = 10
_MIN_CONTRAST_LEVELS, _MIN_THIN_CONTRAST_LEVELS = 10, 40


@dataclass(frozen=True, eq=False, kw_only=True)
class Piece:
    """One foreground element: its number in the owner map, its kind, and its area in pixels.

    `cutout`: the connected shape that contains it; `cuts`: how it was split off, see `splitting.SplitPart`.
    """

    label: int
    kind: LayerKind
    area: int
    cutout: int = 0
    cuts: tuple[tuple[bool, float], ...] = ()


@dataclass(frozen=True, eq=False)
class Pieces:
    """All pieces. `owner` (h, w): number of the visible piece, 0 for background and areas. `hulls`: of panels."""

    owner: Labels
    pieces: tuple[Piece, ...]
    hulls: dict[int, Mask] = field(default_factory=dict)


def cut_pieces(rgb: Rgb, cutouts: Components, panels: list[Panel], smooth: Mask, is_uneven: bool) -> Pieces:
    """The pieces of `rgb` (h, w, 3): the panels, and the cut-outs split into overlapping objects.

    `smooth`: see `background.smooth_parts`; `is_uneven`: see `background.Background`.
    """
    owner = np.zeros(smooth.shape, np.int32)
    pieces: list[Piece] = []
    for label in range(1, len(cutouts)):
        window = cutouts.window(label)
        mask = cutouts.labels[window] == label
        is_large = cutouts.areas[label] >= MIN_SPLIT_SHARE * smooth.size
        parts = split_cutout(rgb[window], mask, smooth[window], is_uneven) if is_large else [SplitPart(mask)]
        for part in parts:
            area = int(part.mask.sum())
            is_small = area < _MIN_OBJECT_SHARE * smooth.size
            kind = LayerKind.SMALL if is_small else LayerKind.OBJECT
            pieces.append(Piece(label=len(pieces) + 1, kind=kind, area=area, cutout=label, cuts=part.cuts))
            owner[window][part.mask] = len(pieces)
    hulls: dict[int, Mask] = {}
    for panel in panels:
        pieces.append(Piece(label=len(pieces) + 1, kind=LayerKind.PANEL, area=int(panel.visible.sum())))
        owner[panel.visible & (owner == 0)] = len(pieces)
        hulls[len(pieces)] = panel.hull
    return Pieces(owner, tuple(pieces), hulls)


def find_cutouts(rgb: Rgb, background: Background, text: Mask, smooth: Mask) -> tuple[Components, list[Panel]]:
    """The connected foreground shapes on the background and on panels; and the panels."""
    behind = background.mask.copy()
    for area in background.areas:
        behind |= area
    front = _without_specks(rgb, ~behind, background)
    panels = find_panels(rgb, smooth, front, text)
    if panels:
        for panel in panels:
            front &= ~panel.visible
        front = _without_specks(rgb, front, background)
    return components(front), panels


def _without_specks(rgb: Rgb, front: Mask, background: Background) -> Mask:
    """Removes components that are too small, thin or faint for objects: noise, seams and soft stains."""
    parts = components(front)
    thick = depth(front)
    differs = np.full(front.shape, 255)
    if background.model is not None:
        differs = channel_max(np.asarray(cv2.absdiff(rgb, background.model)))
    keep = parts.areas >= _MIN_SPECK_PX
    keep[0] = False
    for label in np.flatnonzero(keep).tolist():
        window = parts.window(label)
        inside = parts.labels[window] == label
        contrast = np.percentile(differs[window][inside], 80) - 2 * background.noise
        is_thin = thick[window][inside].max() <= 1.0
        seam = is_thin and (not background.is_smooth or contrast < _MIN_THIN_CONTRAST_LEVELS)
        keep[label] = contrast >= _MIN_CONTRAST_LEVELS and not seam
    return take_by_label(keep, parts.labels)
