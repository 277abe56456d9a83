"""One agent: claims a job, gives it to its engine process, and writes what comes of it."""

import asyncio
import contextlib
import logging
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.ids import new_id
from lamina.core.jobs import Failure, Job, JobState, WebhookEvent
from lamina.core.log_context import logged_as
from lamina.core.tasks import TaskKind
from lamina.service.ending import announce, end, ring, tell
from lamina.service.engine_process import EngineLost, EngineProcess
from lamina.service.engine_protocol import RunOrder, RunOutcome
from lamina.service.service import Service
from lamina.service.working.adapters import gathered_task
from lamina.service.working.gathering import gathered_inputs
from lamina.service.working.results import kept_result
from lamina.service.working.teller import Teller
from lamina.service.working.training_news import put_back_checkpoint
from lamina.service.working.trying_again import try_again
from lamina.store import agents, events, jobs
from lamina.store.files import FileRecord

_log = logging.getLogger(__name__)


class Superseded(Exception):  # noqa: N818  (nothing is wrong with it)
    """This run is not the job's latest any more: another agent has it, or it has ended."""


class Agent:
    """`device`: what its engine may use, in words. `running`: the job that it has now."""

    def __init__(self, service: Service, engine: EngineProcess, device: str = "cpu") -> None:
        self.service, self.engine, self.device = service, engine, device
        self.id = ""
        self.running: Job | None = None

    async def register(self) -> None:
        """Under a new id: whatever ran under the old one is somebody else's now."""
        now = self.service.clock()
        record = agents.AgentRecord(new_id(), socket.gethostname(), os.getpid(), self.device, now, now)
        await self.service.database.write(lambda connection: agents.insert(connection, record))
        self.id = record.id

    async def beat(self) -> None:
        """Say that it is alive."""
        now = self.service.clock()
        if not await self.service.database.write(lambda connection: agents.beat(connection, self.id, now)):
            _log.warning("agent %s was given up, and comes back", self.id)
            await self.register()

    async def run(self, job_id: str) -> None:
        """Claim the job and, if it is to be had, see it to its end."""
        job = await self._claimed(job_id)
        if job is None:
            return
        self.running = job
        self.service.signals.changed(job.id)
        ring(self.service, job)
        self.service.observer.job_started(job)
        with logged_as(job_id=job.id, attempt=job.attempt, agent_id=self.id):
            try:
                await self._run(job)
            except Superseded:
                _log.warning("this run is not the job's latest any more")
                await self.engine.stop()
            finally:
                self.running = None

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

    async def _run(self, job: Job) -> None:
        async with _scratch_folder() as folder:
            try:
                outcome = await self._made(job, folder)
                await self._finish(job, outcome, folder / "out")
            except EngineLost as error:
                _log.warning("%s", error)
                await try_again(self.service, job, Failure(error.code, error.message, error.hint))
            except LaminaError as error:
                if error.code is ErrorCode.STORE_UNAVAILABLE:
                    raise
                await self._end(job, JobState.FAILED, Failure(error.code, error.message, error.hint))

    async def _made(self, job: Job, folder: Path) -> RunOutcome:
        """Two things beside the run: what the engine tells goes to the store, what the store says to the engine."""
        teller = Teller(self.service, job)
        watching = asyncio.create_task(self._watch(teller, self.service.limits.cancel_grace_s_of(job.request.kind)))
        working = asyncio.create_task(self._run_in_engine(job, folder, teller))
        try:
            await asyncio.wait({watching, working}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                watching.result()  # raises
            await teller.write_rest()
            return await working
        finally:
            for task in (watching, working):
                task.cancel()
            await asyncio.gather(watching, working, return_exceptions=True)

    async def _run_in_engine(self, job: Job, folder: Path, teller: Teller) -> RunOutcome:
        inputs = await gathered_inputs(self.service, job, folder)
        task = await gathered_task(self.service, job, folder)
        out = folder / "out"
        out.mkdir()
        if job.request.kind is TaskKind.TRAIN:
            await put_back_checkpoint(self.service, job, out)
        request = job.request
        order = RunOrder(job.id, job.attempt, request.kind, task, str(out), inputs, request.engine, request.delivery)
        await self.engine.start()  # which does nothing where the last run has left it alive
        return await self.engine.run(order, teller.hear)

    async def _watch(self, teller: Teller, grace_s: float) -> None:
        while True:
            is_to_stop = await teller.write()
            if is_to_stop is None:
                raise Superseded
            if is_to_stop:
                self.engine.cancel(grace_s)
            await teller.a_while()

    async def _finish(self, job: Job, outcome: RunOutcome, out: Path) -> None:
        failure = outcome.failure
        if failure is None or (outcome.is_cancelled and outcome.outputs):
            state = JobState.SUCCEEDED if failure is None else JobState.CANCELLED
            result, made = await kept_result(self.service, job, outcome, out)
            await self._end(job, state, None, result, made)
        elif outcome.is_cancelled:
            await self._end(job, JobState.CANCELLED)
        elif outcome.is_users_fault:
            await self._end(job, JobState.FAILED, failure)
        else:
            await try_again(self.service, job, failure)

    async def _end(
        self,
        job: Job,
        state: JobState,
        failure: Failure | None = None,
        result: Mapping[str, Any] | None = None,
        made: Sequence[FileRecord] = (),
    ) -> None:
        ended = await self.service.database.write(
            lambda connection: end(connection, self.service, job.id, job.attempt, state, failure, result, made)
        )
        if ended is None:
            _log.warning("the end of this run is void: the job has ended before, or another attempt has begun")
        announce(self.service, ended)


@contextlib.asynccontextmanager
async def _scratch_folder() -> AsyncGenerator[Path]:
    """Removed in a thread, so that whoever waits for the job's end does not wait for the disk."""
    folder = Path(tempfile.mkdtemp(prefix="lamina-run-"))
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
