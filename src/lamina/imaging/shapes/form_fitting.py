"""Fits rectangles and ellipses to the coverage of a layer's pixels."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import Box
from lamina.imaging.shapes.drawing import distance
from lamina.imaging.shapes.shape import Form, FormKind, Values

Mask = NDArray[np.bool_]

_BAND_PX = 3  # beside the outline: there the coverage tells where it is
_MAX_POINTS = 5000
_ITERATIONS = 14
_STEPS = np.array([0.02, 0.02, 0.02, 0.02, 0.05, 0.02])
_SNAP_PX = 0.03
_MIN_RADIUS_PX = 0.75
_MAX_ERROR = 0.16  # root of the mean squared difference of the coverage
_WORSE, _SLACK = 1.15, 0.004  # a simpler form may fit so much worse
_MAX_MISSING = 0.07  # of the convex hull, which the forms fill
_UPRIGHT_DEGREES = 0.01
_SMALLEST_PART = 0.05  # of the largest one: smaller ones are remains of other things
_MAX_RATIO = 3.0  # of the sides of a fitted ellipse and those of what is seen


@dataclass(frozen=True, slots=True)
class _Outline:
    """The pixels beside an outline: their middles on the canvas, and how much of each is covered."""

    x: Values
    y: Values
    cover: Values

    def difference(self, form: Form) -> Values:
        return (0.5 - distance(form, self.x, self.y)).clip(0, 1) - self.cover

    def error(self, form: Form) -> float:
        return float(np.sqrt(np.mean(self.difference(form) ** 2))) if len(self.x) else 0.0


def fitted_forms(cover: Values, is_known: Mask, box: Box) -> Iterator[Form]:
    """The forms that may have this coverage, upright before turned ones, the simplest first.

    `cover` (h, w): 0..1. `is_known` (h, w): where it counts. `box`: the part of the canvas.
    """
    solid = (cover >= 0.5).astype(np.uint8)
    contours = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    if not contours:
        return
    largest = max(map(cv2.contourArea, contours))
    contours = [contour for contour in contours if cv2.contourArea(contour) >= _SMALLEST_PART * largest]
    parts = np.zeros_like(solid)
    cv2.drawContours(parts, contours, -1, (1,), cv2.FILLED)
    solid &= parts
    hull = cv2.convexHull(np.concatenate(contours))
    within = np.zeros_like(solid)
    cv2.fillConvexPoly(within, hull, (1,))
    missing = np.count_nonzero(within & ~solid.view(np.bool_) & is_known)
    if missing > _MAX_MISSING * np.count_nonzero(within) + cv2.arcLength(hull, closed=True) / 2:  # steps of pixels
        return
    outline = _outline(solid, cover, is_known, box)
    upright = [_refined(start, outline, is_turned=False) for start in _upright_starts(solid, box)]
    errors = [(outline.error(form), form) for form in upright]
    best = min(error for error, _ in errors)
    yield from (form for error, form in errors if error <= min(_MAX_ERROR, best * _WORSE + _SLACK))
    turned = [_refined(start, outline, is_turned=True) for start in _turned_starts(solid, hull, box)]
    errors = [(outline.error(form), form) for form in turned]
    closest = min((error for error, _ in errors), default=math.inf)
    if closest < best:
        yield from (form for error, form in errors if error <= min(_MAX_ERROR, closest * _WORSE + _SLACK))


def _outline(solid: NDArray[np.uint8], cover: Values, is_known: Mask, box: Box) -> _Outline:
    kernel = np.ones((2 * _BAND_PX + 1,) * 2, np.uint8)
    # Outside the window is as its margin is: a form that ends there has its outline within.
    band = np.asarray(cv2.morphologyEx(solid, cv2.MORPH_GRADIENT, kernel, borderType=cv2.BORDER_REPLICATE)) > 0
    rows, columns = np.nonzero((band | ((cover > 0.02) & (cover < 0.98))) & is_known)
    step = max(1, len(rows) // _MAX_POINTS)
    rows, columns = rows[::step], columns[::step]
    return _Outline(box[0] + columns + 0.5, box[1] + rows + 0.5, cover[rows, columns].astype(np.float64))


def _upright_starts(solid: NDArray[np.uint8], box: Box) -> Iterator[Form]:
    rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
    y0, y1, x0, x1 = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    width, height = float(x1 - x0), float(y1 - y0)
    x, y = box[0] + (x0 + x1) / 2, box[1] + (y0 + y1) / 2
    upright = Form(kind=FormKind.RECTANGLE, x=x, y=y, width=width, height=height)
    yield upright
    yield replace(upright, kind=FormKind.ELLIPSE)
    tried: list[float] = []
    for radius in (*_corner_radii(solid[y0:y1, x0:x1]), min(width, height) / 2 - 0.01):
        if radius >= 1 and all(abs(radius - other) > 2 for other in tried):
            tried.append(radius)
            yield replace(upright, radius=radius)


def _corner_radii(solid: NDArray[np.uint8]) -> Iterator[float]:
    """For each corner, the radius of the circle that the diagonal from there meets first."""
    side = min(solid.shape) // 2
    for corner in (solid, solid[::-1], solid[:, ::-1], solid[::-1, ::-1]):
        diagonal = corner[np.arange(side), np.arange(side)]
        steps = int(np.argmax(diagonal)) if diagonal.any() else side
        yield min(steps / (1 - math.sqrt(0.5)), side - 0.01)


def _turned_starts(solid: NDArray[np.uint8], hull: NDArray[Any], box: Box) -> Iterator[Form]:
    points = hull.astype(np.float32)
    _, sides, degrees = cv2.minAreaRect(points)
    angles = [_least_turned(sides[0], sides[1], degrees)[2], _main_axis(solid)]
    for number, angle in enumerate(angles):
        if abs(angle) <= _UPRIGHT_DEGREES or any(abs(angle - other) < 0.2 for other in angles[:number]):
            continue
        turned = _around(points[:, 0] + 0.5 + box[:2], angle)
        yield turned
        short = min(turned.width, turned.height)
        radii = {round(radius) for radius in (*_turned_radii(points[:, 0] + 0.5 + box[:2], turned), short / 2 - 0.01)}
        yield from (replace(turned, radius=float(radius)) for radius in sorted(radii) if 1 <= radius < short / 2)
    if len(points) >= 5:
        (x, y), sides, degrees = cv2.fitEllipse(points)
        width, height, degrees = _least_turned(sides[0], sides[1], degrees)
        # Points of a straight line, for example, lie on no ellipse.
        if min(width, height) > 1 and max(width, height) < _MAX_RATIO * max(solid.shape):
            place = {"x": box[0] + x + 0.5, "y": box[1] + y + 0.5, "width": width + 1, "height": height + 1}
            yield Form(kind=FormKind.ELLIPSE, degrees=degrees, **place)


def _main_axis(solid: NDArray[np.uint8]) -> float:
    """The direction in degrees, -45 to 45, of the axis of symmetry that is nearest to upright."""
    moments = cv2.moments(solid, binaryImage=True)
    spread = moments["mu20"] - moments["mu02"]
    return _least_turned(1, 1, math.degrees(math.atan2(2 * moments["mu11"], spread)) / 2)[2]


def _around(points: Values, degrees: float) -> Form:
    """The rectangle of this direction around (n, 2) middles of pixels."""
    turn = math.radians(degrees)
    axes = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    along = points @ axes.T
    low, high = along.min(0), along.max(0)
    x, y = (low + high) / 2 @ axes
    width, height = (float(side) + 1 for side in high - low)
    return Form(kind=FormKind.RECTANGLE, x=float(x), y=float(y), width=width, height=height, degrees=degrees)


def _turned_radii(points: Values, form: Form) -> Iterator[float]:
    """For each corner, the radius with which the points reach so far along the diagonal."""
    across, down = form.local(points[:, 0], points[:, 1])
    sharp = (form.width + form.height) / 2 / math.sqrt(2)
    for right, below in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        reach = float((right * across + below * down).max()) / math.sqrt(2) + 0.5
        yield (sharp - reach) / (math.sqrt(2) - 1)


def _least_turned(width: float, height: float, degrees: float) -> tuple[float, float, float]:
    """The same form, turned by -45 to 45 degrees."""
    quarters = round(degrees / 90)
    if quarters % 2:
        width, height = height, width
    return width, height, degrees - 90 * quarters


def _refined(start: Form, outline: _Outline, *, is_turned: bool) -> Form:
    """Levenberg and Marquardt's method on the difference of the coverage."""
    is_free = np.array([True, True, True, True, is_turned, start.radius > 0])
    now = np.array([start.x, start.y, start.width, start.height, start.degrees, start.radius])
    error, damping = outline.difference(start), 1e-3
    for _ in range(_ITERATIONS):
        slopes = np.stack(
            [(outline.difference(_form(start, now + step)) - error) / step.sum() for step in np.diag(_STEPS)[is_free]],
            axis=1,
        )
        normal = slopes.T @ slopes
        move = np.linalg.solve(normal + np.diag(damping * np.diag(normal) + 1e-6), -(slopes.T @ error))
        after = now.copy()
        after[is_free] += move
        tried = outline.difference(_form(start, after))
        if float(tried @ tried) < float(error @ error):
            now, error, damping = after, tried, damping / 4
            if float(np.abs(move).max()) < 1e-3:
                break
        else:
            damping *= 8
            if damping > 1e5:
                break
    return _snapped(_form(start, now))


def _form(start: Form, parameters: Values) -> Form:
    x, y, width, height, degrees, radius = (float(value) for value in parameters)
    width, height = max(width, 0.5), max(height, 0.5)
    radius = min(max(radius, 0.0), width / 2, height / 2)
    return replace(start, x=x, y=y, width=width, height=height, degrees=degrees, radius=radius)


def _snapped(form: Form) -> Form:
    """Sides on whole pixels where they nearly are; corners that are nearly sharp become sharp."""
    radius = form.radius if form.radius >= _MIN_RADIUS_PX else 0.0
    if form.degrees:
        return replace(form, radius=radius)
    left, top = _whole(form.x - form.width / 2), _whole(form.y - form.height / 2)
    right, bottom = _whole(form.x + form.width / 2), _whole(form.y + form.height / 2)
    place = {"x": (left + right) / 2, "y": (top + bottom) / 2, "width": right - left, "height": bottom - top}
    return replace(form, radius=min(radius, place["width"] / 2, place["height"] / 2), **place)


def _whole(value: float) -> float:
    return float(round(value)) if abs(value - round(value)) <= _SNAP_PX else value
