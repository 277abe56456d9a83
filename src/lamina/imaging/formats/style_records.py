"""Converts the style of a text layer to and from JSON, for all formats that can be read."""

from enum import StrEnum
from typing import Any, TypeVar

from lamina.core.records import encode
from lamina.core.text_styles import (
    ColourGradient,
    TextAlignment,
    TextOutline,
    TextShadow,
    TextStyle,
    Typeface,
    TypefaceClass,
)
from lamina.imaging.formats.records import bounded_number, parse_colour, parse_integer, parse_number, quoted
from lamina.imaging.read_errors import InvalidContentError

_Name = TypeVar("_Name", bound=StrEnum)
_LIGHTEST, _HEAVIEST = 1, 1000  # the weights of CSS Fonts 4
_MAX_ALTERNATIVES = 20


def render_style(style: TextStyle) -> dict[str, Any]:
    """The style as JSON, with the names of its fields; what it does not have, such as a shadow, is left out."""
    record = {name: _bounded(value) for name, value in encode(style).items() if value is not None}
    if not record["script"]:
        del record["script"]
    return record


def _bounded(value: Any) -> Any:
    """The JSON with its numbers in the range that can be parsed."""
    if isinstance(value, float):
        return bounded_number(value)
    if isinstance(value, list | tuple):
        return [_bounded(item) for item in value]
    if isinstance(value, dict):
        return {name: _bounded(item) for name, item in value.items()}
    return value


def parse_style(value: Any) -> TextStyle | None:
    """The inverse of `render_style`; None for None. Raises `InvalidContentError` if the value is not valid."""
    if value is None:
        return None
    try:
        return _parse(value)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        raise InvalidContentError("its text style has an invalid structure") from None


def _parse(record: Any) -> TextStyle:
    return TextStyle(
        size_px=parse_number(record["size_px"], minimum=0),
        line_height_px=parse_number(record.get("line_height_px", 0.0), minimum=0),
        letter_spacing_px=parse_number(record.get("letter_spacing_px", 0.0)),
        alignment=_named(TextAlignment, record.get("alignment", TextAlignment.LEFT.value)),
        colour=parse_colour(record["colour"]),
        gradient=_parse_gradient(record.get("gradient")),
        outline=_parse_outline(record.get("outline")),
        shadow=_parse_shadow(record.get("shadow")),
        rotation_degrees=parse_number(record.get("rotation_degrees", 0.0)),
        arc_radius_px=parse_number(record.get("arc_radius_px", 0.0)),
        script=_string(record.get("script", "")),
        typeface=_parse_typeface(record.get("typeface")),
    )


def _parse_gradient(record: Any) -> ColourGradient | None:
    if record is None:
        return None
    return ColourGradient(
        start=parse_colour(record["start"]), end=parse_colour(record["end"]), degrees=parse_number(record["degrees"])
    )


def _parse_outline(record: Any) -> TextOutline | None:
    if record is None:
        return None
    return TextOutline(colour=parse_colour(record["colour"]), width_px=parse_number(record["width_px"], minimum=0))


def _parse_shadow(record: Any) -> TextShadow | None:
    if record is None:
        return None
    right, down = (parse_number(shift) for shift in record["offset_px"])
    return TextShadow(
        colour=parse_colour(record["colour"]),
        offset_px=(right, down),
        blur_px=parse_number(record["blur_px"], minimum=0),
        opacity=parse_number(record["opacity"], minimum=0, maximum=1),
    )


def _parse_typeface(record: Any) -> Typeface | None:
    if record is None:
        return None
    alternatives = record.get("alternatives", ())
    if not isinstance(record["is_italic"], bool) or len(alternatives) > _MAX_ALTERNATIVES:
        raise ValueError("the typeface is not valid")
    return Typeface(
        family=_string(record["family"]),
        confidence=parse_number(record["confidence"], minimum=0, maximum=1),
        weight=parse_integer(record["weight"], _LIGHTEST, _HEAVIEST),
        is_italic=record["is_italic"],
        type_class=_named(TypefaceClass, record["type_class"]),
        alternatives=tuple(map(_string, alternatives)),
    )


def _named(names: type[_Name], value: Any) -> _Name:
    if not isinstance(value, str) or value not in list(names):
        raise InvalidContentError(f"{quoted(value)} is not one of {', '.join(names)}")
    return names(value)


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidContentError(f"{quoted(value)} is not a string")
    return value
