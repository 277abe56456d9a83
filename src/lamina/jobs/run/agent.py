"""An agent: claims jobs and runs each in its engine process."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable

from sqlalchemy import Connection

from lamina.core.ids import new_id
from lamina.core.jobs import Job, JobState, WebhookEvent
from lamina.core.log_context import logged_as
from lamina.jobs.end import enqueue_webhook, wake_delivery
from lamina.jobs.log import log_start
from lamina.jobs.run.job_run import JobRun, Superseded
from lamina.service.service import Service
from lamina.store import agents, events, jobs
from lamina.worker.host import EngineProcess

_log = logging.getLogger(__name__)


class Agent:
    """`device`: a description of what its engine may use. `running`: the jobs that it has now, at most two: one in the
    engine, and one whose outputs are being written and stored.
    """

    def __init__(self, service: Service, engine: EngineProcess, device: str = "cpu") -> None:
        self.service, self.engine, self.device = service, engine, device
        self.id = ""
        self.running: list[Job] = []
        self._behind_engine = asyncio.Lock()

    async def register(self) -> None:
        """Registers under a new id. Jobs that ran under the old one belong to other agents now."""
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
        """Sends a heartbeat."""
        now = self.service.clock()
        if not await self.service.database.write(lambda connection: agents.beat(connection, self.id, now)):
            _log.warning("agent %s was taken for dead, and registers again", self.id)
            await self.register()

    async def run(self, job_id: str, on_free: Callable[[], None]) -> None:
        """Claims the job and runs it to its end; does nothing if another agent has it.

        `on_free`: called when the engine can take the next job, while the outputs of this one are written and stored.
        """
        job = await self._claimed(job_id)
        if job is None:
            return
        self.running.append(job)
        self.service.signals.changed(job.id)
        wake_delivery(self.service, job)
        self.service.observer.job_started(job)
        with logged_as(job_id=job.id, attempt=job.attempt, agent_id=self.id):
            log_start(job)
            try:
                await JobRun(self.service, self.engine, job, self._behind_engine, on_free).run()
            except Superseded:
                _log.warning("this run was superseded: another attempt at the job has begun, or it has ended")
            finally:
                self.running.remove(job)

    async def _claimed(self, job_id: str) -> Job | None:
        def work(connection: Connection) -> Job | None:
            now = self.service.clock()
            job = jobs.claim(connection, job_id, self.id, now)
            if job is not None:
                run_s = job.request.run_within_s or self.service.limits.run_s_of(job.request.kind)
                jobs.set_run_by(connection, job_id, now + run_s)
                state_data = {"state": JobState.RUNNING, "attempt": job.attempt}
                events.append(connection, job_id, "state", state_data, now)
                if job.attempt == 1:
                    enqueue_webhook(connection, job, WebhookEvent.STARTED, now)
            return job

        return await self.service.database.write(work)
