"""Converts the corners of a text line to an axis-aligned box with a rotation about its centre."""

import math

from lamina.core.layers import Point


def rotated_box(quad: tuple[Point, Point, Point, Point]) -> tuple[float, float, float, float, float]:
    """(left, top, width, height) in pixels before the rotation, and the clockwise angle in degrees."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = quad
    width = (math.hypot(bx - ax, by - ay) + math.hypot(cx - dx, cy - dy)) / 2
    height = (math.hypot(dx - ax, dy - ay) + math.hypot(cx - bx, cy - by)) / 2
    centre_x, centre_y = (ax + bx + cx + dx) / 4, (ay + by + cy + dy) / 4
    degrees = math.degrees(math.atan2(by - ay + cy - dy, bx - ax + cx - dx))
    return centre_x - width / 2, centre_y - height / 2, width, height, degrees
