"""Tells simple shapes by their masks: circles, ellipses, rectangles, rings, frames and lines."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.raster import Mask, as_bytes, bounding_box, components, share_within, window_of

_MIN_SIDE_PX = 16  # smaller shapes all look alike
_SMOOTHNESS_PX = 1.0  # how far an outline may be off, all along it
_TOLERANCE = 0.03  # and what else may differ, as a share of the shape
_MAX_DIFFERENCE = 0.12
_CIRCLE_RATIO = 0.93  # of the axes
_SHARP_CORNER = 0.06  # radius of a corner, as a share of the shorter side
_ROUND_CORNER = 0.4  # from here on a square is a circle
_MIN_HOLE_SHARE = 0.2  # of the shape with its holes filled
_MIN_MAIN_HOLE = 0.85  # share of all holes
_LINE_RATIO, _MIN_LINE_FILL = 14, 0.75  # of length to width; of the rectangle around it
_MAX_LINE_WIDTH = 0.035  # of the shorter side of the image
_MAX_HIDDEN, _MAX_HIDDEN_FLEXIBLE = 0.35, 0.1  # shares of a shape
_MAX_OFF_CENTRE = 0.1  # of a hole, as a share of the sides

_Box = tuple[tuple[float, float], tuple[float, float], float]
"""A rotated rectangle: centre, size, and angle in degrees, as in OpenCV."""


class ShapeKind(StrEnum):
    """A shape that can be told with confidence."""

    CIRCLE = "circle"
    ELLIPSE = "ellipse"
    RECTANGLE = "rectangle"
    ROUNDED_RECTANGLE = "rounded rectangle"
    TRIANGLE = "triangle"
    RING = "ring"
    FRAME = "frame"
    LINE = "line"


RECTANGULAR = frozenset({ShapeKind.RECTANGLE, ShapeKind.ROUNDED_RECTANGLE})
_ROUND = {ShapeKind.CIRCLE, ShapeKind.ELLIPSE}
_FLEXIBLE = {ShapeKind.ELLIPSE, ShapeKind.TRIANGLE}  # fit much of what is half hidden


def shape_kind(mask: Mask, covered: Mask) -> ShapeKind | None:
    """The kind of shape that `mask` (h, w) has; None if it is none of them, or too small to tell.

    `covered`: (h, w), what lies in front of it; there the shape may go on.
    """
    if not mask.any():
        return None
    window = window_of(bounding_box(mask), 2)
    own, hidden = mask[window], covered[window] & ~mask[window]
    _, sides, _ = frame = _box_around(own)
    if min(sides) < max(_MIN_SIDE_PX, _MAX_LINE_WIDTH * min(mask.shape)):
        is_full = np.count_nonzero(own) >= _MIN_LINE_FILL * sides[0] * sides[1]
        return ShapeKind.LINE if is_full and max(sides) >= _LINE_RATIO * min(sides) else None
    filled = _without_holes(own)
    outer, hole = _outer_kind(filled, hidden), _main_hole(own, filled, hidden)
    return outer if hole is None else _kind_around(hole, outer, frame)


def _kind_around(hole: Mask, outer: ShapeKind | None, frame: _Box) -> ShapeKind | None:
    """A ring or a frame, if the hole is in its middle. `frame`: the rectangle around it."""
    if np.abs(np.subtract(_box_around(hole)[0], frame[0])).max() > _MAX_OFF_CENTRE * max(frame[1]):
        return None
    if outer in _ROUND and _outer_kind(hole, np.zeros_like(hole)) in _ROUND:
        return ShapeKind.RING
    return ShapeKind.FRAME if outer in RECTANGULAR else None


def _without_holes(mask: Mask) -> Mask:
    """As `raster.fill_holes`, several times faster on shapes with smooth outlines."""
    outlines, _ = cv2.findContours(as_bytes(mask), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros(mask.shape, np.uint8)
    return np.asarray(cv2.drawContours(filled, outlines, -1, 1, cv2.FILLED)).view(np.bool_)


def _main_hole(own: Mask, filled: Mask, hidden: Mask) -> Mask | None:
    """The hole of a ring or a frame, with what lies in it; None if there is none, or more than one."""
    holes = filled & ~own
    if np.count_nonzero(holes & ~hidden) < _MIN_HOLE_SHARE * np.count_nonzero(filled):
        return None
    parts = components(holes)
    largest = int(parts.areas[1:].argmax()) + 1
    return parts.labels == largest if parts.areas[largest] >= _MIN_MAIN_HOLE * parts.areas[1:].sum() else None


def _outer_kind(filled: Mask, hidden: Mask) -> ShapeKind | None:
    """The kind of a shape without holes: the one that differs least from it, if little."""
    seen, area = ~hidden, np.count_nonzero(filled)
    outlines, _ = cv2.findContours(as_bytes(filled), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    length = sum(len(outline) for outline in outlines)
    best, least = None, min(_MAX_DIFFERENCE, _TOLERANCE + _SMOOTHNESS_PX * length / area)
    for kind, ideal in _ideals(filled, hidden):
        difference = np.count_nonzero((filled ^ ideal) & seen) / area
        limit = _MAX_HIDDEN_FLEXIBLE if kind in _FLEXIBLE else _MAX_HIDDEN
        if difference < least and share_within(ideal, hidden) <= limit:
            best, least = kind, difference
    return best


def _ideals(filled: Mask, hidden: Mask) -> Iterator[tuple[ShapeKind, Mask]]:
    """The shapes that it could be, in its tightest rectangle and, as parts of it may be hidden, in its upright one."""
    for frame in (_box_around(filled), _upright_box(filled)):
        shorter, longer = min(frame[1]), max(frame[1])
        is_round = shorter >= _CIRCLE_RATIO * longer
        yield ShapeKind.RECTANGLE, _rectangle(filled, frame)
        yield ShapeKind.CIRCLE if is_round else ShapeKind.ELLIPSE, _ellipse(filled, frame)
        radius = _corner_radius(filled, hidden, frame)
        if radius > _SHARP_CORNER * shorter and not (is_round and radius >= _ROUND_CORNER * shorter):
            yield ShapeKind.ROUNDED_RECTANGLE, _rectangle(filled, frame, radius)
    yield ShapeKind.TRIANGLE, _triangle(filled)


def _box_around(mask: Mask) -> _Box:
    """The smallest rectangle around a mask, rotated or not."""
    (x, y), (across, down), angle = cv2.minAreaRect(_outline_points(mask))
    return (float(x), float(y)), (float(across) + 1, float(down) + 1), float(angle)


def _upright_box(mask: Mask) -> _Box:
    x, y, width, height = bounding_box(mask)
    return (x + (width - 1) / 2, y + (height - 1) / 2), (float(width), float(height)), 0.0


def _outline_points(mask: Mask) -> NDArray[np.int32]:
    outlines, _ = cv2.findContours(as_bytes(mask), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.convexHull(np.concatenate(outlines)), np.int32)


def _ellipse(filled: Mask, frame: _Box) -> Mask:
    """The ellipse within the frame."""
    across, down = frame[1]
    turn = np.linspace(0, 2 * np.pi, 181)
    points = np.stack([(across - 1) / 2 * np.cos(turn), (down - 1) / 2 * np.sin(turn)], -1)
    return _painted(filled, _placed(points, frame))


def _rectangle(filled: Mask, frame: _Box, radius: float = 0.0) -> Mask:
    """The rectangle of the frame, with corners of that radius in pixels."""
    half = (frame[1][0] - 1) / 2 - radius, (frame[1][1] - 1) / 2 - radius
    quarter = np.linspace(0, np.pi / 2, 24)
    corners = [
        np.stack([np.cos(quarter + turn), np.sin(quarter + turn)], -1) * radius + (right * half[0], lower * half[1])
        for right, lower, turn in ((1, 1, 0.0), (-1, 1, np.pi / 2), (-1, -1, np.pi), (1, -1, 1.5 * np.pi))
    ]
    return _painted(filled, _placed(np.concatenate(corners), frame))


def _triangle(filled: Mask) -> Mask:
    """The smallest triangle around the shape; empty if it is much larger, or if OpenCV finds none."""
    _, corners = cv2.minEnclosingTriangle(_outline_points(filled).astype(np.float32))
    points = np.array(corners, np.float32)
    if points.size != 6 or cv2.contourArea(points) > (1 + _MAX_DIFFERENCE) * np.count_nonzero(filled):
        return np.zeros_like(filled)
    return _painted(filled, points.reshape(3, 2))


def _corner_radius(filled: Mask, hidden: Mask, frame: _Box) -> float:
    """The radius, in pixels, of corners that would leave out what the shape leaves out of its frame."""
    missing = np.count_nonzero(_rectangle(filled, frame) & ~filled & ~hidden)
    return min(float(np.sqrt(missing / (4 - np.pi))), min(frame[1]) / 2)


def _placed(points: NDArray[np.float64], frame: _Box) -> NDArray[np.float64]:
    """Points (n, 2) around the origin, turned and moved with the frame."""
    (x, y), _, angle = frame
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return points @ np.array([[cosine, sine], [-sine, cosine]]) + (x, y)


def _painted(like: Mask, polygon: NDArray[Any]) -> Mask:
    """(h, w) of `like`: the polygon (n, 2) filled."""
    canvas = np.zeros(like.shape, np.uint8)
    return np.asarray(cv2.fillPoly(canvas, [np.rint(polygon).astype(np.int32)], 1)).view(np.bool_)
