"""What a layer knows beside its pixels, as JSON values: the same in every format that can be read back."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from lamina.core.layers import Layer, LayerKind, LayerStack, Point, TextLine
from lamina.imaging.layer_names import name_or_kind
from lamina.imaging.read_errors import InvalidContentError

FORMAT = "lamina-layers"
VERSION = 1
_MOST_SHOWN = 60
_MOST_NOTES = 20


def render_text(lines: Iterable[TextLine]) -> list[dict[str, Any]]:
    """The lines of a text layer as JSON: [{"string", "quad": [[x, y] x 4], "colour": [r, g, b], "size_px"}]."""
    return [
        {
            "string": line.string,
            "quad": [[float(x), float(y)] for x, y in line.quad],
            "colour": [int(sample) for sample in line.colour],
            "size_px": float(line.size_px),
        }
        for line in lines
    ]


def parse_text(value: Any) -> tuple[TextLine, ...]:
    """The reverse of `render_text`. `InvalidContentError` if the value is not of that shape."""
    try:
        return tuple(_parse_line(line) for line in value)
    except (ValueError, TypeError, KeyError, OverflowError):
        raise InvalidContentError("the lines of its text are not as documented") from None


def _parse_line(value: Any) -> TextLine:
    a, b, c, d = (_point(corner) for corner in value["quad"])
    red, green, blue = (parse_integer(sample, 0, 255) for sample in value["colour"])
    if not isinstance(value["string"], str):
        raise TypeError("a text is not a string")
    return TextLine(value["string"], (a, b, c, d), (red, green, blue), _number(value["size_px"]))


def _point(value: Any) -> Point:
    x, y = value
    return _number(x), _number(y)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        raise InvalidContentError(f"{quoted(value)} is not a number")
    return float(value)


def parse_integer(value: Any, least: int, most: int) -> int:
    """The integer itself. `InvalidContentError` if it is none or out of range."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidContentError(f"{quoted(value)} is not an integer from {least} to {most}")
    return value


def render_opacity(opacity: int) -> float:
    """0..255 as a share of 1 that `parse_opacity` turns back into the same integer."""
    return round(opacity / 255, 6)


def parse_opacity(share: Any) -> int:
    """A share 0..1 as 0..255. `InvalidContentError` if it is none."""
    number = _number(share)
    if not 0 <= number <= 1:
        raise InvalidContentError(f"the opacity {quoted(share)} is not from 0 to 1")
    return round(number * 255)


def quoted(value: Any) -> str:
    """What a file holds in the wrong place, short enough for a message."""
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def called(kind: str, name: str) -> str:
    """ "layer 'Sky'", "layer without a name"."""
    return f"{kind} {quoted(name)}" if name.strip() else f"{kind} without a name"


def first_notes(notes: Sequence[str]) -> tuple[str, ...]:
    """As many as somebody may read."""
    more = len(notes) - _MOST_NOTES
    return (*notes[:_MOST_NOTES], f"There are {more} more such notes.") if more > 1 else tuple(notes)


def counted(number: int, what: str) -> str:
    """ "1 layer", "2 layers"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def combined_opacity(one: int, other: int) -> int:
    """What two opacities of 0..255 come to together, in the same."""
    return (one * other + 127) // 255


def notes_on(layers: Sequence[Layer]) -> tuple[str, ...]:
    """What is said of layers that were read, whatever the format."""
    return () if layers else ("The file holds no layers.",)


def of_another_program(stack: LayerStack) -> LayerStack:
    """The same with what another program did not tell: which layer is the background, and names for the unnamed."""
    stack = _with_guessed_background(stack)
    return replace(
        stack, layers=tuple(replace(layer, name=name_or_kind(layer.name, layer.kind)) for layer in stack.layers)
    )


def _with_guessed_background(stack: LayerStack) -> LayerStack:
    """A stack of another program, whose lowest layer is taken for the background if it covers the canvas opaquely."""
    if not len(stack) or stack[0].kind is not LayerKind.OBJECT:
        return stack
    lowest = stack[0]
    if lowest.box != (0, 0, stack.width, stack.height) or not (lowest.pixels[..., 3] == 255).all():
        return stack
    return replace(stack, layers=(replace(lowest, kind=LayerKind.BACKGROUND), *stack.layers[1:]))
