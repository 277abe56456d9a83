"""Who asks, and where they found the API."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from lamina.accounts.keys import authenticate
from lamina.core.keys import ApiKey, Scope
from lamina.service.service import Service

HOST = "gateway.pixazo.ai"
PREFIX = "/pixazo"
KEY_HEADER = "Ocp-Apim-Subscription-Key"


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
