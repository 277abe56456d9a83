"""Finds the layer of pixels that takes one picture to another: how what no single layer can express is kept as one."""

import numpy as np
from numpy.typing import NDArray

from lamina.core.composite import over, strips_of_rows
from lamina.core.layers import Pixels

_SAME_WITHIN = 2  # levels: what rounding to 8 bits more than once does

Samples = NDArray[np.float32]


def change_between(below: Pixels, after: Pixels, coverage: NDArray[np.uint8] | None = None) -> Pixels | None:
    """The layer in normal mode at full opacity that makes `after` of `below`; None where no layer can.

    `below`, `after`: (height, width, 4) straight alpha. No layer can take alpha away, or change the colours that show
    through where nothing is opaque. `coverage`, (height, width): the alpha that the layer shall have on an opaque
    ground; it gets more where the change needs more, and without `coverage` it is opaque wherever something changes.
    """
    layer = np.empty_like(below)
    for rows in strips_of_rows(*below.shape[:2]):
        layer[rows] = _solved(below[rows], after[rows], None if coverage is None else coverage[rows])
        if not are_alike(over(below[rows], layer[rows]), after[rows]):
            return None
    return layer


def are_alike(one: Pixels, other: Pixels) -> bool:
    """True if two pictures differ by no more than rounding does, on any ground."""
    return largest_difference(one, other) <= _SAME_WITHIN


def largest_difference(one: Pixels, other: Pixels) -> float:
    """In levels, of alpha and of colour times alpha; 0 for pictures without pixels."""
    if one.size == 0:
        return 0.0
    differences = (levels_apart(one[rows], other[rows]).max() for rows in strips_of_rows(*one.shape[:2]))
    return float(max(differences))


def levels_apart(one: Pixels, other: Pixels) -> Samples:
    """(height, width, 4): by how much alpha, and colour times alpha, differ."""
    return np.abs(_premultiplied(one) - _premultiplied(other))


def _premultiplied(picture: Pixels) -> Samples:
    samples = picture.astype(np.float32)
    samples[..., :3] *= samples[..., 3:] / 255
    return samples


def _solved(below: Pixels, after: Pixels, coverage: NDArray[np.uint8] | None) -> Pixels:
    if coverage is None:
        differs = (_premultiplied(below) != _premultiplied(after)).any(-1)
        wanted = np.where(differs, np.float32(255), np.float32(0))
    else:
        wanted = np.maximum(coverage, np.ceil(_least_alpha(below, after)))
    alpha = np.clip(wanted, *_possible_alphas(below, after))
    layer = _with_colour(below, after, alpha)
    # A thin layer's colour is a quotient of rounded numbers: where that shows, the layer covers the ground instead.
    off = levels_apart(over(below, layer), after).max(-1) > 1
    off &= (below[..., 3] == 255) & (after[..., 3] == 255)
    layer[off] = after[off]
    return layer


def _least_alpha(below: Pixels, after: Pixels) -> Samples:
    """The alpha with which a colour in 0..255 can make the change on an opaque ground."""
    ground, wanted = below[..., :3].astype(np.float32), after[..., :3].astype(np.float32)
    room = np.where(wanted > ground, 255 - ground, ground)
    return (255 * np.abs(wanted - ground) / np.maximum(room, 1)).max(-1)


def _possible_alphas(below: Pixels, after: Pixels) -> tuple[Samples, Samples]:
    """The least and the most alpha that make the alpha of `after`, after rounding, over that of `below`."""
    ground, wanted = below[..., 3].astype(np.float32), after[..., 3].astype(np.float32)
    room = np.maximum(255 - ground, 0.5)
    least = np.ceil(255 * (wanted - ground - 0.5) / room)
    most = np.floor(255 * (wanted - ground + 0.5) / room)
    return np.clip(least, 0, 255), np.clip(most, 0, 255)


def _with_colour(below: Pixels, after: Pixels, alpha: Samples) -> Pixels:
    weights = [picture[..., 3:].astype(np.float32) / 255 for picture in (below, after)]
    visible_alpha = alpha[..., None] / 255
    kept = weights[0] * (1 - visible_alpha) * below[..., :3]
    colour = (weights[1] * after[..., :3] - kept) / np.maximum(visible_alpha, 1e-6)
    colour = np.where(visible_alpha > 0, np.clip(np.round(colour), 0, 255), 0)
    return np.concatenate([colour, alpha[..., None]], -1).astype(np.uint8)
