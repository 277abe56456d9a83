"""Who asks, what they ask it of, where they found it, and what they say: what every route shares."""

import asyncio
import json
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from pydantic import ValidationError

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.keys import ApiKey, Scope
from lamina.dialects.pixazo.errors import invalid_fields
from lamina.dialects.pixazo.wire import Fields
from lamina.service.keys import authenticate
from lamina.service.service import Service

HOST = "gateway.pixazo.ai"
PREFIX = "/pixazo"
KEY_HEADER = "Ocp-Apim-Subscription-Key"
MOST_BODY_BYTES = 64 << 20

_F = TypeVar("_F", bound=Fields)


@dataclass(frozen=True, slots=True)
class Gateway:
    """What the routes work with, as `app.state.pixazo`. `wait_s`: how long a client may wait for a picture.

    `has_older_layers`: the layered API is that of the older page. `is_closing`: set when the process is to end.
    """

    service: Service
    is_closing: asyncio.Event
    wait_s: float = 600.0
    has_older_layers: bool = False


def gateway_of(request: Request) -> Gateway:
    return request.app.state.pixazo


AtGateway = Annotated[Gateway, Depends(gateway_of)]


async def reader(request: Request, gateway: AtGateway) -> ApiKey:
    return await authenticate(gateway.service, request.headers.get(KEY_HEADER, "").strip(), Scope.READ)


async def writer(request: Request, gateway: AtGateway) -> ApiKey:
    return await authenticate(gateway.service, request.headers.get(KEY_HEADER, "").strip(), Scope.WRITE)


Reader = Annotated[ApiKey, Depends(reader)]
Writer = Annotated[ApiKey, Depends(writer)]


def base_url_of(request: Request, gateway: Gateway) -> str:
    """Where the client found the API: under the vendor's own name if it believes to be there."""
    if request.url.hostname == HOST:
        return f"https://{HOST}"
    prefix = PREFIX if request.scope["path"].startswith(f"{PREFIX}/") else ""
    return f"{gateway.service.base_url}{prefix}"


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
    if length.isdecimal() and int(length[:20]) > MOST_BODY_BYTES:
        raise _too_large()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BODY_BYTES:
            raise _too_large()
    return bytes(body)


def _too_large() -> LaminaError:
    return LaminaError(
        ErrorCode.INPUT_TOO_LARGE,
        f"The body has more than {MOST_BODY_BYTES:,} bytes.",
        "Name pictures by their URL instead.",
    )
