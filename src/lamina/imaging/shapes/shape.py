"""The shapes that vector formats can contain instead of pictures: their forms, fills and borders."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lamina.core.text_styles import Colour

Values = NDArray[np.floating[Any]]

_LINE_PX, _LINE_RATIO = 10.0, 8.0  # a rectangle that is at most so thick, and at least so many times as long, is a line
_SAME_PX = 0.5


class FormKind(StrEnum):
    """The kinds of closed outlines."""

    RECTANGLE = "rectangle"
    ELLIPSE = "ellipse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A closed outline, in pixels of the canvas.

    `x`, `y`: its middle. `radius`: of the corners of a rectangle. `degrees`: by which it is turned clockwise about its
    middle.
    """

    kind: FormKind
    x: float
    y: float
    width: float
    height: float
    radius: float = 0.0
    degrees: float = 0.0

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """The left, top, right and bottom of the upright rectangle around it."""
        turn = np.radians(self.degrees)
        cos, sin = abs(float(np.cos(turn))), abs(float(np.sin(turn)))
        across, down = (self.width * cos, self.height * sin), (self.width * sin, self.height * cos)
        if self.kind is FormKind.ELLIPSE:
            half_width, half_height = float(np.hypot(*across)) / 2, float(np.hypot(*down)) / 2
        else:
            half_width, half_height = sum(across) / 2, sum(down) / 2
        return self.x - half_width, self.y - half_height, self.x + half_width, self.y + half_height

    @property
    def name(self) -> str:
        """What users call it if it is filled."""
        if self.kind is FormKind.ELLIPSE:
            return "circle" if abs(self.width - self.height) <= _SAME_PX else "ellipse"
        short, long = sorted((self.width, self.height))
        if short <= _LINE_PX and long >= _LINE_RATIO * short:
            return "line"
        return "rounded rectangle" if self.radius else "rectangle"

    def inset(self, distance_px: float) -> Self:
        """The outline of the same kind whose sides are so much further inside."""
        width, height = self.width - 2 * distance_px, self.height - 2 * distance_px
        return replace(self, width=width, height=height, radius=max(0.0, self.radius - distance_px))

    def local(self, x: Values, y: Values) -> tuple[Values, Values]:
        """Places of the canvas from the middle, along the width and along the height."""
        if not self.degrees:
            return x - self.x, y - self.y
        turn = np.radians(self.degrees)
        right, down = x - self.x, y - self.y
        return right * np.cos(turn) + down * np.sin(turn), down * np.cos(turn) - right * np.sin(turn)


@dataclass(frozen=True, slots=True)
class Stop:
    """A colour of a gradient. `offset`: its place from the gradient's start (0) to its end (1)."""

    offset: float
    colour: Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearGradient:
    """`degrees`: 0 along the width of the form, 90 along its height; it ends where the corners of its box are."""

    stops: tuple[Stop, ...]
    degrees: float

    def reach(self, form: Form) -> float:
        """From the middle to the end, in pixels."""
        turn = np.radians(self.degrees)
        return float(abs(form.width * np.cos(turn)) + abs(form.height * np.sin(turn))) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RadialGradient:
    """Circles about a place `across` and `down` from the middle of the form; `radius`: where it ends, in pixels."""

    stops: tuple[Stop, ...]
    across: float
    down: float
    radius: float


Fill = Colour | LinearGradient | RadialGradient
"""One colour or a gradient."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Residual:
    """How the redrawn layer differs from its picture where it is seen, in levels of 0..255.

    `inside`: the largest difference away from edges. `edges`: the mean difference on edges.
    """

    inside: int
    edges: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeShape:
    """A filled form, perhaps with a border within it, or only the border: a ring or a frame.

    `fill`: None if the inside is empty. `inner`: the inner edge of the border; None if there is no border. `opacity`:
    0..255, without that of the layer.
    """

    form: Form
    fill: Fill | None
    inner: Form | None = None
    border: Fill | None = None
    opacity: int = 255

    @property
    def border_px(self) -> float | None:
        """The thickness of the border; None if there is none, or it is not the same all around."""
        form, inner = self.form, self.inner
        if inner is None or inner.kind is not form.kind:
            return None
        thickness = (form.width - inner.width + form.height - inner.height) / 4
        wanted = form.inset(thickness)
        offsets = [inner.x - wanted.x, inner.y - wanted.y, inner.width - wanted.width, inner.height - wanted.height]
        if form.kind is FormKind.RECTANGLE:
            offsets.append((inner.radius - wanted.radius) * 0.4)  # corners are 0.41 of it apart along the diagonal
        elif abs(form.width - form.height) > _SAME_PX and self.fill is not None:
            return None  # what a pen draws along an ellipse has no elliptical edges
        is_parallel = abs(form.degrees - inner.degrees) * max(form.width, form.height) < 90 * _SAME_PX
        return thickness if is_parallel and max(map(abs, offsets)) <= _SAME_PX / 2 else None

    @property
    def name(self) -> str:
        """What users call it, such as "rounded rectangle" or "circle with outline"."""
        if self.fill is None:
            return "ring" if self.form.kind is FormKind.ELLIPSE else "frame"
        return f"{self.form.name} with outline" if self.border is not None else self.form.name
