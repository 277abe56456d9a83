"""Describes the parameters of tasks, and validates tasks against them."""

import math
import re
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import NoReturn

from pydantic import JsonValue

from lamina.api.runware.answers import ErrorDetails
from lamina.api.runware.errors import RunwareError
from lamina.api.runware.task_fields import TaskFields
from lamina.api.shared.parsing import parse_uuid
from lamina.core.errors import LaminaError
from lamina.fetch.targets import parse_target

_TOLERANCE = 1e-6  # for multiples: 0.1 + 0.2 must be accepted as 0.3
_MAX_SHOWN_LENGTH = 80
_WITH_OWN_CODES = ("width", "height", "steps", "positivePrompt", "model")
"""The parameters that have their own error codes at Runware: invalidWidth, missingPositivePrompt, ..."""


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter, as the vendor's page lists it.

    `type`: "integer", "float", "string", "boolean", "array", "object" or "any". `least`, `most`: the range of a number,
    or of the length of a string or an array. `step`: a number must be a multiple of it. `form`: the format of a string,
    "uuid4" or "url".
    """

    type: str
    _: KW_ONLY
    least: float | None = None
    most: float | None = None
    step: float | None = None
    default: str | float | None = None
    allowed: tuple[str, ...] | None = None
    is_required: bool = False
    form: str = ""
    items: "Field | None" = None
    fields: "Mapping[str, Field] | None" = None


def check(task: TaskFields, fields: Mapping[str, Field], prefix: str = "") -> None:
    """Raises `RunwareError` for the first parameter that is unknown, missing or invalid."""
    for name in task.names:
        if name not in fields:
            raise RunwareError(
                "unsupportedParameter",
                f"Unsupported parameter {_shown(prefix + name)}.",
                parameter=(prefix + name)[:_MAX_SHOWN_LENGTH],
                allowedValues=sorted(fields),
            )
    for name, field in fields.items():
        if name in task:
            check_value(task.value(name), field, prefix + name)
        elif field.is_required:
            _refuse_missing(prefix + name, field)


def check_value(value: JsonValue, field: Field, name: str) -> None:
    """Raises `RunwareError`."""
    if field.type != "any" and not _has_type(value, field.type):
        _refuse(name, field, f"it must be of the type {field.type}")
    match value:
        case int() | float() if field.type in ("integer", "float"):
            _check_number(value, field, name)
        case str() if field.type == "string":
            _check_text(value, field, name)
        case list() if field.type == "array":
            _check_array(value, field, name)
        case dict() if field.fields is not None:
            check(TaskFields(value), field.fields, f"{name}.")
        case _:
            pass
    if field.allowed is not None and value not in field.allowed:
        _refuse(name, field, f"it must be one of {', '.join(map(repr, field.allowed[:8]))}")


def is_task_uuid(value: object) -> bool:
    """Whether `value` is a version 4 UUID (RFC 9562), in upper or lower case."""
    parsed = parse_uuid(value) if isinstance(value, str) else None
    return parsed is not None and parsed.version == 4


def _has_type(value: JsonValue, kind: str) -> bool:
    match kind:
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            return is_whole and not isinstance(value, bool)
        case "float":
            return isinstance(value, int | float) and not isinstance(value, bool) and _is_finite(value)
        case "string":
            return isinstance(value, str)
        case "array":
            return isinstance(value, list)
        case _:
            return isinstance(value, dict)


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer that exceeds the range of floats
        return False


def _check_number(value: float, field: Field, name: str) -> None:
    if _is_outside(value, field):
        _refuse(name, field, _span(field))
    if field.step and abs(value / field.step - round(value / field.step)) * field.step > _TOLERANCE:
        _refuse(name, field, f"it must be a multiple of {field.step:g}")


def _check_text(value: str, field: Field, name: str) -> None:
    if _is_outside(len(value), field):
        _refuse(name, field, f"its length: {_span(field)}", "Length" if name == "positivePrompt" else "")
    if field.form == "uuid4" and not is_task_uuid(value):
        _refuse(name, field, "it must be a version 4 UUID")
    if field.form == "url":
        try:
            parse_target(value)
        except LaminaError as error:
            _refuse(name, field, error.message)
    if re.search("[\ud800-\udfff]", value):
        _refuse(name, field, "it contains a lone surrogate (invalid Unicode)")


def _check_array(value: list[JsonValue], field: Field, name: str) -> None:
    if _is_outside(len(value), field):
        if name.endswith("referenceImages"):
            raise RunwareError(
                "invalidReferenceImagesCount",
                f"{len(value)} reference images were given: {_span(field)}.",
                **_details(name, field),
            )
        _refuse(name, field, f"its length: {_span(field)}")
    if field.items is not None:
        for number, item in enumerate(value):
            check_value(item, field.items, f"{name}[{number}]")


def _is_outside(amount: float, field: Field) -> bool:
    is_less = field.least is not None and amount < field.least
    return is_less or (field.most is not None and amount > field.most)


def _span(field: Field) -> str:
    match field.least, field.most:
        case None, most:
            return f"at most {most:g}"
        case least, None:
            return f"at least {least:g}"
        case least, most:
            return f"it must be from {least:.20g} to {most:.20g}"


def _refuse_missing(name: str, field: Field) -> NoReturn:
    code = "missingPositivePrompt" if name == "positivePrompt" else "missingParameter"
    raise RunwareError(code, f"The parameter {name} is required.", **_details(name, field))


def _refuse(name: str, field: Field, why: str, suffix: str = "") -> NoReturn:
    subject = name[0].upper() + name[1:] if name in _WITH_OWN_CODES else "Parameter"
    raise RunwareError(f"invalid{subject}{suffix}", f"Invalid value for {name}: {why}.", **_details(name, field))


def _details(name: str, field: Field) -> ErrorDetails:
    details: ErrorDetails = {"parameter": name, "type": field.type}
    if field.least is not None:
        details["min"] = field.least
    if field.most is not None:
        details["max"] = field.most
    if field.step is not None:
        details["multiplier"] = field.step
    if field.default is not None:
        details["default"] = field.default
    if field.allowed is not None:
        details["allowedValues"] = list(field.allowed)
    return details


def _shown(text: str) -> str:
    return repr(text if len(text) <= _MAX_SHOWN_LENGTH else text[:_MAX_SHOWN_LENGTH] + "…")
