"""One agent: claims a job, gives it to its engine process, and writes what comes of it."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable

from sqlalchemy import Connection

from lamina.core.ids import new_id
from lamina.core.jobs import Job, JobState, WebhookEvent
from lamina.core.log_context import logged_as
from lamina.jobs.end import ring, tell
from lamina.jobs.log import log_start
from lamina.jobs.run.job_run import JobRun, Superseded
from lamina.service.service import Service
from lamina.store import agents, events, jobs
from lamina.worker.host import EngineProcess

_log = logging.getLogger(__name__)


class Agent:
    """`device`: what its engine may use, in words. `running`: the jobs that it has now: one at most is with the engine,
    and one at most behind it.
    """

    def __init__(self, service: Service, engine: EngineProcess, device: str = "cpu") -> None:
        self.service, self.engine, self.device = service, engine, device
        self.id = ""
        self.running: list[Job] = []
        self._behind_engine = asyncio.Lock()

    async def register(self) -> None:
        """Under a new id: whatever ran under the old one is somebody else's now."""
        now = self.service.clock()
        record = agents.AgentRecord(
            id=new_id(),
            host=socket.gethostname(),
            process=os.getpid(),
            device=self.device,
            started_at=now,
            seen_at=now,
        )
        await self.service.database.write(lambda connection: agents.insert(connection, record))
        self.id = record.id

    async def beat(self) -> None:
        """Say that it is alive."""
        now = self.service.clock()
        if not await self.service.database.write(lambda connection: agents.beat(connection, self.id, now)):
            _log.warning("agent %s was given up, and comes back", self.id)
            await self.register()

    async def run(self, job_id: str, on_free: Callable[[], None]) -> None:
        """Claim the job and, if it is to be had, see it to its end.

        `on_free`: called when the engine can take the next job while what this one made is written and stored.
        """
        job = await self._claimed(job_id)
        if job is None:
            return
        self.running.append(job)
        self.service.signals.changed(job.id)
        ring(self.service, job)
        self.service.observer.job_started(job)
        with logged_as(job_id=job.id, attempt=job.attempt, agent_id=self.id):
            log_start(job)
            try:
                await JobRun(self.service, self.engine, job, self._behind_engine, on_free).see_through()
            except Superseded:
                _log.warning("this run is not the job's latest any more")
            finally:
                self.running.remove(job)

    async def _claimed(self, job_id: str) -> Job | None:
        def work(connection: Connection) -> Job | None:
            now = self.service.clock()
            job = jobs.claim(connection, job_id, self.id, now)
            if job is not None:
                run_s = job.request.run_within_s or self.service.limits.run_s_of(job.request.kind)
                jobs.set_run_by(connection, job_id, now + run_s)
                told = {"state": JobState.RUNNING, "attempt": job.attempt}
                events.append(connection, job_id, "state", told, now)
                if job.attempt == 1:
                    tell(connection, job, WebhookEvent.STARTED, now)
            return job

        return await self.service.database.write(work)
