"""Dispatches within one process, and polls for jobs that other processes of the same machine have queued.

The queue is the jobs table itself, so that nothing is lost when the process dies.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from lamina.core.errors import LaminaError
from lamina.store import jobs
from lamina.store.database import Database

_log = logging.getLogger(__name__)
_POLL_S = 1.0


class InProcessDispatcher:
    """The dispatcher for SQLite. All methods must be called in the same event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._woken = asyncio.Event()
        self._offered: set[str] = set()

    def enqueue(self, transaction: Any, job_id: str, priority: int, is_again: bool = False) -> None:
        """Does nothing: the row of the job is the queue."""

    def wake(self) -> None:
        self._woken.set()

    def reconcile(self, transaction: Any) -> None:
        """Does nothing: the queue is the jobs table itself."""

    async def serve(self, run: Callable[[str], Awaitable[None]], slots: int) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(slots):
                group.create_task(self._serve_slot(run))

    async def _serve_slot(self, run: Callable[[str], Awaitable[None]]) -> None:
        while True:
            self._woken.clear()
            job_id = await self._next()
            if job_id is None:
                await self._pause()
                continue
            self._offered.add(job_id)
            try:
                await run(job_id)
            except Exception:  # noqa: BLE001  (a failed run must not end the worker loop)
                _log.exception("job %s: the run failed unexpectedly", job_id)
                await asyncio.sleep(_POLL_S)  # the same job may be offered again immediately
            finally:
                self._offered.discard(job_id)

    async def _next(self) -> str | None:
        try:
            waiting = await self._database.read(lambda connection: jobs.next_queued(connection, len(self._offered) + 1))
        except LaminaError:  # the database is busy or unavailable; the next round tries again
            return None
        return next((job_id for job_id in waiting if job_id not in self._offered), None)

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            # Not wait_for: in Python 3.11 it loses a cancellation that comes together with the event.
            async with asyncio.timeout(_POLL_S):
                await self._woken.wait()
