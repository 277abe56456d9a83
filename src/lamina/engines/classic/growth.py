"""Extends the verified strokes of a line to its outlines, fills, extrusions and shadows."""

import cv2
import numpy as np

from lamina.engines.classic.raster import Mask, as_bytes, components, fill_holes

_EVERYWHERE = 0.8  # share of the letters that must have a changed pixel at an offset


def grow_letters(core: Mask, changed: Mask, reach_px: int) -> Mask:
    """`core` and the `changed` pixels that accompany all letters at the same offsets.

    An outline, an extrusion or a shadow has the same offsets from every letter; scenery that touches one letter has
    not. Therefore the offsets are determined at which nearly the whole shifted core covers changed pixels; the core
    dilated by these offsets limits the lettering.
    """
    changed = changed | core
    possible = _spread(core, _common_offsets(core, changed, reach_px))
    accepted = (changed & possible) | core | _enclosed(core, changed)
    return _attached(accepted, core)


def _common_offsets(core: Mask, changed: Mask, reach_px: int) -> Mask:
    """(2 reach + 1, 2 reach + 1): offsets at which the shifted core covers changed pixels nearly everywhere."""
    height, width = core.shape
    size = (cv2.getOptimalDFTSize(height + 2 * reach_px), cv2.getOptimalDFTSize(width + 2 * reach_px))
    # Pixels that fall on the core or outside the window do not count.
    outside = ~core
    spectrum = np.conj(np.fft.rfft2(core.astype(np.float32), size))
    hits = np.fft.irfft2(np.fft.rfft2((changed & outside).astype(np.float32), size) * spectrum, size)
    tries = np.fft.irfft2(np.fft.rfft2(outside.astype(np.float32), size) * spectrum, size)
    share = np.roll(hits / np.maximum(tries, 1.0), (reach_px, reach_px), (0, 1))
    near = share[: 2 * reach_px + 1, : 2 * reach_px + 1]
    y, x = np.mgrid[-reach_px : reach_px + 1, -reach_px : reach_px + 1]
    good = (near >= _EVERYWHERE) & (np.hypot(x, y) <= reach_px)
    good[reach_px, reach_px] = True
    # Only offsets connected to offset zero count: others come from the next letter.
    parts = components(good).labels
    return parts == parts[reach_px, reach_px]


def _spread(core: Mask, offsets: Mask) -> Mask:
    kernel = cv2.dilate(as_bytes(offsets), np.ones((3, 3), np.uint8))  # the rim is not changed everywhere
    return np.asarray(cv2.dilate(as_bytes(core), np.ascontiguousarray(kernel[::-1, ::-1]))).view(np.bool_)


def _enclosed(core: Mask, changed: Mask) -> Mask:
    """Changed pixels in the holes of the core, which are the fill of outlined letters."""
    return changed & fill_holes(core) & ~core


def _attached(mask: Mask, core: Mask) -> Mask:
    parts = components(mask)
    holds_core = np.bincount(parts.labels[core], minlength=len(parts)) > 0
    holds_core[0] = False
    return holds_core[parts.labels]
