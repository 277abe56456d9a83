"""Layers and layer stacks: what every engine returns and every export writes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import takewhile
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.provenance import Provenance
from lamina.core.text_styles import Colour, TextStyle

Pixels = NDArray[np.uint8]
"""8-bit samples: (height, width, 4) RGBA with straight alpha, or (height, width, 3) RGB."""

Box = tuple[int, int, int, int]
"""A rectangle on the canvas in pixels: x, y, width, height."""

MAX_GROUP_DEPTH = 64
"""The most groups that a layer may be in; Photoshop allows 10."""

Point = tuple[float, float]

Quad = tuple[Point, Point, Point, Point]
"""The corners of a line of text, clockwise from the text's own top left."""


class LayerKind(StrEnum):
    """What a layer shows."""

    BACKGROUND = "background"
    TEXT = "text"
    OBJECT = "object"
    PANEL = "panel"
    AREA = "area"
    SMALL = "small"


class BlendMode(StrEnum):
    """How a layer's colour is blended with the colour below (W3C Compositing and Blending Level 1, separable modes)."""

    NORMAL = "normal"
    MULTIPLY = "multiply"
    SCREEN = "screen"
    OVERLAY = "overlay"
    DARKEN = "darken"
    LIGHTEN = "lighten"
    COLOR_DODGE = "color-dodge"
    COLOR_BURN = "color-burn"
    HARD_LIGHT = "hard-light"
    SOFT_LIGHT = "soft-light"
    DIFFERENCE = "difference"
    EXCLUSION = "exclusion"


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of text in a layer.

    `string`: the text; empty if the line was detected but not recognized, as in many scripts. `quad`: the corners on
    the canvas in pixels, clockwise from the text's own top left. `colour`: sRGB, 0..255. `size_px`: the em size in
    pixels.
    """

    string: str
    quad: Quad
    colour: Colour
    size_px: float

    def moved(self, right: float, down: float) -> Self:
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = self.quad
        quad = (ax + right, ay + down), (bx + right, by + down), (cx + right, cy + down), (dx + right, dy + down)
        return replace(self, quad=quad)


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """A group of layers, or of groups, that follow each other in a stack.

    It is a pass-through group: it names, hides and locks its members, and does not change how they composite.
    Groups are compared by identity, so that two groups may have the same name.
    """

    name: str
    kind: LayerKind = LayerKind.OBJECT
    is_hidden: bool = False
    is_locked: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A named rectangle of straight-alpha pixels at an offset on the canvas.

    `pixels`: (height, width, 4) uint8, made read-only. `left`, `top`: the offset in canvas pixels, may be negative.
    `opacity`: 0..255, multiplies the alpha. `is_hidden`, `is_locked`: of the layer itself, whatever its groups are.
    `text`: the lines of a text layer, top first. `style`: their appearance; None if it was not measured.
    `groups`: those that contain the layer, outermost first.
    """

    name: str
    kind: LayerKind
    pixels: Pixels = field(repr=False)
    left: int = 0
    top: int = 0
    opacity: int = 255
    is_hidden: bool = False
    is_locked: bool = False
    blend: BlendMode = BlendMode.NORMAL
    text: tuple[TextLine, ...] = ()
    style: TextStyle | None = None
    groups: tuple[Group, ...] = ()

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 4 or self.pixels.dtype != np.uint8:
            raise LaminaError(
                ErrorCode.STACK_INVALID,
                f"Layer {self.name!r} has pixels of shape {self.pixels.shape} and type {self.pixels.dtype}.",
                "Give (height, width, 4) uint8.",
            )
        if 0 in self.pixels.shape:
            raise LaminaError(ErrorCode.STACK_INVALID, f"Layer {self.name!r} has no pixels.", "Remove it.")
        if not 0 <= self.opacity <= 255:
            raise LaminaError(
                ErrorCode.STACK_INVALID, f"Layer {self.name!r} has opacity {self.opacity}.", "Give 0 to 255."
            )
        self.pixels.flags.writeable = False

    @property
    def width(self) -> int:
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        return self.pixels.shape[0]

    @property
    def box(self) -> Box:
        return self.left, self.top, self.width, self.height

    @property
    def is_visible(self) -> bool:
        """True if neither the layer nor a group around it is hidden."""
        return not (self.is_hidden or any(group.is_hidden for group in self.groups))

    @property
    def says(self) -> str:
        """The recognized text, line by line; empty if there is none."""
        return "\n".join(line.string for line in self.text if line.string)

    @property
    def is_read(self) -> bool:
        """True if all lines of a text layer were recognized, so that it can become live text."""
        return bool(self.text) and all(line.string for line in self.text)

    def cropped(self) -> Self:
        """The same layer cropped to its pixels with alpha > 0 (1x1 if there are none)."""
        covered = self.pixels[..., 3] > 0
        rows, columns = np.flatnonzero(covered.any(1)), np.flatnonzero(covered.any(0))
        if rows.size == 0:
            return replace(self, pixels=self.pixels[:1, :1].copy())
        y0, y1, x0, x1 = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
        if (y1 - y0, x1 - x0) == covered.shape:
            return self
        pixels = self.pixels[y0:y1, x0:x1].copy()
        return replace(self, pixels=pixels, left=self.left + int(x0), top=self.top + int(y0))

    def moved(self, right: int, down: int) -> Self:
        """The same layer, with its text, moved by whole pixels."""
        text = tuple(line.moved(right, down) for line in self.text)
        return replace(self, left=self.left + right, top=self.top + down, text=text)

    def overlaps(self, other: "Layer") -> bool:
        """True if there is a pixel of the canvas in which neither layer is fully transparent."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right = min(self.left + self.width, other.left + other.width)
        bottom = min(self.top + self.height, other.top + other.height)
        if right <= left or bottom <= top:
            return False
        mine, theirs = (
            layer.pixels[top - layer.top : bottom - layer.top, left - layer.left : right - layer.left, 3] > 0
            for layer in (self, other)
        )
        return bool((mine & theirs).any())

    def on_canvas(self, width: int, height: int) -> Pixels:
        """(height, width, 4): the layer's pixels on a transparent canvas, without its opacity."""
        canvas = np.zeros((height, width, 4), np.uint8)
        x0, y0 = max(0, self.left), max(0, self.top)
        x1, y1 = min(width, self.left + self.width), min(height, self.top + self.height)
        if x0 < x1 and y0 < y1:
            canvas[y0:y1, x0:x1] = self.pixels[y0 - self.top : y1 - self.top, x0 - self.left : x1 - self.left]
        return canvas

    def has_same_content(self, other: "Layer") -> bool:
        """True if name, kind, position, attributes, text and pixels are equal; colour is ignored where alpha is 0."""
        return self._attributes() == other._attributes() and have_same_pixels(self.pixels, other.pixels)

    def _attributes(self) -> tuple[object, ...]:
        switches = (self.opacity, self.is_hidden, self.is_locked, self.blend)
        return (self.name, self.kind, self.box, *switches, self.text, self.style)


@dataclass(frozen=True, slots=True, eq=False)
class LayerStack:
    """The layers of one picture, bottom first, on a canvas of `width` x `height` pixels.

    The members of a group follow each other. `notes`: sentences for the user from the engine or the file's reader.
    `made`: how a model made it. `is_flagged`: the safety checker has blackened it. `edited_by`: the models that have
    changed layers since then. None of these four is part of the content.
    """

    width: int
    height: int
    layers: tuple[Layer, ...]
    notes: tuple[str, ...] = ()
    made: Provenance | None = None
    is_flagged: bool = False
    edited_by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise LaminaError(ErrorCode.STACK_INVALID, f"The canvas is {self.width} x {self.height} pixels.")
        self._check_groups()

    def _check_groups(self) -> None:
        """Raises `LaminaError` (stack_invalid) if groups are nested too deep, or have other layers between members."""
        for layer in self.layers:
            if len(layer.groups) > MAX_GROUP_DEPTH:
                raise LaminaError(
                    ErrorCode.STACK_INVALID,
                    f"The layer {layer.name!r} is in {len(layer.groups)} groups; the limit is {MAX_GROUP_DEPTH}.",
                    "Ungroup some of them.",
                )
        apart = separated_member([layer.groups for layer in self.layers])
        if apart is not None:
            raise LaminaError(
                ErrorCode.STACK_INVALID,
                f"The layer {self.layers[apart].name!r} is not next to the other members of its group.",
                "Keep the members of a group together.",
            )

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __getitem__(self, index: int) -> Layer:
        return self.layers[index]

    def has_same_content(self, other: "LayerStack") -> bool:
        """True if the canvas, all layers and their groups are equal; see `Layer.has_same_content`."""
        return (self.width, self.height, self._nesting()) == (other.width, other.height, other._nesting()) and all(
            mine.has_same_content(theirs) for mine, theirs in zip(self, other, strict=True)
        )

    def _nesting(self) -> list[list[tuple[object, ...]]]:
        """The attributes of the groups around each layer, with a number for each group."""
        numbers: dict[Group, int] = {}
        return [
            [
                (numbers.setdefault(group, len(numbers)), group.name, group.kind, group.is_hidden, group.is_locked)
                for group in layer.groups
            ]
            for layer in self
        ]


def separated_member(paths: Sequence[tuple[Group, ...]]) -> int | None:
    """The index of the first layer that does not follow the other members of its groups; None if all do.

    `paths`: the groups of each layer, outermost first.
    """
    ended: set[Group] = set()
    previous: tuple[Group, ...] = ()
    for index, path in enumerate(paths):
        if path is previous:
            continue
        ended.update(previous)
        ended.difference_update(_common_groups(previous, path))
        if not ended.isdisjoint(path) or len(set(path)) < len(path):
            return index
        previous = path
    return None


def _common_groups(first: tuple[Group, ...], second: tuple[Group, ...]) -> tuple[Group, ...]:
    """The outer groups that two layers share."""
    pairs = zip(first, second, strict=False)
    return tuple(mine for mine, _ in takewhile(lambda pair: pair[0] is pair[1], pairs))


def have_same_pixels(first: Pixels, second: Pixels) -> bool:
    """True if two RGBA pictures have the same size and alpha, and the same colour wherever alpha is above 0."""
    if first.shape != second.shape:
        return False
    differs = (first != second).any(-1) & ((first[..., 3] > 0) | (second[..., 3] > 0))
    return not differs.any()
