"""Converts estimates of alpha and colour to 8-bit layers whose composite equals the image to within one level."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.core.composite import over
from lamina.core.layers import Pixels

Values = NDArray[np.floating[Any]]

_MIN_CARRIER_ALPHA = 0.5  # a layer from this alpha on may receive missing coverage
_ITERATIONS = 6
_LOW_SHARE, _MAX_CHANGE = 0.2, 32  # below this visible share, the colour may change by at most this many levels
_STEPS = (0, -1, 1, -2, 2, -3, 3, -4, 4)
_NEGLIGIBLE = 0.1  # levels; smaller errors vanish in rounding


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
    is_visible = weights > 0
    count = is_visible.sum(0)
    for index, mask in enumerate(is_visible):
        np.copyto(layers[index, ..., :3], picture[..., :3], where=(mask & (count == 1))[..., None])
    rows, columns = np.nonzero(count > 1)
    if rows.size:
        mixed = layers[:, rows, columns]
        estimate = colours[:, rows, columns].astype(np.float32)
        layers[:, rows, columns] = _exact_mixture(mixed, estimate, weights[:, rows, columns], picture[rows, columns])
    return layers


def visible_weights(alphas: Values) -> Values:
    """(layers, …): visible share of each layer below those above it; `alphas` 0..1, bottom first."""
    weights = np.empty_like(alphas)
    uncovered = np.ones(alphas.shape[1:], alphas.dtype)
    for index in range(len(alphas) - 1, -1, -1):
        weights[index] = alphas[index] * uncovered
        uncovered = uncovered - weights[index]
    return weights


def _exact_coverage(alphas: Values, target_alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(layers, height, width): alphas in levels whose composite equals `target_alpha` to within one level."""
    levels = np.clip(np.rint(alphas * 255), 0, 255).astype(np.uint8)
    total = _composite_alpha(levels)
    rows, columns = np.nonzero(total != target_alpha)
    if rows.size:
        goal = target_alpha[rows, columns].astype(np.float32) / 255
        fitted = _fit_coverage(levels[:, rows, columns].astype(np.float32) / 255, goal)
        levels[:, rows, columns] = _correct_coverage(fitted, target_alpha[rows, columns])
    return levels


def _fit_coverage(alphas: Values, goal: Values) -> Values:
    """(layers, n): limits the coverage from the top down to `goal`, and adds missing coverage to one carrier layer."""
    uncovered = np.ones_like(goal)
    capped = alphas.copy()
    for index in range(len(alphas) - 1, -1, -1):
        limit = 1 - (1 - goal) / np.maximum(uncovered, 1e-6)
        capped[index] = np.minimum(alphas[index], np.clip(limit, 0, 1))
        uncovered = uncovered * (1 - capped[index])
    carrier, pixel = _carriers(capped), np.arange(goal.size)
    carried = capped[carrier, pixel]
    rest = uncovered / np.maximum(1 - carried, 1e-6)
    needed = np.clip(1 - (1 - goal) / np.maximum(rest, 1e-6), 0, 1)
    capped[carrier, pixel] = np.maximum(needed, carried)
    return capped


def _carriers(alphas: Values) -> NDArray[np.intp]:
    """Per pixel, the lowest layer with sufficient alpha, else the (lowest) layer with the highest alpha."""
    mostly = alphas >= _MIN_CARRIER_ALPHA
    return np.where(mostly.any(0), mostly.argmax(0), alphas.argmax(0))


def _correct_coverage(alphas: Values, target_alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(layers, n) levels: corrects rounding in the most visible layer, or makes it the only layer of the pixel."""
    levels = np.rint(alphas * 255).astype(np.uint8)
    main, pixel = visible_weights(alphas).argmax(0), np.arange(target_alpha.size)
    start = levels[main, pixel].astype(np.int32)
    best, least_error = start, np.full(target_alpha.size, np.inf)
    for step in _STEPS:
        candidate = np.clip(start + step, 0, 255)
        levels[main, pixel] = candidate
        error = np.abs(_composite_alpha(levels).astype(np.int32) - target_alpha)
        best = np.where(error < least_error, candidate, best)
        least_error = np.minimum(error, least_error)
    levels[main, pixel] = best
    is_alone = least_error > 1
    levels[:, is_alone | (target_alpha == 0)] = 0
    levels[main[is_alone], pixel[is_alone]] = target_alpha[is_alone]
    return levels


def _composite_alpha(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The alpha of `lamina.core.composite`, with the same rounding."""
    total = levels[0].astype(np.int32)
    for level in levels[1:]:
        above = level.astype(np.int32)
        total = (255 * above + total * (255 - above) + 127) // 255
    return total.astype(np.uint8)


def _exact_mixture(layers: Pixels, colours: Values, weights: Values, picture: Pixels) -> Pixels:
    """(layers, n, 4): pixels with several visible layers, with colours whose mixture equals the image."""
    target = picture[:, :3].astype(np.float32)
    shares = weights / np.maximum(weights.sum(0), 1e-6)
    layers = layers.copy()
    error = target - np.einsum("ln,lnc->nc", shares, colours)
    spread = _distribute(colours, shares, error)
    is_strained = ((np.abs(spread - colours).max(-1) > _MAX_CHANGE) & (shares < _LOW_SHARE) & (shares > 0)).any(0)
    layers[:, ~is_strained, :3] = np.rint(spread[:, ~is_strained])
    layers[:, is_strained] = _cover(layers[:, is_strained], shares[:, is_strained], picture[is_strained])
    wrong = np.arange(len(picture))
    for _ in range(_ITERATIONS):
        error = target[wrong] - _composite_colour(layers[:, wrong])
        is_wrong = np.abs(error).max(-1) > 1
        wrong, error = wrong[is_wrong], error[is_wrong]
        if not wrong.size:
            return layers
        layers[:, wrong, :3] = np.rint(_distribute(layers[:, wrong, :3].astype(np.float32), shares[:, wrong], error))
    # A mixture of equal colours is exact for any alphas and rounding.
    wrong = wrong[np.abs(target[wrong] - _composite_colour(layers[:, wrong])).max(-1) > 1]
    layers[:, wrong, :3] = picture[wrong, :3]
    return layers


def _cover(layers: Pixels, shares: Values, picture: Pixels) -> Pixels:
    """(layers, n, 4): makes the most visible layer cover the pixel; the layers below keep their colours."""
    layers = layers.copy()
    main, pixel = shares.argmax(0), np.arange(len(picture))
    is_above = np.arange(len(layers))[:, None] > main
    is_cleared = is_above | (picture[:, 3] < 255)
    layers[..., 3] = np.where(is_cleared, 0, layers[..., 3])
    layers[main, pixel] = picture
    return layers


def _distribute(colours: Values, shares: Values, error: Values) -> Values:
    """The smallest change (least squares) of the layers' colours, within 0..255, that removes `error` (n, 3).

    `colours`: (layers, n, 3); `shares`: (layers, n) with the sum 1. Once a layer reaches 0 or 255, the others take the
    rest.
    """
    for _ in range(_ITERATIONS):
        if np.abs(error).max(initial=0) < _NEGLIGIBLE:
            break
        is_adjustable = np.where(error > 0, colours < 255, colours > 0)
        gradient = shares[..., None] * is_adjustable
        norm = np.maximum((gradient * gradient).sum(0), 1e-9)
        changed = np.clip(colours + gradient * (error / norm), 0, 255)
        error = error - np.einsum("ln,lnc->nc", shares, changed - colours)
        colours = changed
    return colours


def _composite_colour(layers: Pixels) -> NDArray[np.float32]:
    canvas = np.zeros((1, layers.shape[1], 4), np.uint8)
    for layer in layers:
        canvas = over(canvas, layer[None])
    return canvas[0, :, :3].astype(np.float32)
