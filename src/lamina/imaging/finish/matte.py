"""Estimates alpha and colour of every layer at the size of the image, guided by the image (alpha matting).

At the edge of a layer, the image is a mixture of the colours of the layer and of its backdrop, both of which the
engine gives; the position of the image's colour between them is alpha (the compositing equation, Porter and Duff 1984,
solved for alpha). Where this is uncertain, the resized raw alpha is kept, and pushed to 0 or 1 where it does not
explain the image.
"""

from collections.abc import Sequence
from math import ceil

import numpy as np

from lamina.core.layers import Pixels
from lamina.imaging.finish.estimates import clean_alpha, edge_confidence, estimate_colours
from lamina.imaging.finish.resampling import Values

REACH_PX = 32
"""Only pixels within this distance affect the result of a pixel."""

_PASSES = 2  # the second pass uses the refined edges of the layers below
_LOW_CONTRAST = 900.0  # squared distance of two colours that are hard to distinguish
_LINE_DEVIATION = 14.0  # levels: standard deviation of true mixtures from the line between the two colours
_IMAGE_WEIGHT, _STEEPNESS = (
    0.15,
    4.0,
)  # weight of the image against the raw alpha in an uncertain mixture; slope of the step
_MATCH_LEVELS, _MISMATCH_LEVELS = (
    3.0,
    12.0,
)  # levels of difference: raw layers that match need no change; layers that mismatch are wrong
_MIN_UNCOVERED, _FULL_UNCOVERED = (
    0.2,
    0.7,
)  # a layer is not refined below this uncovered share, and fully above the second


def estimate_mattes(
    planes: Values, picture: Pixels, *, enlargement: float, offsets: Values, noises: Sequence[float]
) -> tuple[Values, Values]:
    """Alphas (layers, height, width) in 0..1 and straight colours (layers, height, width, 3) in 0..255.

    `planes`: (layers, height, width, 4), premultiplied, interpolated; `picture`: (height, width, 4); `enlargement`:
    image pixels per raw pixel; `offsets`: (layers, 3), added to the colours; `noises`: standard deviations of alpha.
    """
    alphas = np.stack(
        [clean_alpha(plane[..., 3] * np.float32(1 / 255), noise) for plane, noise in zip(planes, noises, strict=True)]
    )
    edge_reach = min(REACH_PX // 2, ceil(enlargement) + 1)
    edges = np.stack([edge_confidence(alpha, edge_reach) for alpha in alphas])
    rows, columns = np.nonzero(edges.any(0))
    reach = min(REACH_PX, round(2 * enlargement) + 2)
    colours = np.empty((*alphas.shape, 3), np.float32)
    cores = np.empty((len(planes), rows.size, 3), np.float32)
    for index, plane in enumerate(planes):
        own, core = estimate_colours(plane, reach)
        core = core[rows, columns]
        colours[index] = np.clip(own + offsets[index], 0, 255)
        cores[index] = np.clip(core[:, :3] * 255 / np.maximum(core[:, 3:], 1e-3) + offsets[index], 0, 255)
    pixels = picture[rows, columns]
    mixed, fronts, shares = alphas[:, rows, columns], colours[:, rows, columns], edges[:, rows, columns]
    for _ in range(_PASSES):
        mixed = _refine(mixed, fronts, cores, shares, pixels)
    alphas[:, rows, columns] = mixed
    return alphas, colours


def _refine(alphas: Values, colours: Values, cores: Values, shares: Values, pixels: Pixels) -> Values:
    """(layers, n): refined alphas of n pixels, from the top layer down.

    If the image is not opaque, its alpha is a fourth colour channel, with 255 for layers and 0 for the empty canvas.
    """
    picture = pixels.astype(np.float32)
    is_opaque = bool((pixels[:, 3] == 255).all())
    if is_opaque:
        picture = picture[:, :3]
    else:
        picture[:, :3] *= picture[:, 3:] / 255
        solid = np.full((*colours.shape[:2], 1), 255, np.float32)
        colours, cores = np.concatenate([colours, solid], -1), np.concatenate([cores, solid], -1)
    backdrops = _backdrops(alphas, colours)
    uncovered = np.ones(len(pixels), np.float32)
    above = np.zeros_like(picture)
    refined = alphas.copy()
    for index in range(len(alphas) - 1, 0 if is_opaque else -1, -1):
        observed = (picture - above) / np.maximum(uncovered, 0.05)[:, None]
        position, confidence = _project(observed, backdrops[index], cores[index])
        difference, direction = observed - backdrops[index], cores[index] - backdrops[index]
        may_change = shares[index] * np.clip((uncovered - _MIN_UNCOVERED) / (_FULL_UNCOVERED - _MIN_UNCOVERED), 0, 1)
        may_change *= _mismatch(alphas[index], difference, colours[index] - backdrops[index], _MATCH_LEVELS)
        kept = _push_to_extremes(
            alphas[index], position, may_change * _mismatch(alphas[index], difference, direction, _MISMATCH_LEVELS)
        )
        refined[index] = kept + confidence * may_change * (position - kept)
        weight = refined[index] * uncovered
        above += weight[:, None] * colours[index]
        uncovered = uncovered - weight
    return refined


def _backdrops(alphas: Values, colours: Values) -> list[Values]:
    """Per layer, the premultiplied composite of the layers below it, (n, channels)."""
    backdrops = [np.zeros_like(colours[0])]
    for alpha, colour in zip(alphas[:-1], colours[:-1], strict=True):
        backdrops.append(backdrops[-1] + alpha[:, None] * (colour - backdrops[-1]))
    return backdrops


def _project(observed: Values, backdrops: Values, front: Values) -> tuple[Values, Values]:
    """(n,) each: position 0..1 of `observed` on the line from `backdrops` to `front`, and its confidence 0..1."""
    direction, difference = front - backdrops, observed - backdrops
    squared_length = np.einsum("nc,nc->n", direction, direction)
    position = np.clip(np.einsum("nc,nc->n", difference, direction) / np.maximum(squared_length, 1), 0, 1)
    residual = difference - position[:, None] * direction
    squared_residual = np.einsum("nc,nc->n", residual, residual)
    return position, squared_length / (squared_length + _LOW_CONTRAST) * np.exp(
        -squared_residual / (2 * _LINE_DEVIATION**2)
    )


def _mismatch(alpha: Values, difference: Values, direction: Values, levels: float) -> Values:
    """(n,) in 0..1: how far the mixture of `alpha` misses the image; 0.5 at a distance of `levels`."""
    residual = difference - alpha[:, None] * direction
    squared_error = np.einsum("nc,nc->n", residual, residual)
    return squared_error / (squared_error + levels**2)


def _push_to_extremes(alpha: Values, position: Values, may_change: Values) -> Values:
    """(n,): the raw alpha, pushed towards 0 or 1 by `may_change`.

    The unexplained rest would otherwise appear as a halo on the layer below.
    """
    blend = _IMAGE_WEIGHT * position + (1 - _IMAGE_WEIGHT) * alpha
    extreme = np.clip((blend - 0.5) * _STEEPNESS + 0.5, 0, 1)
    return alpha + may_change * (extreme - alpha)
