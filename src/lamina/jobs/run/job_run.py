"""One run of a job: given to the agent's engine, watched, and what it made is stored when the engine is free again."""

import asyncio
import contextlib
import logging
import shutil
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from pathlib import Path

from lamina.core.disclosure import for_customers
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.files import FileRecord
from lamina.core.job_results import Result
from lamina.core.jobs import AbsentTask, Failure, Job, JobState
from lamina.core.log_context import with_fields
from lamina.core.tasks import TaskKind
from lamina.jobs.end import announce, end
from lamina.jobs.retry import try_again
from lamina.jobs.run.inputs import gathered_inputs
from lamina.jobs.run.loras import with_local_loras
from lamina.jobs.run.progress_writer import Teller
from lamina.jobs.run.results import stored_result
from lamina.jobs.run.training_progress import put_back_checkpoint
from lamina.service.service import Service
from lamina.worker.host import EngineDied, EngineLost, EngineProcess
from lamina.worker.protocol import EngineIdle, RunMessage, RunOrder, RunOutcome

_log = logging.getLogger(__name__)


class Superseded(Exception):  # noqa: N818  (nothing is wrong with it)
    """This run is not the job's latest any more: another agent has it, or it has ended."""


class JobRun:
    """`behind_engine`: held by the one run of an agent that the engine is done with and that has not ended; `on_free`:
    called when this is that one.
    """

    def __init__(
        self,
        service: Service,
        engine: EngineProcess,
        job: Job,
        behind_engine: asyncio.Lock,
        on_free: Callable[[], None],
    ) -> None:
        self._service, self._engine, self._job = service, engine, job
        self._behind_engine, self._on_free = behind_engine, on_free
        self._is_behind = False
        self._teller = Teller(service, job)

    async def see_through(self) -> None:
        """Raises `Superseded`, and `LaminaError` (store_unavailable)."""
        try:
            async with _scratch_folder() as folder:
                await self._seen_through(folder)
        finally:
            if self._is_behind:
                self._behind_engine.release()

    async def _seen_through(self, folder: Path) -> None:
        try:
            outcome = await self._made(folder)
            await self._finish(outcome, folder / "out")
        except EngineLost as error:
            is_own_doing = isinstance(error, EngineDied) and error.is_own_doing
            failure = _failure_of(error)
            _log.error("%s", error.message, extra=with_fields(error_code=error.code, last_words="\n".join(error.log)))
            await try_again(self._service, self._job, failure, is_own_doing)
        except LaminaError as error:
            if error.code is ErrorCode.STORE_UNAVAILABLE:
                raise
            await self._end(JobState.FAILED, _failure_of(error))

    async def _made(self, folder: Path) -> RunOutcome:
        """Two things beside the run: what the engine tells goes to the store, what the store says to the engine."""
        watching = asyncio.create_task(self._watch())
        working = asyncio.create_task(self._run_in_engine(folder))
        try:
            await asyncio.wait({watching, working}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                watching.result()  # raises
            await self._teller.write_rest()
            return await working
        finally:
            for task in (watching, working):
                task.cancel()
            await asyncio.gather(watching, working, return_exceptions=True)

    async def _run_in_engine(self, folder: Path) -> RunOutcome:
        job = self._job
        inputs = await gathered_inputs(self._service, job, folder)
        request = await with_local_loras(self._service, job, folder)
        if isinstance(request.task, AbsentTask):
            raise LaminaError(
                ErrorCode.TASK_INVALID, "The task of this job cannot be read by this version.", "Submit it again."
            )
        out = folder / "out"
        out.mkdir()
        if request.kind is TaskKind.TRAIN:
            await put_back_checkpoint(self._service, job, out)
        order = RunOrder(
            job_id=job.id,
            attempt=job.attempt,
            task=request.task,
            folder=str(out),
            inputs=inputs,
            engine=request.engine,
            delivery=request.delivery,
        )
        await self._engine.start()  # which does nothing where the last run has left it alive
        return await self._engine.run(order, self._hear)

    def _hear(self, message: RunMessage) -> Awaitable[None] | None:
        return self._leave_engine() if isinstance(message, EngineIdle) else self._teller.hear(message)

    async def _leave_engine(self) -> None:
        """Once the run before has ended: what is made faster than it is stored must not pile up."""
        await self._behind_engine.acquire()
        self._is_behind = True
        self._on_free()

    async def _watch(self) -> None:
        grace_s = self._service.limits.cancel_grace_s_of(self._job.request.kind)
        while True:
            is_to_stop = await self._teller.write()
            if is_to_stop is None:
                raise Superseded
            if is_to_stop:
                self._engine.cancel(self._job.id, grace_s)
            await self._teller.a_while()

    async def _finish(self, outcome: RunOutcome, out: Path) -> None:
        failure = None if outcome.failure is None else _told_failure(outcome.failure, outcome)
        if outcome.result is not None and (failure is None or outcome.is_cancelled):
            state = JobState.SUCCEEDED if failure is None else JobState.CANCELLED
            result, made = await stored_result(self._service, self._job, outcome.result, out)
            await self._end(state, None, result, made)
        elif failure is None:
            await self._end(JobState.SUCCEEDED)
        elif outcome.is_cancelled:
            await self._end(JobState.CANCELLED)
        elif outcome.is_users_fault:
            await self._end(JobState.FAILED, failure)
        elif outcome.is_engines_fault:
            await self._end(JobState.ERRORED, failure)
        else:
            await try_again(self._service, self._job, failure)

    async def _end(
        self,
        state: JobState,
        failure: Failure | None = None,
        result: Result | None = None,
        made: Sequence[FileRecord] = (),
    ) -> None:
        job = self._job
        ended = await self._service.database.write(
            lambda connection: end(
                connection,
                self._service,
                job.id,
                attempt=job.attempt,
                state=state,
                failure=failure,
                result=result,
                made=made,
            )
        )
        if ended is None:
            _log.warning("the end of this run is void: the job has ended before, or another attempt has begun")
        announce(self._service, ended)


def _told_failure(failure: Failure, outcome: RunOutcome) -> Failure:
    """As customers may read it. What they may not goes to the log, and where a fault of ours came from."""
    if outcome.traceback:
        told = with_fields(error_code=failure.code, fault_id=outcome.fault_id, exception=outcome.traceback)
        _log.error("%s", failure.message, extra=told)
    return _failure_of(LaminaError(ErrorCode(failure.code), failure.message, failure.hint))


def _failure_of(error: LaminaError) -> Failure:
    told = for_customers(error)
    if told is not error:
        _log.error("%s", error, extra=with_fields(error_code=error.code.value))
    return Failure(told.code, told.message, told.hint)


@contextlib.asynccontextmanager
async def _scratch_folder() -> AsyncGenerator[Path]:
    """Removed in a thread, so that whoever waits for the job's end does not wait for the disk."""
    folder = Path(tempfile.mkdtemp(prefix="lamina-run-"))
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
