"""Decides whether a redrawn shape looks as the layer that it would replace."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import Pixels
from lamina.imaging.shapes.drawing import distance
from lamina.imaging.shapes.shape import NativeShape, Residual, Values
from lamina.imaging.shapes.sight import Sight

Mask = NDArray[np.bool_]

LEVELS = 1
"""The largest difference away from edges."""

_EDGE_PX = 1.5
_SHADOW_LEVELS = 12  # of the faint end of a shadow
_MAX_EDGE, _MAX_MEAN_EDGE = 0.5, 0.12  # of the contrast beside an edge: of one pixel, and of all
_MIN_CONTRAST = 8


@dataclass(frozen=True, slots=True)
class Check:
    """The verdict on a shape that may replace its layer.

    `owed` (h, w): pixels beside what covers the layer that differ by more than a level; that layer must make up for it.
    `outline` (h, w): the edges of the shape.
    """

    residual: Residual
    owed: Mask
    outline: Mask


def checked(shape: NativeShape, sight: Sight, pictures: tuple[Pixels, Pixels], already: Values) -> Check | None:
    """How much the picture changes where the layer is seen; None if it changes too much.

    Away from edges at most one level, and on the edges of the shape by no more than antialiasing does. `pictures`
    (h, w, 4): the picture up to this layer, and with the shape in its place, in the box of `sight`. `already` (h, w):
    by how much they differ below this layer.
    """
    before, after = pictures
    off = (difference(before, after) - already).clip(0) * (sight.share / np.float32(255))
    is_known = sight.is_known
    outline = _outline(shape, sight)
    is_faint = sight.is_shaded & (off > LEVELS) & (off <= _SHADOW_LEVELS)
    inside = off[is_known & ~outline & ~is_faint]
    if inside.max(initial=0) > LEVELS:
        return None
    edge = outline & is_known
    contrast = _contrast(before)[edge]
    edges = off[edge]
    if (edges > _MAX_EDGE * contrast + LEVELS).any():
        return None
    telling = contrast >= _MIN_CONTRAST
    if telling.any() and float(np.mean(edges[telling] / contrast[telling])) > _MAX_MEAN_EDGE:
        return None
    residual = Residual(
        inside=round(float(inside.max(initial=0))), edges=round(float(edges.mean()), 2) if edges.size else 0.0
    )
    return Check(residual, (off > LEVELS) & (~is_known | is_faint) & ~(outline & is_known), outline)


def difference(first: Pixels, second: Pixels) -> Values:
    """(h, w) in levels: the largest difference of the colours times alpha, and of alpha."""
    off = np.abs(_weighted(first) - _weighted(second))
    # Several times as fast as `max` along a short axis.
    return np.maximum(np.maximum(off[..., 0], off[..., 1]), np.maximum(off[..., 2], off[..., 3]))


def _outline(shape: NativeShape, sight: Sight) -> Mask:
    forms = [form for form in (shape.form, shape.inner) if form is not None]
    return np.logical_or.reduce([np.abs(distance(form, *sight.middles)) < _EDGE_PX for form in forms])


def _weighted(pixels: Pixels) -> Values:
    values = pixels.astype(np.float32)
    if not (pixels[..., 3] == 255).all():
        values[..., :3] *= values[..., 3:] / 255
    return values


def _contrast(pixels: Pixels) -> Values:
    """(h, w): the largest difference within 3 x 3 pixels, of any channel."""
    values = np.round(_weighted(pixels)).astype(np.uint8)
    kernel = np.ones((3, 3), np.uint8)
    return np.asarray(cv2.dilate(values, kernel) - cv2.erode(values, kernel)).max(-1).astype(np.float32)
