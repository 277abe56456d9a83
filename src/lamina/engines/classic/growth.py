"""Growth: from the verified strokes of a line to all that belongs to them: outlines, fills, sides and shadows."""

import cv2
import numpy as np

from lamina.engines.classic.raster import Mask, as_bytes, components, without_holes

_EVERYWHERE = 0.8  # share of the letters at which something must be seen at an offset to belong to all of them


def grown(core: Mask, changed: Mask, reach_px: int) -> Mask:
    """`core` and those `changed` pixels around it that accompany the letters everywhere in the same way.

    An outline, an extruded side or a shadow lies at the same offsets from every letter; scenery that touches one
    letter does not. So the offsets are found at which nearly the whole core, moved, falls on changed pixels; the
    core spread by those offsets is what the lettering can have changed.
    """
    changed = changed | core
    possible = _spread(core, _common_offsets(core, changed, reach_px))
    accepted = (changed & possible) | core | _enclosed(core, changed)
    return _attached(accepted, core)


def _common_offsets(core: Mask, changed: Mask, reach_px: int) -> Mask:
    """(2 reach + 1, 2 reach + 1): where the core, moved by that offset, falls on changed pixels nearly everywhere."""
    height, width = core.shape
    size = (cv2.getOptimalDFTSize(height + 2 * reach_px), cv2.getOptimalDFTSize(width + 2 * reach_px))
    # What falls on the core again, or beyond the window, is neither for nor against.
    outside = ~core
    spectrum = np.conj(np.fft.rfft2(core.astype(np.float32), size))
    hits = np.fft.irfft2(np.fft.rfft2((changed & outside).astype(np.float32), size) * spectrum, size)
    tries = np.fft.irfft2(np.fft.rfft2(outside.astype(np.float32), size) * spectrum, size)
    share = np.roll(hits / np.maximum(tries, 1.0), (reach_px, reach_px), (0, 1))
    near = share[: 2 * reach_px + 1, : 2 * reach_px + 1]
    y, x = np.mgrid[-reach_px : reach_px + 1, -reach_px : reach_px + 1]
    good = (near >= _EVERYWHERE) & (np.hypot(x, y) <= reach_px)
    good[reach_px, reach_px] = True
    # Only offsets that hang together with no offset: further ones come from the next letter.
    parts = components(good).labels
    return parts == parts[reach_px, reach_px]


def _spread(core: Mask, offsets: Mask) -> Mask:
    kernel = cv2.dilate(as_bytes(offsets), np.ones((3, 3), np.uint8))  # the rim is changed, but not everywhere
    return np.asarray(cv2.dilate(as_bytes(core), np.ascontiguousarray(kernel[::-1, ::-1]))).view(np.bool_)


def _enclosed(core: Mask, changed: Mask) -> Mask:
    """Changed pixels in the holes of the core: the fill of outlined letters."""
    return changed & without_holes(core) & ~core


def _attached(mask: Mask, core: Mask) -> Mask:
    parts = components(mask)
    holds_core = np.bincount(parts.labels[core], minlength=len(parts)) > 0
    holds_core[0] = False
    return holds_core[parts.labels]
