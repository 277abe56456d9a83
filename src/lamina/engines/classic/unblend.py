"""Lifts one layer off a picture so that putting it back gives the picture again, exactly, in 8 bits."""

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.core.composite import over
from lamina.core.layers import Pixels
from lamina.engines.classic.raster import Mask, Values, as_bytes, largest, only_where, smallest

_SOLID = 0.96  # above this an edge pixel counts as opaque: what is missing is noise
_MIXTURE_LEVELS = 24.0  # an edge pixel farther than this from every mixture of the two has a colour of its own
_SHADE_UNEVENNESS = 0.12  # by which a shadow may take more of one colour than of another
_STROKE_LEVELS = 32
_HALO_SHARE = 0.15  # of the squared way: nearer to the ground, it is a halo of the ground
_CLOSE_COLOURS = 150.0  # squared distance under which ground and layer cannot be told apart


def lift(
    picture: Pixels,
    ground: Pixels,
    inside: Mask,
    core: Mask,
    support: Mask,
    colours: Pixels,
    noise: float,
    strokes: Pixels | None = None,
) -> Pixels:
    """The layer (h, w, 4), and `picture` changed in place to what is below it: over(below, layer) == picture.

    `picture`, `ground`: (h, w, 4), what is seen and what is thought to be beneath. `inside`: the layer's shape;
    `core`: the part that is surely opaque; `support`: everywhere the layer may show; `colours`: (h, w, 3), the
    layer's own colour at its edge. `noise`: levels by which the ground may differ from the picture by chance.
    `strokes`: (n, 3), the colours of lettering; what else merely darkens the ground is its shadow.
    Where picture or ground is not opaque there is nothing to un-mix: the layer takes such a pixel whole or not at all.
    """
    is_clear = (picture[..., 3] < 255) | (ground[..., 3] < 255)
    shaded = np.zeros_like(core)
    if strokes is not None:
        shaded = _shade(picture, ground, support & ~is_clear, strokes)
        core = core & ~shaded
    whole = np.where(is_clear, inside, core) & (picture[..., 3] > 0)
    layer = only_where(whole, picture)
    edge = support & ~core & ~is_clear
    below = ground.copy()
    below[whole & is_clear] = 0
    if edge.any():
        own = colours[edge]
        own[shaded[edge]] = 0
        layer[edge] = _unmix(picture[edge], ground[edge], inside[edge], own, noise)
    untouched = layer[..., 3] == 0
    cv2.copyTo(below, as_bytes(~untouched), picture)
    return layer


def _shade(picture: Pixels, ground: Pixels, among: Mask, strokes: Pixels) -> Mask:
    """(h, w): where the picture is the ground, darkened alike in all colours, and not the colour of a stroke."""
    seen, beneath = (side[among][:, :3].astype(np.float32) for side in (picture, ground))
    kept = (seen + 2) / (beneath + 2)
    most, least = largest(kept), smallest(kept)
    is_dimmed = (most < 0.99) & (least > 0.12) & (most - least < _SHADE_UNEVENNESS)
    dimmed = seen[is_dimmed]
    is_shade = np.ones(len(dimmed), bool)
    for stroke in strokes.astype(np.float32):
        is_shade &= largest(np.abs(dimmed - stroke)) > _STROKE_LEVELS
    is_dimmed[is_dimmed] = is_shade
    shaded = np.zeros(among.shape, bool)
    shaded[among] = is_dimmed
    return shaded


def _unmix(seen: Pixels, ground: Pixels, inside: Mask, colours: Pixels, noise: float) -> Pixels:
    """(n, 4): straight-alpha pixels that turn opaque `ground` into `seen`."""
    picture, beneath, own = (side[:, :3].astype(np.float32) for side in (seen, ground, colours))
    alpha = _projected_alpha(picture, beneath, own, inside)
    changed = largest(np.abs(picture - beneath)) > noise
    alpha = np.where(changed, np.maximum(alpha, _least_alpha(picture, beneath)), 0)
    levels = np.ceil(alpha * 255 - 1e-4).astype(np.int32)
    return _exact(seen, ground, np.where(changed, np.maximum(levels, 1), 0))


def _projected_alpha(picture: Values, beneath: Values, own: Values, inside: Mask) -> Values:
    """How far the colour lies on the way from the ground to the layer's own colour: the compositing equation."""
    way = own - beneath
    length = (way * way).sum(-1)
    along = ((picture - beneath) * way).sum(-1) / np.maximum(length, 1)
    along = np.where(along > _SOLID, 1, np.clip(along, 0, 1))
    away = picture - beneath
    aside = largest(np.abs(away - along[:, None] * way))
    is_near_ground = (away * away).sum(-1) < _HALO_SHARE * length
    is_mixture = (length > _CLOSE_COLOURS) & ((aside <= _MIXTURE_LEVELS) | is_near_ground | ~inside)
    return np.where(is_mixture, along, inside)


def _least_alpha(picture: Values, beneath: Values) -> Values:
    """The smallest alpha for which some colour in 0..255 explains the picture."""
    up = (picture - beneath) / np.maximum(255 - beneath, 1e-3)
    down = (beneath - picture) / np.maximum(beneath, 1e-3)
    return np.clip(largest(np.where(picture > beneath, up, down)), 0, 1)


def _exact(seen: Pixels, ground: Pixels, alpha: NDArray[np.int32]) -> Pixels:
    """The colour that gives `seen` at this alpha; where rounding cannot hit it, the pixel becomes opaque."""
    divisor = np.maximum(alpha, 1)[:, None]
    rest = ground[:, :3].astype(np.int32) * (255 - divisor)
    colour = np.clip((seen[:, :3].astype(np.int32) * 255 - rest + divisor // 2) // divisor, 0, 255)
    layer = np.concatenate([colour, alpha[:, None]], 1).astype(np.uint8)
    layer[alpha == 0] = 0
    missed = (alpha > 0) & (_words(over(ground[None], layer[None])[0]) != _words(seen))
    layer[missed] = seen[missed]
    return layer


def _words(pixels: Pixels) -> NDArray[np.uint32]:
    """(n,): the four samples of each pixel as one number, many times quicker to compare."""
    return np.ascontiguousarray(pixels).view(np.uint32)[:, 0]
