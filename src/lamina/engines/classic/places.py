"""Compares boxes and points of an image."""

import numpy as np

from lamina.core.layers import Box
from lamina.core.selections import Place
from lamina.engines.classic.raster import Mask


def rectangle(place: Place, shape: tuple[int, ...]) -> Mask:
    """(h, w): the pixels of a box; all for a point."""
    inside = np.zeros(shape, bool)
    if place.is_point:
        return ~inside
    rows = slice(max(0, round(place.y)), max(1, round(place.y + place.height)))
    inside[rows, max(0, round(place.x)) : max(1, round(place.x + place.width))] = True
    return inside


def place_of(box: Box) -> Place:
    """The box of x, y, width and height."""
    x, y, width, height = box
    return Place(x=x, y=y, width=width, height=height)


def share_inside(inner: Place, outer: Place) -> float:
    """The share of `inner` that is in `outer`, 0..1."""
    return _shared(inner, outer) / max(1e-6, inner.width * inner.height if not inner.is_point else 1.0)


def box_iou(first: Place, second: Place) -> float:
    """The intersection over union of two boxes, 0..1."""
    shared = _shared(first, second)
    return shared / (first.width * first.height + second.width * second.height - shared)


def _shared(first: Place, second: Place) -> float:
    """The area that two boxes have in common; for a point, 1 if it is in the box."""
    if first.is_point:
        is_in = second.x <= first.x < second.x + second.width and second.y <= first.y < second.y + second.height
        return float(is_in)
    width = min(first.x + first.width, second.x + second.width) - max(first.x, second.x)
    height = min(first.y + first.height, second.y + second.height) - max(first.y, second.y)
    return max(0.0, width) * max(0.0, height)
