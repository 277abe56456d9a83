"""What the routes of every API share: the service, and the state of the process that serves it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from lamina.core.catalog import Model
from lamina.service.service import Service
from lamina.stacks.revisions.pixels import PixelCache

_MAX_CONVERSIONS = 2  # each holds a stack in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiContext:
    """What the server stores as `app.state.api`.

    `is_here`: whether a model's weights are on this machine. `is_closing`: set when the process is about to end, so
    that no client is kept waiting. `conversions`: bounds the stacks that are converted at the same time.
    `result_wait_s`: how long a request that answers with the image itself may wait, in seconds. `has_older_layers`:
    Pixazo's layered API is that of the older page. `pixels`: the decoded pixels of stacks that were used last.
    """

    service: Service
    is_here: Callable[[Model], bool]
    is_closing: asyncio.Event = field(default_factory=asyncio.Event)
    conversions: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_MAX_CONVERSIONS))
    result_wait_s: float = 600.0
    has_older_layers: bool = False
    pixels: PixelCache = field(default_factory=PixelCache)


def context_of(connection: HTTPConnection) -> ApiContext:
    """The context of a request or a WebSocket."""
    return connection.app.state.api


async def _context(request: Request) -> ApiContext:
    """A coroutine, because FastAPI runs plain functions in a thread each, which costs more than the request."""
    return context_of(request)


Context = Annotated[ApiContext, Depends(_context)]
