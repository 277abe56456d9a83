"""Outlines of simple shapes as points, of which all motifs and panels consist."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""(n, 2): x to the right, y downwards."""


def polygon(*corners: tuple[float, float]) -> Points:
    return np.array(corners, np.float64)


def box(x0: float, y0: float, x1: float, y1: float) -> Points:
    return polygon((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def rounded(x0: float, y0: float, x1: float, y1: float, radius: float) -> Points:
    """A rectangle whose corners are quarter circles of `radius`, at most half the shorter side."""
    r = min(radius, (x1 - x0) / 2, (y1 - y0) / 2)
    centres = ((x1 - r, y1 - r, 0), (x0 + r, y1 - r, 90), (x0 + r, y0 + r, 180), (x1 - r, y0 + r, 270))
    return np.concatenate([arc(x, y, r, r, start, start + 90, 12) for x, y, start in centres])


def ellipse(x: float, y: float, rx: float, ry: float | None = None, turn: float = 0) -> Points:
    """A whole ellipse, turned clockwise by `turn` degrees; a circle if `ry` is left out."""
    return turned(arc(x, y, rx, rx if ry is None else ry, 0, 360, 72)[:-1], turn, (x, y))


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float, steps: int = 36) -> Points:
    """From `start` to `end` degrees, clockwise from the right, both ends included."""
    angles = np.radians(np.linspace(start, end, steps + 1))
    return np.stack([x + rx * np.cos(angles), y + ry * np.sin(angles)], 1)


def star(x: float, y: float, outer: float, inner: float, spikes: int, turn: float = 0) -> Points:
    angles = np.radians(turn - 90 + np.arange(2 * spikes) * 180 / spikes)
    radii = np.where(np.arange(2 * spikes) % 2 == 0, outer, inner)
    return np.stack([x + radii * np.cos(angles), y + radii * np.sin(angles)], 1)


def curve(knots: Sequence[tuple[float, float]], is_closed: bool = True, steps: int = 10) -> Points:
    """A smooth line through the knots (Catmull-Rom with tension 0.5)."""
    p = np.array(knots, np.float64)
    around = np.concatenate([p[-1:], p, p[:2]]) if is_closed else np.concatenate([p[:1], p, p[-1:]])
    t = (np.arange(steps) / steps)[:, None]
    pieces: list[Points] = []
    for a, b, c, d in zip(around, around[1:], around[2:], around[3:], strict=False):
        pieces.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    if not is_closed:
        pieces.append(p[-1:])
    return np.concatenate(pieces)


def heart(x: float, y: float, size: float) -> Points:
    """About `size` to each side of the centre."""
    t = np.linspace(0, 2 * np.pi, 80, endpoint=False)
    across = 16 * np.sin(t) ** 3
    up = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.stack([x + across / 16 * size, y - (up + 2.5) / 15 * size], 1)


def turned(points: Points, degrees: float, about: tuple[float, float] = (0, 0)) -> Points:
    """The points turned clockwise about a centre."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return (points - about) @ np.array([[cos, sin], [-sin, cos]]) + about
