"""Segments the foreground: the connected shapes in front of the background, and the panels."""

import cv2
import numpy as np

from lamina.engines.classic.background import Background
from lamina.engines.classic.panels import Panel, find_panels
from lamina.engines.classic.raster import Components, Mask, Rgb, channel_max, components, depth, take_by_label

MIN_SPLIT_SHARE = 0.004  # smaller cut-outs are not split
_MIN_SPECK_PX = 10
_MIN_CONTRAST_LEVELS, _MIN_THIN_CONTRAST_LEVELS = 10, 40


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
