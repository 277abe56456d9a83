"""Growth: from the verified strokes of a line to all that belongs to them: outlines, fills, sides and shadows."""

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engine.classic.neighbourhood import Mask

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


def _common_offsets(core: Mask, changed: Mask, reach_px: int) -> NDArray[np.uint8]:
    """(2 reach + 1, 2 reach + 1): 1 where the core, moved by that offset, falls on changed pixels nearly everywhere."""
    height, width = core.shape
    size = (cv2.getOptimalDFTSize(height + 2 * reach_px), cv2.getOptimalDFTSize(width + 2 * reach_px))
    # Beyond the window nothing is known: count it as neither for nor against.
    known = np.ones(core.shape, np.float32)
    spectrum = np.conj(np.fft.rfft2(core.astype(np.float32), size))
    hits = np.fft.irfft2(np.fft.rfft2(changed.astype(np.float32), size) * spectrum, size)
    tries = np.fft.irfft2(np.fft.rfft2(known, size) * spectrum, size)
    share = np.roll(hits / np.maximum(tries, 1.0), (reach_px, reach_px), (0, 1))
    near = share[: 2 * reach_px + 1, : 2 * reach_px + 1]
    y, x = np.mgrid[-reach_px : reach_px + 1, -reach_px : reach_px + 1]
    good = (near >= _EVERYWHERE) & (np.hypot(x, y) <= reach_px)
    good[reach_px, reach_px] = True
    # Only offsets that hang together with no offset: further ones come from the next letter.
    _, parts = cv2.connectedComponents(good.astype(np.uint8), connectivity=8)
    return (parts == parts[reach_px, reach_px]).astype(np.uint8)


def _spread(core: Mask, offsets: NDArray[np.uint8]) -> Mask:
    kernel = cv2.dilate(offsets, np.ones((5, 5), np.uint8))  # the anti-aliased rim is changed but not everywhere
    return cv2.dilate(core.astype(np.uint8), np.ascontiguousarray(kernel[::-1, ::-1])) > 0


def _enclosed(core: Mask, changed: Mask) -> Mask:
    """Changed pixels in the holes of the core: the fill of outlined letters."""
    _, parts = cv2.connectedComponents((~core).astype(np.uint8), connectivity=4)
    rim = np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])
    is_hole = np.ones(int(parts.max()) + 1, bool)
    is_hole[np.unique(rim)] = False
    is_hole[0] = False
    return is_hole[parts] & changed


def _attached(mask: Mask, core: Mask) -> Mask:
    _, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    keeps = np.zeros(int(parts.max()) + 1, bool)
    keeps[np.unique(parts[core])] = True
    keeps[0] = False
    return keeps[parts]
