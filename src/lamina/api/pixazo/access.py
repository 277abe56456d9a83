"""Authenticates Pixazo's clients by their key, and finds the base URL under which they reached the API."""

from typing import Annotated

from fastapi import Depends, Request

from lamina.accounts.keys import authenticate
from lamina.api.shared.context import ApiContext, Context
from lamina.core.keys import ApiKey, Scope

HOST = "gateway.pixazo.ai"
PREFIX = "/pixazo"
KEY_HEADER = "Ocp-Apim-Subscription-Key"


async def reader(request: Request, context: Context) -> ApiKey:
    return await authenticate(context.service, request.headers.get(KEY_HEADER, "").strip(), Scope.READ)


async def writer(request: Request, context: Context) -> ApiKey:
    return await authenticate(context.service, request.headers.get(KEY_HEADER, "").strip(), Scope.WRITE)


Reader = Annotated[ApiKey, Depends(reader)]
Writer = Annotated[ApiKey, Depends(writer)]


def base_url_of(request: Request, context: ApiContext) -> str:
    """The base URL by which the client reached the API: the vendor's if its requests are redirected."""
    if request.url.hostname == HOST:
        return f"https://{HOST}"
    prefix = PREFIX if request.scope["path"].startswith(f"{PREFIX}/") else ""
    return f"{context.service.base_url}{prefix}"
