"""Places lines of text in the coordinate system of their own direction, in which they are horizontal."""

import math
from dataclasses import dataclass

from lamina.core.layers import Point, Quad


@dataclass(frozen=True, slots=True)
class TextFrame:
    """The canvas rotated about its origin, so that text with this clockwise rotation is horizontal."""

    degrees: float

    def along(self, point: Point) -> float:
        """The position of a canvas point in the direction of the text, in pixels."""
        turn = math.radians(self.degrees)
        return point[0] * math.cos(turn) + point[1] * math.sin(turn)

    def across(self, point: Point) -> float:
        """The position of a canvas point from line to line, in pixels."""
        turn = math.radians(self.degrees)
        return point[1] * math.cos(turn) - point[0] * math.sin(turn)

    def canvas_point(self, along: float, across: float) -> Point:
        """The point on the canvas with this position."""
        turn = math.radians(self.degrees)
        return along * math.cos(turn) - across * math.sin(turn), along * math.sin(turn) + across * math.cos(turn)

    def box(self, quad: Quad) -> "LineBox":
        """The extents of a line of text."""
        a, b, c, d = quad
        return LineBox(
            left=(self.along(a) + self.along(d)) / 2,
            right=(self.along(b) + self.along(c)) / 2,
            top=(self.across(a) + self.across(b)) / 2,
            bottom=(self.across(c) + self.across(d)) / 2,
        )

    def quad(self, box: "LineBox") -> Quad:
        """The corners of a line of text on the canvas."""
        return (
            self.canvas_point(box.left, box.top),
            self.canvas_point(box.right, box.top),
            self.canvas_point(box.right, box.bottom),
            self.canvas_point(box.left, box.bottom),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LineBox:
    """The extents of a line of text in its frame, in pixels."""

    left: float
    right: float
    top: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    def shifted(self, right: float, down: float) -> "LineBox":
        """The box, moved."""
        return LineBox(left=self.left + right, right=self.right + right, top=self.top + down, bottom=self.bottom + down)


def direction_of(quad: Quad) -> float:
    """The clockwise rotation of a line of text, in degrees from -180 to 180."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = quad
    return math.degrees(math.atan2(by - ay + cy - dy, bx - ax + cx - dx))
