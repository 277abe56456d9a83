"""Wakes tasks that wait for a job in this process. Changes made by other processes are found by polling."""

import asyncio
import contextlib
from collections import defaultdict


class Signals:
    """An event for each job that a task waits for. All use one event loop."""

    def __init__(self) -> None:
        self._events: dict[str, list[asyncio.Event]] = defaultdict(list)

    def changed(self, job_id: str) -> None:
        for event in self._events.get(job_id, ()):
            event.set()

    async def wait(self, job_id: str, timeout_s: float) -> None:
        """Waits until the job changes, at most `timeout_s` seconds."""
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
