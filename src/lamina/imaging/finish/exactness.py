"""Turns estimates of alpha and colour into 8-bit layers whose composite is the picture, to within one level."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.core.composite import over
from lamina.core.layers import Pixels

Values = NDArray[np.floating[Any]]

_CARRIES = 0.5  # a layer with this alpha may be made to carry coverage that is missing
_ROUNDS = 6
_SLIGHT, _STRAIN = 0.2, 32  # a layer of which less is seen may not be repainted by more levels
_STEPS = (0, -1, 1, -2, 2, -3, 3, -4, 4)
_SMALL = 0.1  # levels; what is left then is less than rounding


def exact_layers(alphas: Values, colours: Values, picture: Pixels) -> Pixels:
    """(layers, height, width, 4) uint8 straight alpha, bottom first.

    `alphas`: (layers, height, width) 0..1; `colours`: (layers, height, width, 3) 0..255, straight;
    `picture`: (height, width, 4). `lamina.core.composite` of the result differs from `picture` by at most 1 in alpha
    everywhere, and in colour wherever the picture's alpha is above 0.
    """
    levels = _exact_coverage(alphas, picture[..., 3])
    layers = np.empty((*levels.shape, 4), np.uint8)
    np.clip(np.rint(colours), 0, 255, out=layers[..., :3], casting="unsafe")
    layers[..., 3] = levels
    weights = visible_weights(levels.astype(np.float32) * np.float32(1 / 255))
    shown = weights > 0
    count = shown.sum(0)
    for index, is_shown in enumerate(shown):
        np.copyto(layers[index, ..., :3], picture[..., :3], where=(is_shown & (count == 1))[..., None])
    rows, columns = np.nonzero(count > 1)
    if rows.size:
        mixed = layers[:, rows, columns]
        estimate = colours[:, rows, columns].astype(np.float32)
        layers[:, rows, columns] = _exact_mixture(mixed, estimate, weights[:, rows, columns], picture[rows, columns])
    return layers


def visible_weights(alphas: Values) -> Values:
    """(layers, …): what is seen of each layer under those above it; `alphas` 0..1, bottom first."""
    weights = np.empty_like(alphas)
    uncovered = np.ones(alphas.shape[1:], alphas.dtype)
    for index in range(len(alphas) - 1, -1, -1):
        weights[index] = alphas[index] * uncovered
        uncovered = uncovered - weights[index]
    return weights


def _exact_coverage(alphas: Values, wanted: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(layers, height, width): alphas in levels whose composite has the alpha `wanted`, to within one level."""
    levels = np.clip(np.rint(alphas * 255), 0, 255).astype(np.uint8)
    total = _composite_alpha(levels)
    rows, columns = np.nonzero(total != wanted)
    if rows.size:
        goal = wanted[rows, columns].astype(np.float32) / 255
        fitted = _fitted_coverage(levels[:, rows, columns].astype(np.float32) / 255, goal)
        levels[:, rows, columns] = _mended_coverage(fitted, wanted[rows, columns])
    return levels


def _fitted_coverage(alphas: Values, goal: Values) -> Values:
    """(layers, n): no layer, seen from above, covers more than the goal; one carries what is missing."""
    uncovered = np.ones_like(goal)
    capped = alphas.copy()
    for index in range(len(alphas) - 1, -1, -1):
        most = 1 - (1 - goal) / np.maximum(uncovered, 1e-6)
        capped[index] = np.minimum(alphas[index], np.clip(most, 0, 1))
        uncovered = uncovered * (1 - capped[index])
    carrier, pixel = _carriers(capped), np.arange(goal.size)
    carried = capped[carrier, pixel]
    rest = uncovered / np.maximum(1 - carried, 1e-6)
    needed = np.clip(1 - (1 - goal) / np.maximum(rest, 1e-6), 0, 1)
    capped[carrier, pixel] = np.maximum(needed, carried)
    return capped


def _carriers(alphas: Values) -> NDArray[np.intp]:
    """For every pixel the lowest layer that is mostly there; else the one that is most there (the bottom if none)."""
    mostly = alphas >= _CARRIES
    return np.where(mostly.any(0), mostly.argmax(0), alphas.argmax(0))


def _mended_coverage(alphas: Values, wanted: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(layers, n) levels: rounding is mended in the layer that is seen most, or that layer takes the pixel alone."""
    levels = np.rint(alphas * 255).astype(np.uint8)
    main, pixel = visible_weights(alphas).argmax(0), np.arange(wanted.size)
    start = levels[main, pixel].astype(np.int32)
    chosen, least = start, np.full(wanted.size, np.inf)
    for step in _STEPS:
        tried = np.clip(start + step, 0, 255)
        levels[main, pixel] = tried
        error = np.abs(_composite_alpha(levels).astype(np.int32) - wanted)
        chosen = np.where(error < least, tried, chosen)
        least = np.minimum(error, least)
    levels[main, pixel] = chosen
    is_alone = least > 1
    levels[:, is_alone | (wanted == 0)] = 0
    levels[main[is_alone], pixel[is_alone]] = wanted[is_alone]
    return levels


def _composite_alpha(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The alpha that `lamina.core.composite` gives, with its rounding."""
    total = levels[0].astype(np.int32)
    for level in levels[1:]:
        above = level.astype(np.int32)
        total = (255 * above + total * (255 - above) + 127) // 255
    return total.astype(np.uint8)


def _exact_mixture(layers: Pixels, colours: Values, weights: Values, picture: Pixels) -> Pixels:
    """(layers, n, 4): pixels of which several layers are seen, with colours that add up to the picture."""
    target = picture[:, :3].astype(np.float32)
    shares = weights / np.maximum(weights.sum(0), 1e-6)
    layers = layers.copy()
    error = target - np.einsum("ln,lnc->nc", shares, colours)
    spread = _spread(colours, shares, error)
    is_strained = ((np.abs(spread - colours).max(-1) > _STRAIN) & (shares < _SLIGHT) & (shares > 0)).any(0)
    layers[:, ~is_strained, :3] = np.rint(spread[:, ~is_strained])
    layers[:, is_strained] = _covered(layers[:, is_strained], shares[:, is_strained], picture[is_strained])
    wrong = np.arange(len(picture))
    for _ in range(_ROUNDS):
        error = target[wrong] - _composite_colour(layers[:, wrong])
        is_wrong = np.abs(error).max(-1) > 1
        wrong, error = wrong[is_wrong], error[is_wrong]
        if not wrong.size:
            return layers
        layers[:, wrong, :3] = np.rint(_spread(layers[:, wrong, :3].astype(np.float32), shares[:, wrong], error))
    # Equal colours mix to themselves, whatever the alphas and the rounding.
    wrong = wrong[np.abs(target[wrong] - _composite_colour(layers[:, wrong])).max(-1) > 1]
    layers[:, wrong, :3] = picture[wrong, :3]
    return layers


def _covered(layers: Pixels, shares: Values, picture: Pixels) -> Pixels:
    """(layers, n, 4): the layer that is seen most covers the pixel, and what lies beneath keeps its own colour."""
    layers = layers.copy()
    main, pixel = shares.argmax(0), np.arange(len(picture))
    is_above = np.arange(len(layers))[:, None] > main
    is_cleared = is_above | (picture[:, 3] < 255)
    layers[..., 3] = np.where(is_cleared, 0, layers[..., 3])
    layers[main, pixel] = picture
    return layers


def _spread(colours: Values, shares: Values, error: Values) -> Values:
    """Least squares: the smallest change of the layers' colours, within 0..255, that takes `error` (n, 3) away.

    `colours`: (layers, n, 3); `shares`: (layers, n), adding up to 1. A layer that has come to 0 or 255 leaves the
    rest to the others.
    """
    for _ in range(_ROUNDS):
        if np.abs(error).max(initial=0) < _SMALL:
            break
        has_room = np.where(error > 0, colours < 255, colours > 0)
        force = shares[..., None] * has_room
        norm = np.maximum((force * force).sum(0), 1e-9)
        changed = np.clip(colours + force * (error / norm), 0, 255)
        error = error - np.einsum("ln,lnc->nc", shares, changed - colours)
        colours = changed
    return colours


def _composite_colour(layers: Pixels) -> NDArray[np.float32]:
    canvas = np.zeros((1, layers.shape[1], 4), np.uint8)
    for layer in layers:
        canvas = over(canvas, layer[None])
    return canvas[0, :, :3].astype(np.float32)
