"""Finds the circle that bent text follows, and straightens the text."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.raster import Mask, Values, components
from lamina.engines.classic.text_styles.upright import UprightText
from lamina.typesetting.frames import LineBox

_MIN_LETTERS = 6
_MIN_SAGITTA = 0.1  # of the height of the letters
_BETTER = 1.25  # of the contrast of rows: how much more text on a circle must have on it than on a straight line
_TURNS = np.arange(-6.0, 6.25, 0.5)  # degrees of straight lines
_FACTORS = np.linspace(0.6, 1.6, 21)  # of the radius of the circle through the middles of the letters
_SAGITTAS = np.array([-1.4, -1.0, -0.7, -0.5, -0.35, -0.25, -0.15, 0.15, 0.25, 0.35, 0.5, 0.7, 1.0, 1.4])
_MAX_SPAN = 300.0  # degrees
_MAX_POINTS = 20_000
_SLIM = 0.3  # of the height of most letters: smaller parts are dots and commas
_ROOM = 1.2  # height of the straightened text beside its middle line, in heights of its letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Bend:
    """A circle through the middles of the letters, in pixels of an upright part.

    `radius`: positive if the centre is below the text. `middle`: where the middle of the text is, in degrees to the
    right of the top of the circle, or of its bottom if the radius is negative. `span`: of the text, in degrees.
    `height`: of the letters.
    """

    x: float
    y: float
    radius: float
    middle: float
    span: float
    height: float

    @property
    def sign(self) -> float:
        return math.copysign(1.0, self.radius)

    @property
    def turn(self) -> float:
        """The rotation of the middle of the text, in degrees clockwise."""
        return self.sign * self.middle

    def point(self, along: Values, across: Values) -> tuple[Values, Values]:
        """x and y of what is `along` the circle from the middle of the text, and `across` it, downwards."""
        radius = abs(self.radius)
        angle, distance = np.radians(self.middle) + along / radius, radius - self.sign * across
        return self.x + distance * np.sin(angle), self.y - self.sign * distance * np.cos(angle)


def find_bend(letters: Mask) -> Bend | None:
    """The bend of one line of text (h, w) that is about horizontal in the middle; None if it is straight.

    The circle is that on which the numbers of pixels differ most from row to row, as between and within letters.
    """
    parts = components(letters)
    boxes = parts.boxes[1:].astype(float)
    if len(boxes) < _MIN_LETTERS:
        return None
    height = float(np.median(boxes[boxes[:, 3] >= 0.5 * boxes[:, 3].max(), 3]))
    boxes = boxes[boxes[:, 3] >= max(2.0, _SLIM * height)]
    if len(boxes) < _MIN_LETTERS:
        return None
    middles = boxes[:, :2] + boxes[:, 2:] / 2
    points = np.argwhere(letters)[:, ::-1].astype(np.float64) + 0.5
    points = points[:: max(1, len(points) // _MAX_POINTS)]
    circles = [*_circles_through(middles), *_flat_circles(middles, height)]
    contrasts = [_contrast(np.hypot(points[:, 0] - x, points[:, 1] - y)) for x, y, _ in circles]
    turns = np.radians(_TURNS)
    straight = max(_contrast(points[:, 1] * math.cos(turn) - points[:, 0] * math.sin(turn)) for turn in turns)
    best = int(np.argmax(contrasts))
    if contrasts[best] < _BETTER * straight:
        return None
    x, y, _ = circles[best]
    return _bend(middles, x, y, height)


def _bend(middles: NDArray[np.float64], x: float, y: float, height: float) -> Bend | None:
    """The bend on a circle; None if it is slight, or if the text goes around most of the circle."""
    sign = math.copysign(1.0, y - float(middles[:, 1].mean()))
    angles = np.degrees(np.arctan2(middles[:, 0] - x, sign * (y - middles[:, 1])))
    first, last = float(angles.min()), float(angles.max())
    radius = float(np.median(np.hypot(middles[:, 0] - x, middles[:, 1] - y)))
    sagitta = radius * (1 - math.cos(math.radians(min(180.0, last - first) / 2)))
    if sagitta < _MIN_SAGITTA * height or last - first > _MAX_SPAN:
        return None
    letter_span = math.degrees(height / radius)
    return Bend(
        x=x,
        y=y,
        radius=sign * radius,
        middle=(first + last) / 2,
        span=last - first + 2 * letter_span,
        height=height,
    )


_Circle = tuple[float, float, float]
"""x and y of the centre, and radius."""


def _circles_through(middles: NDArray[np.float64]) -> list[_Circle]:
    """The circle through the middles of the letters, and others that touch it at the middle of the text."""
    x, y, radius = _fitted_circle(middles)
    offset = middles.mean(0) - (x, y)
    distance = float(np.hypot(*offset))
    if distance < 1e-6 or not np.isfinite(radius):
        return []
    right, down = offset / distance
    touch_x, touch_y = x + radius * right, y + radius * down
    return [
        (touch_x - factor * radius * right, touch_y - factor * radius * down, factor * radius)
        for factor in _FACTORS.tolist()
    ]


def _flat_circles(middles: NDArray[np.float64], height: float) -> list[_Circle]:
    """Circles of slight bends, which the middles of letters tell less exactly. `height`: of the letters."""
    low, high = middles.min(0), middles.max(0)
    middle_x, middle_y = (low + high) / 2
    radii = (high[0] - low[0]) ** 2 / (8 * _SAGITTAS * height)
    return [(float(middle_x), float(middle_y + radius), abs(float(radius))) for radius in radii]


def _contrast(distances: NDArray[np.float64]) -> float:
    """How much the number of pixels differs from row to row, if these are their distances from a line or a centre."""
    counts = np.bincount(np.round(distances - distances.min()).astype(np.int64)).astype(np.float64)
    return float((np.diff(counts, prepend=0, append=0) ** 2).sum())


def _fitted_circle(points: NDArray[np.float64]) -> _Circle:
    """The circle through points (Kåsa, 1976)."""
    system = np.column_stack([2 * points, np.ones(len(points))])
    (x, y, rest), *_ = np.linalg.lstsq(system, (points**2).sum(1), rcond=None)
    return float(x), float(y), math.sqrt(max(1e-6, rest + x * x + y * y))


def straightened(upright: UprightText, bend: Bend) -> UprightText:
    """The text along its circle. Its frame has the middle of the text at 0, 0, in canvas pixels along and across."""
    radius = abs(bend.radius)
    half_length = math.radians(bend.span) * radius / 2
    half_height = _ROOM * bend.height
    along = np.arange(-half_length, half_length) + 0.5
    across = np.arange(-half_height, half_height) + 0.5
    x, y = bend.point(along[None], across[:, None])
    maps = (x - 0.5).astype(np.float32), (y - 0.5).astype(np.float32)
    pixels = cv2.remap(upright.pixels, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    scale = upright.scale
    return UprightText(
        pixels=np.asarray(pixels, np.float32), scale=scale, left=-half_length / scale, top=-half_height / scale
    )


def enclosing_box(box: LineBox, radius: float) -> LineBox:
    """The extents of bent text around the middle of its middle line. `box`: of the straightened text, in its frame."""
    size, sign = abs(radius), math.copysign(1.0, radius)
    half_angle = min(math.pi / 2, box.width / 2 / size)
    outer = size - sign * (box.top if sign > 0 else box.bottom)
    half_width = outer * math.sin(half_angle)
    sagitta = size * (1 - math.cos(half_angle))
    if sign > 0:
        bottom = max(box.bottom, sagitta + box.bottom * math.cos(half_angle))
        return LineBox(left=-half_width, right=half_width, top=box.top, bottom=bottom)
    top = min(box.top, box.top * math.cos(half_angle) - sagitta)
    return LineBox(left=-half_width, right=half_width, top=top, bottom=box.bottom)
