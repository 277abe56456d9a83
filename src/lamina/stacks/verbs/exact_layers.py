"""Finds the pixels of a layer that turn one picture into another in every sample."""

import numpy as np
from numpy.typing import NDArray

from lamina.core.composite import over
from lamina.core.layers import Pixels

_PIXELS_AT_ONCE = 4096


def exact_layer(below: Pixels, after: Pixels, guess: Pixels) -> tuple[Pixels, int]:
    """The layer, in normal mode at full opacity, that makes `after` of `below`, as close to `guess` as possible.

    All are (height, width, 4). Also returns the number of pixels for which there is no such layer; they keep the guess.
    """
    layer = guess.copy()
    rows, columns = np.nonzero((over(below, guess) != after).any(-1))
    unsolved = 0
    for start in range(0, len(rows), _PIXELS_AT_ONCE):
        where = rows[start : start + _PIXELS_AT_ONCE], columns[start : start + _PIXELS_AT_ONCE]
        solved, is_solved = _solved(below[where], after[where], guess[where])
        layer[where] = solved
        unsolved += int((~is_solved).sum())
    return layer, unsolved


def _solved(below: Pixels, after: Pixels, guess: Pixels) -> tuple[Pixels, NDArray[np.bool_]]:
    """(n, 4) pixels and whether each is right: of the alphas that are possible, the one closest to the guess."""
    layer, is_solved = guess.copy(), np.zeros(len(guess), np.bool_)
    for distance in range(256):
        for alpha in {distance, -distance}:
            wanted = guess[:, 3].astype(np.int32) + alpha
            open_ones = np.flatnonzero(~is_solved & (wanted >= 0) & (wanted <= 255))
            if open_ones.size:
                found, is_right = _with_alpha(below[open_ones], after[open_ones], guess[open_ones], wanted[open_ones])
                layer[open_ones[is_right]] = found[is_right]
                is_solved[open_ones[is_right]] = True
        if is_solved.all():
            break
    return layer, is_solved


def _with_alpha(
    below: Pixels, after: Pixels, guess: Pixels, alpha: NDArray[np.int32]
) -> tuple[Pixels, NDArray[np.bool_]]:
    """The pixels with these alphas whose colours are solved, and whether they are right."""
    a, b = alpha[:, None], below[:, 3:].astype(np.int32)
    weight_below = b * (255 - a)
    colour = ((255 * a + weight_below) * after[:, :3] - weight_below * below[:, :3]) / np.maximum(255 * a, 1)
    colour = np.clip(np.rint(colour), 0, 255)
    found = np.concatenate([np.where(a > 0, colour, guess[:, :3]), a], -1).astype(np.uint8)
    return found, (over(below[None], found[None])[0] == after).all(-1)
