"""Sees a job to its end for a client who waits for the answer, and cancels it when nobody waits any more."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import Job
from lamina.jobs.cancel import cancel
from lamina.jobs.follow import ended
from lamina.service.service import Service


async def attended(
    service: Service, key_id: str, job_id: str, wait_s: float, leaving: Coroutine[Any, Any, Any]
) -> Job | None:
    """The job, ended; None if the client left before. `leaving` returns when the client has left, or must.

    Raises `LaminaError` (deadline_passed) when it has not ended in `wait_s`; then, too, it is cancelled.
    """
    ending = asyncio.create_task(ended(service, key_id, job_id, wait_s))
    left = asyncio.create_task(leaving)
    is_over = False
    try:
        await asyncio.wait({ending, left}, return_when=asyncio.FIRST_COMPLETED)
        job = ending.result() if ending.done() else None
        is_over = job is not None and not job.state.is_open
    finally:
        for task in (ending, left):
            task.cancel()
        await asyncio.gather(ending, left, return_exceptions=True)
        if not is_over:
            await asyncio.shield(_cancel(service, key_id, job_id))
    if job is not None and not is_over:
        raise LaminaError(
            ErrorCode.DEADLINE_PASSED,
            f"It did not end within {wait_s:g} s, and was cancelled.",
            "Try again later.",
        )
    return job


async def _cancel(service: Service, key_id: str, job_id: str) -> None:
    with contextlib.suppress(LaminaError):  # it has ended meanwhile, or the store is away and the run deadline holds
        await cancel(service, key_id, job_id)
