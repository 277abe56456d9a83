"""Wakes those who wait for a job, within this process; what happens in others is seen by looking again."""

import asyncio
import contextlib
from collections import defaultdict


class Signals:
    """One event a job that somebody waits for. All of it belongs to one event loop."""

    def __init__(self) -> None:
        self._events: dict[str, list[asyncio.Event]] = defaultdict(list)

    def changed(self, job_id: str) -> None:
        for event in self._events.get(job_id, ()):
            event.set()

    async def wait(self, job_id: str, timeout_s: float) -> None:
        """Until the job changes, at most so long."""
        event = asyncio.Event()
        self._events[job_id].append(event)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await event.wait()
        finally:
            self._events[job_id].remove(event)
            if not self._events[job_id]:
                del self._events[job_id]
