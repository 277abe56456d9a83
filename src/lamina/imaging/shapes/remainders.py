"""Lets a layer make up for what a shape beneath it lacks beside it, such as the faint end of its own shadow."""

from dataclasses import replace

import cv2
import numpy as np

from lamina.core.composite import over
from lamina.core.layers import BlendMode, Layer, Pixels
from lamina.imaging.shapes.checking import LEVELS, difference
from lamina.imaging.shapes.sight import overlap, wider

_REACH_PX = 18  # from the layer's own pixels
_SEEN_ALPHA = 4


def with_remainder(layer: Layer, before: Pixels, after: Pixels) -> Layer:
    """The layer, so that it looks over `after` as it does in `before`, to within one level; the same if it does.

    `before` (h, w, 4): the picture with this layer; `after`: the picture below it, with shapes in place of layers. Only
    pixels in and beside the layer change.
    """
    if layer.blend is not BlendMode.NORMAL or layer.opacity < 255:
        return layer
    there, here = overlap(wider(layer.box, _REACH_PX), *before.shape[:2])
    wanted, below = before[there], after[there]
    pixels = np.pad(layer.pixels, ((_REACH_PX, _REACH_PX), (_REACH_PX, _REACH_PX), (0, 0)))
    own = pixels[here]
    is_off = difference(wanted, over(below, own)) > LEVELS
    if not is_off.any():
        return layer
    kernel = np.ones((2 * _REACH_PX + 1,) * 2, np.uint8)
    near = np.asarray(cv2.dilate((own[..., 3] >= _SEEN_ALPHA).astype(np.uint8), kernel)) > 0
    is_off &= near & (wanted[..., 3] == 255) & (below[..., 3] == 255)
    if not is_off.any():
        return layer
    own[is_off] = _mixed(wanted[is_off], below[is_off], own[is_off])
    return replace(layer, pixels=pixels, left=layer.left - _REACH_PX, top=layer.top - _REACH_PX).cropped()


def _mixed(wanted: Pixels, below: Pixels, own: Pixels) -> Pixels:
    """(n, 4): what gives the wanted colours over those below, at least as opaque as its own pixels, and as little."""
    target, ground = wanted[:, :3].astype(np.float64), below[:, :3].astype(np.float64)
    change = target - ground
    room = np.where(change > 0, 255 - ground, ground)
    least = np.ceil((np.abs(change) / np.maximum(room, 1)).max(1) * 255)
    alpha = np.maximum(np.maximum(least, own[:, 3]), 1).clip(0, 255)
    colours = ground + change * (255 / alpha)[:, None]
    return np.concatenate([np.round(colours).clip(0, 255), alpha[:, None]], 1).astype(np.uint8)
