"""Waits for a job to end, for its client to disconnect, or for the server to shut down."""

import asyncio
import contextlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fastapi import Request
from starlette.requests import ClientDisconnect

from lamina.api.shared.context import ApiContext
from lamina.core.errors import LaminaError
from lamina.core.jobs import Job
from lamina.jobs.cancel import cancel
from lamina.jobs.follow import ended
from lamina.service.service import Service


class WaitEnd(StrEnum):
    """Why a wait is over."""

    ENDED = "ended"
    TIMED_OUT = "timed out"
    DISCONNECTED = "disconnected"
    CLOSING = "closing"


@dataclass(frozen=True, slots=True)
class WaitOutcome:
    """`job`: as it was last read; None if the wait ended because of the client or the server."""

    end: WaitEnd
    job: Job | None = None


async def wait_for_result(
    context: ApiContext, key_id: str, job_id: str, *, wait_s: float = float("inf"), request: Request | None = None
) -> WaitOutcome:
    """Waits at most `wait_s` seconds for the job to end. `request`: its disconnection ends the wait, too."""
    job = asyncio.create_task(ended(context.service, key_id, job_id, wait_s))
    closing = asyncio.create_task(context.is_closing.wait())
    disconnected = None if request is None else asyncio.create_task(_disconnected(request))
    tasks: list[asyncio.Task[Any]] = [task for task in (job, closing, disconnected) if task is not None]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if job.done():
            last = job.result()
            return WaitOutcome(WaitEnd.TIMED_OUT if last.state.is_open else WaitEnd.ENDED, last)
        is_disconnected = disconnected is not None and disconnected.done()
        return WaitOutcome(WaitEnd.DISCONNECTED if is_disconnected else WaitEnd.CLOSING)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def cancel_if_open(service: Service, key_id: str, job_id: str) -> None:
    """Cancels the job. One that has ended in the meantime stays as it is, and so does any while the store is away."""
    with contextlib.suppress(LaminaError):
        await cancel(service, key_id, job_id)


async def _disconnected(request: Request) -> None:
    with contextlib.suppress(ClientDisconnect):
        while (await request.receive())["type"] != "http.disconnect":
            pass
