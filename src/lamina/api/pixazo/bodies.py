"""Reads the body of a request, within a bound, into the fields that a route takes."""

import json
from typing import TypeVar

from fastapi import Request
from pydantic import ValidationError

from lamina.api.pixazo.errors import invalid_fields
from lamina.api.pixazo.wire import Fields
from lamina.core.errors import ErrorCode, LaminaError

_MOST_BYTES = 64 << 20

_F = TypeVar("_F", bound=Fields)


async def read_fields(request: Request, kind: type[_F]) -> _F:
    """The body, whatever type it claims to be of. Raises `LaminaError`: task_invalid, input_too_large."""
    body = await _read_body(request)
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise LaminaError(ErrorCode.TASK_INVALID, "The body is not JSON.", "Send a JSON object.") from None
    if not isinstance(value, dict):
        raise LaminaError(ErrorCode.TASK_INVALID, "The body is not an object.", "Send a JSON object.")
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise invalid_fields(error.errors(include_url=False, include_input=False)) from None  # pyright: ignore[reportArgumentType]


async def _read_body(request: Request) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > _MOST_BYTES:
        raise _too_large()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise _too_large()
    return bytes(body)


def _too_large() -> LaminaError:
    return LaminaError(
        ErrorCode.INPUT_TOO_LARGE,
        f"The body has more than {_MOST_BYTES:,} bytes.",
        "Name pictures by their URL instead.",
    )
