"""Affine transforms of layers on the canvas, which are kept until a stack is rendered."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

_SAME_WITHIN = 1e-9


@dataclass(frozen=True, slots=True)
class Transform:
    """x' = a x + c y + e and y' = b x + d y + f, in canvas pixels; the letters are those of SVG's matrix()."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 1.0
    e: float = 0.0
    f: float = 0.0

    @classmethod
    def shift(cls, right: float, down: float) -> Self:
        return cls(e=right, f=down)

    @classmethod
    def scale(cls, across: float, down: float, about: tuple[float, float]) -> Self:
        """Scaled by two factors, of which a negative one mirrors; the point `about` stays in place."""
        x, y = about
        return cls(a=across, d=down, e=x - across * x, f=y - down * y)

    @classmethod
    def rotation(cls, degrees: float, about: tuple[float, float]) -> Self:
        """Turned clockwise around the point `about`."""
        x, y = about
        quarters, rest = divmod(degrees, 90)
        if rest == 0:  # exactly, so that no pixel is resampled
            cosine, sine = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[int(quarters) % 4]
        else:
            cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        return cls(cosine, sine, -sine, cosine, x - cosine * x + sine * y, y - sine * x - cosine * y)

    def then(self, later: "Transform") -> "Transform":
        """This transform followed by another one."""
        return Transform(
            later.a * self.a + later.c * self.b,
            later.b * self.a + later.d * self.b,
            later.a * self.c + later.c * self.d,
            later.b * self.c + later.d * self.d,
            later.a * self.e + later.c * self.f + later.e,
            later.b * self.e + later.d * self.f + later.f,
        )

    def of(self, x: float, y: float) -> tuple[float, float]:
        """Where a point goes."""
        return self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f

    def bounds(self, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        """The smallest upright box (x, y, width, height) around a transformed one."""
        x, y, width, height = box
        corners = [self.of(*corner) for corner in ((x, y), (x + width, y), (x, y + height), (x + width, y + height))]
        return bounding_box(corners)

    @property
    def is_identity(self) -> bool:
        return self == IDENTITY

    @property
    def scales(self) -> tuple[float, float]:
        """The lengths that the unit vectors along x and y get."""
        return math.hypot(self.a, self.b), math.hypot(self.c, self.d)

    @property
    def degrees(self) -> float:
        """How far the x axis turns, clockwise, -180..180."""
        return math.degrees(math.atan2(self.b, self.a))

    @property
    def is_on_grid(self) -> bool:
        """True if pixels go to pixels: a shift by whole pixels, with quarter turns or mirrored."""
        matrix = (self.a, self.b, self.c, self.d)
        return all(abs(number - round(number)) < _SAME_WITHIN for number in (*matrix, self.e, self.f)) and (
            sorted(abs(round(number)) for number in matrix) == [0, 0, 1, 1]
        )


IDENTITY = Transform()


def bounding_box(points: Iterable[tuple[float, float]]) -> tuple[float, float, float, float]:
    """x, y, width and height of the smallest upright box around points."""
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)
