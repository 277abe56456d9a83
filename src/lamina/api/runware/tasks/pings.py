"""The ping task: shows that the connection is alive."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from lamina.api.runware.access import Caller

PONG = {"taskType": "ping", "pong": True}


async def ping(_caller: Caller, _task: Mapping[str, Any]) -> AsyncIterator[list[dict[str, Any]]]:
    yield [PONG]
