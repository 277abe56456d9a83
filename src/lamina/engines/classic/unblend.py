"""Extracts one layer from an image so that compositing it back restores the image exactly in 8 bits."""

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.core.composite import over
from lamina.core.layers import Pixels
from lamina.engines.classic.raster import Mask, Values, as_bytes, channel_max, channel_min, zero_outside

_SOLID = 0.96  # edge pixels above this alpha are opaque; the rest is noise
_MIXTURE_LEVELS = 24.0  # edge pixels farther from every mixture have a colour of their own
_SHADE_UNEVENNESS = 0.12  # maximum difference of the darkening of channels in a shadow
_STROKE_LEVELS = 32
_HALO_SHARE = 0.15  # of the squared distance: closer to the backdrop, the pixel is a halo of it
_CLOSE_COLOURS = 150.0  # squared distance below which backdrop and layer cannot be distinguished


def extract_layer(
    picture: Pixels,
    backdrop: Pixels,
    *,
    inside: Mask,
    core: Mask,
    support: Mask,
    colours: Pixels,
    noise: float,
    strokes: Pixels | None = None,
) -> Pixels:
    """Returns the layer (h, w, 4), and changes `picture` in place to the image below it: over(below, layer) == picture.

    `picture`, `backdrop`: (h, w, 4), the visible image and the estimated image below. `inside`: the shape of the layer;
    `core`: its opaque part; `support`: everywhere the layer may be visible; `colours`: (h, w, 3), the colour of the
    layer at its edge. `noise`: chance difference between backdrop and image, in levels. `strokes`: (n, 3), colours of
    lettering; other pixels that only darken the backdrop are its shadow. Where the image or the backdrop is not opaque,
    pixels cannot be unblended: the layer takes them entirely or not at all.
    """
    is_clear = (picture[..., 3] < 255) | (backdrop[..., 3] < 255)
    shaded = np.zeros_like(core)
    if strokes is not None:
        shaded = _shade(picture, backdrop, support & ~is_clear, strokes)
        core = core & ~shaded
    opaque = np.where(is_clear, inside, core) & (picture[..., 3] > 0)
    layer = zero_outside(opaque, picture)
    edge = support & ~core & ~is_clear
    below = backdrop.copy()
    below[opaque & is_clear] = 0
    if edge.any():
        own = colours[edge]
        own[shaded[edge]] = 0
        layer[edge] = _unblend(picture[edge], backdrop[edge], inside[edge], own, noise)
    untouched = layer[..., 3] == 0
    cv2.copyTo(below, as_bytes(~untouched), picture)
    return layer


def _shade(picture: Pixels, backdrop: Pixels, among: Mask, strokes: Pixels) -> Mask:
    """(h, w): where the image is a uniformly darkened backdrop, and not the colour of a stroke."""
    visible, backdrop_rgb = (side[among][:, :3].astype(np.float32) for side in (picture, backdrop))
    ratio = (visible + 2) / (backdrop_rgb + 2)
    highest, lowest = channel_max(ratio), channel_min(ratio)
    is_dimmed = (highest < 0.99) & (lowest > 0.12) & (highest - lowest < _SHADE_UNEVENNESS)
    dimmed = visible[is_dimmed]
    is_shade = np.ones(len(dimmed), bool)
    for stroke in strokes.astype(np.float32):
        is_shade &= channel_max(np.abs(dimmed - stroke)) > _STROKE_LEVELS
    is_dimmed[is_dimmed] = is_shade
    shaded = np.zeros(among.shape, bool)
    shaded[among] = is_dimmed
    return shaded


def _unblend(visible: Pixels, backdrop: Pixels, inside: Mask, colours: Pixels, noise: float) -> Pixels:
    """(n, 4): straight-alpha pixels that turn the opaque `backdrop` into `visible`."""
    picture, backdrop_rgb, own = (side[:, :3].astype(np.float32) for side in (visible, backdrop, colours))
    alpha = _project(picture, backdrop_rgb, own, inside)
    changed = channel_max(np.abs(picture - backdrop_rgb)) > noise
    alpha = np.where(changed, np.maximum(alpha, _min_alpha(picture, backdrop_rgb)), 0)
    levels = np.ceil(alpha * 255 - 1e-4).astype(np.int32)
    return _exact(visible, backdrop, np.where(changed, np.maximum(levels, 1), 0))


def _project(picture: Values, backdrop_rgb: Values, own: Values, inside: Mask) -> Values:
    """Position of the colour between backdrop and layer colour, which is alpha by the compositing equation."""
    direction = own - backdrop_rgb
    squared_length = (direction * direction).sum(-1)
    position = ((picture - backdrop_rgb) * direction).sum(-1) / np.maximum(squared_length, 1)
    position = np.where(position > _SOLID, 1, np.clip(position, 0, 1))
    difference = picture - backdrop_rgb
    residual = channel_max(np.abs(difference - position[:, None] * direction))
    is_near_ground = (difference * difference).sum(-1) < _HALO_SHARE * squared_length
    is_mixture = (squared_length > _CLOSE_COLOURS) & ((residual <= _MIXTURE_LEVELS) | is_near_ground | ~inside)
    return np.where(is_mixture, position, inside)


def _min_alpha(picture: Values, backdrop_rgb: Values) -> Values:
    """The smallest alpha for which a colour in 0..255 explains the image."""
    up = (picture - backdrop_rgb) / np.maximum(255 - backdrop_rgb, 1e-3)
    down = (backdrop_rgb - picture) / np.maximum(backdrop_rgb, 1e-3)
    return np.clip(channel_max(np.where(picture > backdrop_rgb, up, down)), 0, 1)


def _exact(visible: Pixels, backdrop: Pixels, alpha: NDArray[np.int32]) -> Pixels:
    """The colour that gives `visible` at this alpha; if rounding prevents it, the pixel becomes opaque."""
    divisor = np.maximum(alpha, 1)[:, None]
    rest = backdrop[:, :3].astype(np.int32) * (255 - divisor)
    colour = np.clip((visible[:, :3].astype(np.int32) * 255 - rest + divisor // 2) // divisor, 0, 255)
    layer = np.concatenate([colour, alpha[:, None]], 1).astype(np.uint8)
    layer[alpha == 0] = 0
    missed = (alpha > 0) & (_packed_pixels(over(backdrop[None], layer[None])[0]) != _packed_pixels(visible))
    layer[missed] = visible[missed]
    return layer


def _packed_pixels(pixels: Pixels) -> NDArray[np.uint32]:
    """(n,): the four samples of each pixel as one integer, which is faster to compare."""
    return np.ascontiguousarray(pixels).view(np.uint32)[:, 0]
