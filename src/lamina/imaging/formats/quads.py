"""The four corners of a line of text as an upright box that is turned about its middle."""

import math

from lamina.core.layers import Point


def upright_box(quad: tuple[Point, Point, Point, Point]) -> tuple[float, float, float, float, float]:
    """(left, top, width, height) in pixels before turning, and the clockwise turn in degrees."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = quad
    width = (math.hypot(bx - ax, by - ay) + math.hypot(cx - dx, cy - dy)) / 2
    height = (math.hypot(dx - ax, dy - ay) + math.hypot(cx - bx, cy - by)) / 2
    middle_x, middle_y = (ax + bx + cx + dx) / 4, (ay + by + cy + dy) / 4
    degrees = math.degrees(math.atan2(by - ay + cy - dy, bx - ax + cx - dx))
    return middle_x - width / 2, middle_y - height / 2, width, height, degrees
