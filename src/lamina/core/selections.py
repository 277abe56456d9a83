"""Places in a picture that a user points at, so that what is there becomes a layer of its own."""

from dataclasses import dataclass, replace
from enum import StrEnum

from lamina.core.errors import ErrorCode, LaminaError

MAX_NAME_LENGTH = 200
MAX_COORDINATE = 1e6


class Unit(StrEnum):
    """The unit of coordinates: pixels of the picture, or shares 0..1 of its width and height."""

    PIXELS = "pixels"
    SHARES = "shares"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A point, or a box if it has a width and a height; from the top left of the picture.

    Raises `LaminaError` (task_invalid) for a box without an area, and for shares outside the picture.
    """

    x: float
    y: float
    width: float = 0.0
    height: float = 0.0
    unit: Unit = Unit.PIXELS

    def __post_init__(self) -> None:
        if min(self.width, self.height) < 0 or (self.width == 0) != (self.height == 0):
            raise _without_area(self.width, self.height)
        if self.unit is Unit.SHARES:
            self._check_within(1, 1)

    @classmethod
    def box(cls, x: float, y: float, size: tuple[float, float], unit: Unit = Unit.PIXELS) -> "Place":
        """A box of the width and height `size`; raises `LaminaError` (task_invalid) if it is only a point."""
        width, height = size
        if not (width and height):
            raise _without_area(width, height)
        return cls(x=x, y=y, width=width, height=height, unit=unit)

    def __str__(self) -> str:
        numbers = (self.x, self.y) if self.is_point else (self.x, self.y, self.width, self.height)
        if self.unit is Unit.SHARES:
            return ",".join(f"{100 * number:g}%" for number in numbers)
        return ",".join(f"{number:g}" for number in numbers)

    @property
    def is_point(self) -> bool:
        return self.width == 0

    def in_pixels(self, width: int, height: int) -> "Place":
        """The same in pixels of a picture of that size. Raises `LaminaError` (task_invalid) outside the picture."""
        if self.unit is Unit.PIXELS:
            self._check_within(width, height)
            return self
        return Place(x=self.x * width, y=self.y * height, width=self.width * width, height=self.height * height)

    def scaled(self, across: float, down: float) -> "Place":
        """The same in a picture that is resized by these factors."""
        return replace(self, x=self.x * across, y=self.y * down, width=self.width * across, height=self.height * down)

    def _check_within(self, width: float, height: float) -> None:
        """NaN is outside."""
        right, bottom = self.x + self.width, self.y + self.height
        if 0 <= self.x <= right <= width and 0 <= self.y <= bottom <= height:
            return
        kind = "point" if self.is_point else "box"
        size = f"{width:g} x {height:g} pixels" if self.unit is Unit.PIXELS else "100% x 100%"
        raise _invalid(f"The {kind} {self} is outside the picture of {size}.", "Give coordinates within the picture.")


@dataclass(frozen=True, slots=True)
class Selection:
    """What becomes a layer of its own: the thing that fills a box, or the thing at a point.

    `name`: of the layer; empty for the engine's own.
    """

    place: Place
    name: str = ""

    def __post_init__(self) -> None:
        if len(self.name) > MAX_NAME_LENGTH:
            raise _invalid(
                f"The name of the selection {self.place} has {len(self.name)} characters.",
                f"Give at most {MAX_NAME_LENGTH}.",
            )


def _without_area(width: float, height: float) -> LaminaError:
    return _invalid(f"A box of {width:g} x {height:g} has no area.", "Give a width and a height above 0.")


def _invalid(message: str, hint: str) -> LaminaError:
    return LaminaError(ErrorCode.TASK_INVALID, message, hint)
