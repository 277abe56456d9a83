"""Simple forms that what is seen of a layer may be a part of: rectangles, ellipses, convex hulls, mirror images.

Each is an alpha (h, w) in 0..1, or None if there is none.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.raster import Mask, Values, as_bytes
from lamina.stacks.completion.sight import Sight

_MAX_POINTS = 600
_MIN_POINTS = 12
_CORNER_SHARES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)  # radii of corners, of the shorter side
_CIRCLE_BONUS = 0.004  # of agreement
_MAX_DIAMETERS = 4  # of the window
_SEARCH_SIDE_PX = 96
_MIRROR_DEGREES = (0, 90, 45, 135)  # directions of axes; those of the shape itself are tried, too
_MIN_BOTH_SEEN = 0.8  # of the layer: with less of it and its mirror image in sight, a symmetry is not shown


def rectangle(sight: Sight) -> Values | None:
    """The rectangle, upright or turned, with or without round corners, that agrees best."""
    points = _points(sight.inside)
    if len(points) < _MIN_POINTS:
        return None
    x, y, width, height = cv2.boundingRect(points)
    upright = ((x + width / 2 - 0.5, y + height / 2 - 0.5), (float(width), float(height)), 0.0)
    (centre_x, centre_y), (across, down), degrees = cv2.minAreaRect(points)
    turned = ((centre_x, centre_y), (across + 1, down + 1), degrees)
    shapes = [
        _rounded_box(sight.inside.shape, box, share * min(box[1]))
        for box in (upright, turned)
        for share in _CORNER_SHARES
    ]
    return max(shapes, key=sight.agreement)


def ellipse(sight: Sight) -> Values | None:
    """The circle, or else the ellipse, through the contour that is seen."""
    rows, columns = np.nonzero(sight.contour)
    if len(rows) < _MIN_POINTS:
        return None
    step = max(1, len(rows) // _MAX_POINTS)
    points = np.stack([columns, rows], -1)[::step].astype(np.float32)
    round_one, long_one = (
        _drawn_ellipse(sight.inside.shape, fitted) for fitted in (_circle(points), cv2.fitEllipseDirect(points))
    )
    if round_one is None or long_one is None:
        return long_one if round_one is None else round_one
    # fewer parameters are less misled by the pixels
    is_round = sight.agreement(round_one) >= sight.agreement(long_one) - _CIRCLE_BONUS
    return round_one if is_round else long_one


def _circle(points: NDArray[np.float32]) -> tuple[Sequence[float], Sequence[float], float]:
    """The circle with the least squares of algebraic distances (Kasa, 1976), as an ellipse."""
    middle = points.mean(0)
    x, y = (points - middle).T.astype(np.float64)
    a, b, c = np.linalg.lstsq(np.stack([x, y, np.ones_like(x)], -1), x * x + y * y, rcond=None)[0]
    diameter = 2 * math.sqrt(max(0.0, c + a * a / 4 + b * b / 4))
    return (float(middle[0] + a / 2), float(middle[1] + b / 2)), (diameter, diameter), 0.0


def _drawn_ellipse(shape: tuple[int, ...], fitted: tuple[Sequence[float], Sequence[float], float]) -> Values | None:
    """The ellipse whose border pixels were fitted: centre, diameters, degrees. None if it is none."""
    (centre_x, centre_y), (across, down), degrees = fitted
    numbers = (centre_x, centre_y, across, down, degrees)
    if not all(math.isfinite(number) for number in numbers) or min(across, down) < 2:
        return None
    if max(across, down) > _MAX_DIAMETERS * max(shape):
        return None
    a, b = across / 2 + 0.5, down / 2 + 0.5
    x, y = _turned_grid(shape, (centre_x, centre_y), degrees)
    ratio = np.sqrt((x / a) ** 2 + (y / b) ** 2)
    slope = np.sqrt((x / a**2) ** 2 + (y / b**2) ** 2)
    return _filled(ratio * (ratio - 1) / np.maximum(slope, 1e-6))


def convex_hull(sight: Sight) -> Values | None:
    points = _points(sight.inside)
    if len(points) < 3:
        return None
    hull = np.zeros(sight.inside.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(points), 255, cv2.LINE_AA)
    return hull.astype(np.float32) / 255


@dataclass(frozen=True, slots=True, eq=False)
class Mirror:
    """`matrix`: (2, 3), maps pixels to their mirror images. `agreement`: 0..1, of the layer where both are seen."""

    matrix: NDArray[np.float64]
    agreement: float

    def of(self, values: Values) -> Values:
        """The mirror image of (h, w) or (h, w, c); 0 where it comes from outside."""
        height, width = values.shape[:2]
        return np.asarray(cv2.warpAffine(values, self.matrix, (width, height), flags=cv2.INTER_LINEAR), np.float32)


def mirror(sight: Sight) -> Mirror | None:
    """The axis about which what is seen is most symmetric."""
    height, width = sight.inside.shape
    scale = min(1.0, _SEARCH_SIDE_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    inside, known = sight.inside.astype(np.float32), sight.known.astype(np.float32)
    small, small_known = (
        np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32) for plane in (inside, known)
    )
    reach = math.hypot(*size)
    axes = [
        (degrees, float(offset))
        for degrees in (*_MIRROR_DEGREES, *_own_directions(sight.inside))
        for offset in np.arange(-reach / 2, reach / 2, 1.0)
    ]
    found = max((_tried(small, small_known, *axis) for axis in axes), key=lambda tried: tried[0], default=None)
    if found is None or found[0] <= 0:
        return None
    _, degrees, offset = found
    # the offset is exact only to a small pixel: it is searched again in the picture's own
    steps = np.linspace(-1.2, 1.2, 13) / scale if scale < 1 else np.array([-0.5, 0.0, 0.5])
    best = max(
        (_tried(inside, known, degrees, offset / scale + float(step)) for step in steps), key=lambda tried: tried[0]
    )
    return Mirror(_reflection(sight.inside.shape, best[1], best[2]), best[0])


def _tried(inside: Values, known: Values, degrees: float, offset: float) -> tuple[float, float, float]:
    """The agreement with the mirror image, for an axis of a direction at an offset from the centre; and these two."""
    height, width = inside.shape
    matrix = _reflection(inside.shape, degrees, offset)
    image, sees = (cv2.warpAffine(plane, matrix, (width, height)) for plane in (inside, known))
    weight = known * np.asarray(sees)
    common = float((np.minimum(inside, image) * weight).sum())
    if common < _MIN_BOTH_SEEN * float(inside.sum()):
        return 0.0, degrees, offset
    # a mirror image outside the window is not seen to be missing: it counts against the axis
    return common / max(float((np.maximum(inside, image) * weight).sum()), 1e-6), degrees, offset


def _reflection(shape: tuple[int, ...], degrees: float, offset: float) -> NDArray[np.float64]:
    """The reflection about the axis of a direction, `offset` pixels from the centre of the window."""
    height, width = shape[:2]
    normal = np.array([-math.sin(math.radians(degrees)), math.cos(math.radians(degrees))])
    linear = np.eye(2) - 2 * np.outer(normal, normal)
    through = np.array([(width - 1) / 2, (height - 1) / 2]) + offset * normal
    return np.concatenate([linear, (through - linear @ through)[:, None]], 1)


def _own_directions(inside: Mask) -> tuple[float, float]:
    """The directions of the principal axes of the mask, in degrees."""
    moments = cv2.moments(as_bytes(inside), binaryImage=True)
    degrees = math.degrees(0.5 * math.atan2(2 * moments["mu11"], moments["mu20"] - moments["mu02"]))
    return degrees, degrees + 90


def _rounded_box(
    shape: tuple[int, ...], box: tuple[tuple[float, float], tuple[float, float], float], radius: float
) -> Values:
    centre, (across, down), degrees = box
    x, y = _turned_grid(shape, centre, degrees)
    beyond_x, beyond_y = np.abs(x) - (across / 2 - radius), np.abs(y) - (down / 2 - radius)
    outside = np.hypot(np.maximum(beyond_x, 0), np.maximum(beyond_y, 0))
    return _filled(outside + np.minimum(np.maximum(beyond_x, beyond_y), 0) - radius)


def _turned_grid(shape: tuple[int, ...], centre: tuple[float, float], degrees: float) -> tuple[Values, Values]:
    """The coordinates of the pixels along the axes of a box that is turned clockwise."""
    rows, columns = np.indices(shape[:2], np.float32)
    right, down = columns - np.float32(centre[0]), rows - np.float32(centre[1])
    cosine, sine = np.float32(math.cos(math.radians(degrees))), np.float32(math.sin(math.radians(degrees)))
    return right * cosine + down * sine, down * cosine - right * sine


def _filled(distance: Values) -> Values:
    """The alpha of a form from the signed distances to its edge, negative inside."""
    return np.asarray(np.clip(0.5 - distance, 0, 1), np.float32)


def _points(mask: Mask) -> NDArray[np.int32]:
    """(n, 1, 2): the border pixels of all components."""
    outlines, _ = cv2.findContours(as_bytes(mask), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.concatenate(outlines).astype(np.int32) if outlines else np.zeros((0, 1, 2), np.int32)
