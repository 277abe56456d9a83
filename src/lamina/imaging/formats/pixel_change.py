"""Computes the layer that turns one image into another, to store effects that a single layer cannot express."""

import numpy as np
from numpy.typing import NDArray

from lamina.core.composite import over, strips_of_rows
from lamina.core.layers import Pixels

_SAME_WITHIN = 2  # levels: the error of rounding to 8 bits more than once

Samples = NDArray[np.float32]


def solve_layer(below: Pixels, after: Pixels, coverage: NDArray[np.uint8] | None = None) -> Pixels | None:
    """The layer in normal mode at full opacity that turns `below` into `after`; None if there is none.

    `below`, `after`: (height, width, 4) straight alpha. No layer can reduce alpha, or change colours that show through
    a translucent area. `coverage`, (height, width): the intended alpha of the layer on an opaque backdrop, which is
    raised where the change requires it. Without `coverage`, the layer is opaque wherever the images differ.
    """
    layer = np.empty_like(below)
    for rows in strips_of_rows(*below.shape[:2]):
        layer[rows] = _solve(below[rows], after[rows], None if coverage is None else coverage[rows])
        if not are_equal_within_rounding(over(below[rows], layer[rows]), after[rows]):
            return None
    return layer


def are_equal_within_rounding(first: Pixels, second: Pixels) -> bool:
    """True if two images differ by at most the rounding error, on any background."""
    return largest_difference(first, second) <= _SAME_WITHIN


def largest_difference(first: Pixels, second: Pixels) -> float:
    """The largest difference of alpha and of premultiplied colours, in levels; 0 for empty images."""
    if first.size == 0:
        return 0.0
    differences = (level_difference(first[rows], second[rows]).max() for rows in strips_of_rows(*first.shape[:2]))
    return float(max(differences))


def level_difference(first: Pixels, second: Pixels) -> Samples:
    """(height, width, 4): the differences of premultiplied colours and alpha, in levels."""
    return np.abs(_premultiplied(first) - _premultiplied(second))


def _premultiplied(picture: Pixels) -> Samples:
    samples = picture.astype(np.float32)
    samples[..., :3] *= samples[..., 3:] / 255
    return samples


def _solve(below: Pixels, after: Pixels, coverage: NDArray[np.uint8] | None) -> Pixels:
    if coverage is None:
        differs = (_premultiplied(below) != _premultiplied(after)).any(-1)
        target = np.where(differs, np.float32(255), np.float32(0))
    else:
        target = np.maximum(coverage, np.ceil(_min_alpha(below, after)))
    alpha = np.clip(target, *_possible_alphas(below, after))
    layer = _with_colour(below, after, alpha)
    # At low alpha, colours are quotients of rounded numbers. Where the error is visible, the layer becomes opaque.
    off = level_difference(over(below, layer), after).max(-1) > 1
    off &= (below[..., 3] == 255) & (after[..., 3] == 255)
    layer[off] = after[off]
    return layer


def _min_alpha(below: Pixels, after: Pixels) -> Samples:
    """The lowest alpha with which a colour in 0..255 can produce `after` on an opaque backdrop."""
    backdrop, target = below[..., :3].astype(np.float32), after[..., :3].astype(np.float32)
    headroom = np.where(target > backdrop, 255 - backdrop, backdrop)
    return (255 * np.abs(target - backdrop) / np.maximum(headroom, 1)).max(-1)


def _possible_alphas(below: Pixels, after: Pixels) -> tuple[Samples, Samples]:
    """The lowest and the highest alpha that, over that of `below`, round to the alpha of `after`."""
    backdrop, target = below[..., 3].astype(np.float32), after[..., 3].astype(np.float32)
    headroom = np.maximum(255 - backdrop, 0.5)
    lowest = np.ceil(255 * (target - backdrop - 0.5) / headroom)
    highest = np.floor(255 * (target - backdrop + 0.5) / headroom)
    return np.clip(lowest, 0, 255), np.clip(highest, 0, 255)


def _with_colour(below: Pixels, after: Pixels, alpha: Samples) -> Pixels:
    weights = [picture[..., 3:].astype(np.float32) / 255 for picture in (below, after)]
    visible_alpha = alpha[..., None] / 255
    kept = weights[0] * (1 - visible_alpha) * below[..., :3]
    colour = (weights[1] * after[..., :3] - kept) / np.maximum(visible_alpha, 1e-6)
    colour = np.where(visible_alpha > 0, np.clip(np.round(colour), 0, 255), 0)
    return np.concatenate([colour, alpha[..., None]], -1).astype(np.uint8)
