"""Chooses the best supported form of the hidden part of a layer, and fills it."""

from collections.abc import Callable

import numpy as np

from lamina.core.layers import Pixels
from lamina.engines.classic.raster import Mask, Values, bounding_box, depth, grow, shrink, window_of
from lamina.stacks.completion.colours import coloured
from lamina.stacks.completion.continuation import continued
from lamina.stacks.completion.forms import convex_hull, ellipse, mirror, rectangle
from lamina.stacks.completion.sight import Sight, attached, seen

_OPAQUE, _VISIBLE = 0.98, 0.02  # alphas
_FORMS: tuple[tuple[Callable[[Sight], Values | None], float], ...] = ((rectangle, 0.985), (ellipse, 0.98))
_MIN_SYMMETRY = 0.95
_MIN_CONVEXITY = 0.985
_MIN_CROSSING = 0.6
_MIN_ADDED_PX = 8
_MARGIN_PX = 8
_MIN_ENDLESS_SHARE = 0.25  # of the edge that was guessed
_MAX_REACH = 3.0


def completed(pixels: Pixels, through: Values) -> Pixels | None:
    """(h, w, 4): the pixels of a layer with its hidden part; None if none is hidden, or nothing tells how it goes on.

    `through`: (h, w) in 0..1, the share of the layer that layers above let through. Only pixels of which less than half
    is seen, and up to three pixels around them, change.
    """
    alpha = pixels[..., 3].astype(np.float32) / 255
    sight, enclosed = seen(alpha, through)
    involved = (alpha > 0) | enclosed | sight.unknown
    if not involved.any():
        return None
    window = window_of(bounding_box(involved), _MARGIN_PX)
    inside, unknown = sight.inside[window], sight.unknown[window]
    part = _in_window(pixels[window], Sight(inside=inside, unknown=unknown), enclosed[window])
    if part is None:
        return None
    out = pixels.copy()
    out[window] = part
    return out


def _in_window(pixels: Pixels, sight: Sight, enclosed: Mask) -> Pixels | None:
    alpha = pixels[..., 3].astype(np.float32) / 255
    shape = enclosed.astype(np.float32)
    if sight.unknown.any():
        shape = np.maximum(shape, np.where(sight.unknown, hidden_shape(sight), 0))
    level = _usual_alpha(alpha, sight.inside & ~enclosed)
    grown = np.where(enclosed | sight.unknown, np.maximum(alpha, level * shape), alpha)
    grown = np.where(attached(grown > _VISIBLE, sight.inside) | (alpha > 0), grown, 0)
    added = grown > alpha + 1 / 255
    if np.count_nonzero(added) < _MIN_ADDED_PX:
        return None
    out = coloured(pixels, (alpha > _OPAQUE * level) & ~added, added)
    out[~added] = pixels[~added]
    out[..., 3] = np.rint(grown * 255).astype(np.uint8)
    return out


def _usual_alpha(alpha: Values, inside: Mask) -> float:
    """The alpha 0..1 of most of what is seen: below 1 if the layer is translucent."""
    usual = float(np.median(alpha[inside])) if inside.any() else 1.0
    return 1.0 if usual > _OPAQUE else usual


def hidden_shape(sight: Sight) -> Values:
    """(h, w) in 0..1: the form of the whole layer, of which what is unknown is to be taken.

    A simple form must agree with what is seen, and go on behind most of what hides it; else the contour is continued.
    """
    for form, at_least in _FORMS:
        shape = form(sight)
        if shape is not None and sight.agreement(shape) >= at_least and sight.crossing(shape) >= _MIN_CROSSING:
            return shape
    symmetry = mirror(sight)
    if symmetry is not None and symmetry.agreement >= _MIN_SYMMETRY:
        image = symmetry.of(sight.inside.astype(np.float32))
        if sight.crossing(image) >= _MIN_CROSSING:
            return image
    hull = convex_hull(sight)
    if hull is not None and sight.agreement(hull) >= _MIN_CONVEXITY and sight.crossing(hull) >= _MIN_CROSSING:
        return hull
    smooth = continued(sight)
    return np.zeros(sight.inside.shape, np.float32) if smooth is None else _within_reach(smooth, sight)


def _within_reach(shape: Values, sight: Sight) -> Values:
    """A shape that fills what hides it to its far edge is cut off at some times the layer's thickness.

    Where nothing that is seen bends a contour back, its continuation has no end.
    """
    part = (shape > 0.5) & sight.unknown
    edge = part & ~shrink(part, 1) & ~grow(sight.inside, _MARGIN_PX)
    if not edge.any() or float(grow(sight.outside, 2)[edge].mean()) < _MIN_ENDLESS_SHARE:
        return shape
    thickness = float(depth(sight.inside).max())
    return np.asarray(np.clip(_MAX_REACH * thickness - depth(~sight.inside), 0, 1) * shape, np.float32)
