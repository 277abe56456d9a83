"""Converts layer attributes to and from JSON, and words notes, for all formats that can be read."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, TypedDict

from lamina.core.layer_tree import groups_of, ungrouped, with_groups_changed
from lamina.core.layers import MAX_GROUP_DEPTH, Group, Layer, LayerKind, LayerStack, Point, TextLine
from lamina.core.text_styles import Colour
from lamina.imaging.layer_names import group_name_or_default, name_or_kind
from lamina.imaging.read_errors import InvalidContentError

FORMAT = "lamina-layers"
MAX_NUMBER = float(1 << 25)
"""Positions and sizes of text are within this many pixels: more than the largest coordinate of a layer."""

_MAX_QUOTED = 60
_MAX_NOTES = 20


class GroupRecord(TypedDict):
    """A group as JSON. `parent`: the index of the group around it, which precedes it; null if there is none."""

    name: str
    kind: str
    visible: bool
    locked: bool
    parent: int | None


def render_groups(layers: Sequence[Layer]) -> tuple[list[GroupRecord], list[int | None]]:
    """The groups of the layers as JSON, and for each layer the index of the innermost group that contains it."""
    parents = groups_of(layers)
    numbers = {group: number for number, group in enumerate(parents)}
    records: list[GroupRecord] = [
        {
            "name": group.name,
            "kind": group.kind.value,
            "visible": not group.is_hidden,
            "locked": group.is_locked,
            "parent": None if parent is None else numbers[parent],
        }
        for group, parent in parents.items()
    ]
    return records, [numbers[layer.groups[-1]] if layer.groups else None for layer in layers]


class TextLineRecord(TypedDict):
    """A line of a text layer as JSON. `quad`: the x and y of four corners; `colour`: red, green, blue 0..255."""

    string: str
    quad: list[list[float]]
    colour: list[int]
    size_px: float


def render_text(lines: Iterable[TextLine]) -> list[TextLineRecord]:
    """The lines of a text layer as JSON."""
    return [
        {
            "string": line.string,
            "quad": [[bounded_number(x), bounded_number(y)] for x, y in line.quad],
            "colour": [int(sample) for sample in line.colour],
            "size_px": bounded_number(line.size_px),
        }
        for line in lines
    ]


def parse_text(value: Any) -> tuple[TextLine, ...]:
    """The inverse of `render_text`. Raises `InvalidContentError` if the value is not valid."""
    try:
        return tuple(_parse_line(line) for line in value)
    except (ValueError, TypeError, KeyError, OverflowError):
        raise InvalidContentError("its text lines have an invalid structure") from None


def _parse_line(value: Any) -> TextLine:
    a, b, c, d = (_point(corner) for corner in value["quad"])
    if not isinstance(value["string"], str):
        raise TypeError("a text is not a string")
    return TextLine(value["string"], (a, b, c, d), parse_colour(value["colour"]), parse_number(value["size_px"]))


def _point(value: Any) -> Point:
    x, y = value
    return parse_number(x), parse_number(y)


def parse_colour(value: Any) -> Colour:
    """Red, green and blue, 0..255. Raises `InvalidContentError`, TypeError or ValueError if the value is not valid."""
    red, green, blue = (parse_integer(sample, 0, 255) for sample in value)
    return red, green, blue


def bounded_number(number: float) -> float:
    """The number, or the nearest one that `parse_number` accepts; 0 for one that is not a number."""
    return 0.0 if math.isnan(number) else float(min(max(number, -MAX_NUMBER), MAX_NUMBER))


def parse_number(value: Any, *, minimum: float = -MAX_NUMBER, maximum: float = MAX_NUMBER) -> float:
    """The number. Raises `InvalidContentError` if it is not a finite number or out of range."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < math.inf:
        raise InvalidContentError(f"{quoted(value)} is not a number")
    if not minimum <= value <= maximum:
        raise InvalidContentError(f"{quoted(value)} is out of range")
    return float(value)


def parse_integer(value: Any, minimum: int, maximum: int) -> int:
    """The integer. Raises `InvalidContentError` if it is not an integer or out of range."""
    if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
        raise InvalidContentError(f"{quoted(value)} is not an integer from {minimum} to {maximum}")
    return value


def render_opacity(opacity: int) -> float:
    """0..255 as a share of 1, from which `parse_opacity` restores the same integer."""
    return round(opacity / 255, 6)


def parse_opacity(share: Any) -> int:
    """A share 0..1 as 0..255. Raises `InvalidContentError` if it is not valid."""
    number = parse_number(share)
    if not 0 <= number <= 1:
        raise InvalidContentError(f"the opacity {quoted(share)} is not from 0 to 1")
    return round(number * 255)


def quoted(value: Any) -> str:
    """The repr of an invalid value, shortened for an error message."""
    text = repr(value)
    return text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}…"


def layer_label(kind: str, name: str) -> str:
    """ "layer 'Sky'", "layer without a name"."""
    return f"{kind} {quoted(name)}" if name.strip() else f"{kind} without a name"


def limit_notes(notes: Sequence[str]) -> tuple[str, ...]:
    """The first notes, and the number of the others."""
    more = len(notes) - _MAX_NOTES
    return (*notes[:_MAX_NOTES], f"{more} more notes are not shown.") if more > 1 else tuple(notes)


def count_noun(number: int, noun: str) -> str:
    """ "1 layer", "2 layers"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def combined_opacity(first: int, second: int) -> int:
    """The product of two opacities of 0..255, rounded."""
    return (first * second + 127) // 255


def empty_stack_notes(layers: Sequence[Layer]) -> tuple[str, ...]:
    """A note if a file contains no layers."""
    return () if layers else ("The file contains no layers.",)


def empty_group_note(name: str) -> str:
    """The note on a group that was omitted because it contains no layers."""
    return f"The {layer_label('group', name)} is empty and was omitted."


def within_depth(layers: Iterable[Layer]) -> tuple[Layer, ...]:
    """The layers of another program without the inner groups that exceed the depth of a stack's groups."""
    return tuple(ungrouped(layer, layer.groups[MAX_GROUP_DEPTH:]) for layer in layers)


def normalise_foreign_stack(stack: LayerStack) -> LayerStack:
    """The stack of another program with a detected background layer, and with names for unnamed layers and groups."""
    stack = _with_guessed_background(stack)
    named = [replace(layer, name=name_or_kind(layer.name, layer.kind)) for layer in stack]
    return replace(stack, layers=with_groups_changed(named, _named))


def _named(group: Group) -> Group:
    return replace(group, name=group_name_or_default(group.name))


def _with_guessed_background(stack: LayerStack) -> LayerStack:
    """Marks the lowest layer as the background if it is opaque and covers exactly the canvas."""
    if not len(stack) or stack[0].kind is not LayerKind.OBJECT:
        return stack
    lowest = stack[0]
    if lowest.box != (0, 0, stack.width, stack.height) or not (lowest.pixels[..., 3] == 255).all():
        return stack
    return replace(stack, layers=(replace(lowest, kind=LayerKind.BACKGROUND), *stack.layers[1:]))
