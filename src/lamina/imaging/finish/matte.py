"""Finds alpha and colour of every layer at the picture's own size, with the picture as guide.

At an edge of a layer the picture is a mixture of the layer's colour and of what lies beneath, and the engine has told
both colours; so the place of the picture's colour on the way from one to the other is the alpha (the compositing
equation, Porter and Duff 1984, solved for alpha). Where that is uncertain the raw alpha, resized, is kept, and made
steep where it does not explain the picture.
"""

from collections.abc import Sequence
from math import ceil

import numpy as np

from lamina.core.layers import Pixels
from lamina.imaging.finish.estimates import clean_alpha, edge_share, own_colours
from lamina.imaging.finish.resampling import Values

REACH_PX = 32
"""No pixel farther away than this has a say in what a pixel becomes."""

_SWEEPS = 2  # the second knows the edges beneath
_FAINT = 900.0  # squared distance of two colours that can hardly be told apart
_OFF_THE_WAY = 14.0  # levels by which a true mixture may lie beside the way between the two colours
_VOTE, _STEEPNESS = 0.15, 4.0  # the picture's say beside the raw alpha's in a doubtful mixture; of the step
_EXPLAINED, _MISSED = 3.0, 12.0  # levels: raw layers that come so near need no change; so far off they are wrong
_COVERED, _SEEN = 0.2, 0.7  # a layer of which less is seen is not judged; of which more, fully


def matted(
    planes: Values, picture: Pixels, enlargement: float, offsets: Values, noises: Sequence[float]
) -> tuple[Values, Values]:
    """Alphas (layers, height, width) in 0..1 and straight colours (layers, height, width, 3) in 0..255.

    `planes`: (layers, height, width, 4), premultiplied, resized plainly; `picture`: (height, width, 4);
    `enlargement`: picture pixels for a raw pixel; `offsets`: (layers, 3), added to the colours; `noises`: of alpha.
    """
    alphas = np.stack(
        [clean_alpha(plane[..., 3] * np.float32(1 / 255), noise) for plane, noise in zip(planes, noises, strict=True)]
    )
    edge_reach = min(REACH_PX // 2, ceil(enlargement) + 1)
    edges = np.stack([edge_share(alpha, edge_reach) for alpha in alphas])
    rows, columns = np.nonzero(edges.any(0))
    reach = min(REACH_PX, round(2 * enlargement) + 2)
    colours = np.empty((*alphas.shape, 3), np.float32)
    cores = np.empty((len(planes), rows.size, 3), np.float32)
    for index, plane in enumerate(planes):
        own, core = own_colours(plane, reach)
        core = core[rows, columns]
        colours[index] = np.clip(own + offsets[index], 0, 255)
        cores[index] = np.clip(core[:, :3] * 255 / np.maximum(core[:, 3:], 1e-3) + offsets[index], 0, 255)
    seen = picture[rows, columns]
    mixed, fronts, shares = alphas[:, rows, columns], colours[:, rows, columns], edges[:, rows, columns]
    for _ in range(_SWEEPS):
        mixed = _sweep(mixed, fronts, cores, shares, seen)
    alphas[:, rows, columns] = mixed
    return alphas, colours


def _sweep(alphas: Values, colours: Values, cores: Values, shares: Values, seen: Pixels) -> Values:
    """(layers, n): better alphas, from the top down, for n pixels.

    Where the picture is not opaque its alpha is a fourth colour, in which a layer has 255 and the clear canvas 0.
    """
    picture = seen.astype(np.float32)
    is_opaque = bool((seen[:, 3] == 255).all())
    if is_opaque:
        picture = picture[:, :3]
    else:
        picture[:, :3] *= picture[:, 3:] / 255
        solid = np.full((*colours.shape[:2], 1), 255, np.float32)
        colours, cores = np.concatenate([colours, solid], -1), np.concatenate([cores, solid], -1)
    beneath = _beneath(alphas, colours)
    uncovered = np.ones(len(seen), np.float32)
    above = np.zeros_like(picture)
    better = alphas.copy()
    for index in range(len(alphas) - 1, 0 if is_opaque else -1, -1):
        view = (picture - above) / np.maximum(uncovered, 0.05)[:, None]
        along, trust = _projected(view, beneath[index], cores[index])
        gone, way = view - beneath[index], cores[index] - beneath[index]
        may_change = shares[index] * np.clip((uncovered - _COVERED) / (_SEEN - _COVERED), 0, 1)
        may_change *= _doubted(alphas[index], gone, colours[index] - beneath[index], _EXPLAINED)
        kept = _decided(alphas[index], along, may_change * _doubted(alphas[index], gone, way, _MISSED))
        better[index] = kept + trust * may_change * (along - kept)
        weight = better[index] * uncovered
        above += weight[:, None] * colours[index]
        uncovered = uncovered - weight
    return better


def _beneath(alphas: Values, colours: Values) -> list[Values]:
    """For every layer (n, channels), premultiplied: the composite of the layers below it."""
    beneath = [np.zeros_like(colours[0])]
    for alpha, colour in zip(alphas[:-1], colours[:-1], strict=True):
        beneath.append(beneath[-1] + alpha[:, None] * (colour - beneath[-1]))
    return beneath


def _projected(view: Values, beneath: Values, front: Values) -> tuple[Values, Values]:
    """(n,) each: how far `view` lies on the way from `beneath` to `front`, 0..1, and how far to trust it, 0..1."""
    way, gone = front - beneath, view - beneath
    length = np.einsum("nc,nc->n", way, way)
    along = np.clip(np.einsum("nc,nc->n", gone, way) / np.maximum(length, 1), 0, 1)
    beside = gone - along[:, None] * way
    off = np.einsum("nc,nc->n", beside, beside)
    return along, length / (length + _FAINT) * np.exp(-off / (2 * _OFF_THE_WAY**2))


def _doubted(alpha: Values, gone: Values, way: Values, levels: float) -> Values:
    """(n,) in 0..1: by how much the mixture that `alpha` stands for misses the picture; half at `levels`."""
    missed = gone - alpha[:, None] * way
    miss = np.einsum("nc,nc->n", missed, missed)
    return miss / (miss + levels**2)


def _decided(alpha: Values, along: Values, may_change: Values) -> Values:
    """(n,): the raw alpha, driven to 0 or 1 as far as it may change.

    What it leaves to explain would otherwise be painted on the layer beneath, as a halo.
    """
    vote = _VOTE * along + (1 - _VOTE) * alpha
    either = np.clip((vote - 0.5) * _STEEPNESS + 0.5, 0, 1)
    return alpha + may_change * (either - alpha)
