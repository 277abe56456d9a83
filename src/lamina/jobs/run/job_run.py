"""One run of a job: starts it in the engine, watches for its cancellation, stores its outputs and ends the job."""

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
from lamina.jobs.run.inputs import gather_inputs
from lamina.jobs.run.loras import with_local_loras
from lamina.jobs.run.progress_writer import ProgressWriter
from lamina.jobs.run.results import store_result
from lamina.jobs.run.training_progress import restore_checkpoint
from lamina.service.service import Service
from lamina.worker.host import EngineDied, EngineLost, EngineProcess
from lamina.worker.protocol import EngineIdle, RunMessage, RunOrder, RunOutcome

_log = logging.getLogger(__name__)


class Superseded(Exception):  # noqa: N818  (it is no error)
    """This run is not the job's latest any more: another agent has it, or it has ended."""


class JobRun:
    """`behind_engine`: held by the one run of an agent that has left the engine and has not ended; `on_free`: called
    when this run has left the engine.
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
        self._is_storing = False
        self._progress = ProgressWriter(service, job)

    async def run(self) -> None:
        """Raises `Superseded`, and `LaminaError` (store_unavailable)."""
        try:
            async with _scratch_folder() as folder:
                await self._run(folder)
        finally:
            if self._is_storing:
                self._behind_engine.release()

    async def _run(self, folder: Path) -> None:
        try:
            outcome = await self._run_watched(folder)
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

    async def _run_watched(self, folder: Path) -> RunOutcome:
        """Runs the order in the engine; meanwhile writes its progress, and forwards a cancellation to the engine."""
        watching = asyncio.create_task(self._watch())
        working = asyncio.create_task(self._run_in_engine(folder))
        try:
            await asyncio.wait({watching, working}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                watching.result()  # raises
            await self._progress.flush()
            return await working
        finally:
            for task in (watching, working):
                task.cancel()
            await asyncio.gather(watching, working, return_exceptions=True)

    async def _run_in_engine(self, folder: Path) -> RunOutcome:
        job = self._job
        inputs = await gather_inputs(self._service, job, folder)
        request = await with_local_loras(self._service, job, folder)
        if isinstance(request.task, AbsentTask):
            raise LaminaError(
                ErrorCode.TASK_INVALID, "The task of this job cannot be read by this version.", "Submit it again."
            )
        out = folder / "out"
        out.mkdir()
        if request.kind is TaskKind.TRAIN:
            await restore_checkpoint(self._service, job, out)
        order = RunOrder(
            job_id=job.id,
            attempt=job.attempt,
            task=request.task,
            folder=str(out),
            inputs=inputs,
            engine=request.engine,
            delivery=request.delivery,
        )
        await self._engine.start()  # does nothing if it is alive
        return await self._engine.run(order, self._on_message)

    def _on_message(self, message: RunMessage) -> Awaitable[None] | None:
        return self._leave_engine() if isinstance(message, EngineIdle) else self._progress.on_message(message)

    async def _leave_engine(self) -> None:
        """Waits for the run before to end, so that outputs are not made faster than they are stored."""
        await self._behind_engine.acquire()
        self._is_storing = True
        self._on_free()

    async def _watch(self) -> None:
        grace_s = self._service.limits.cancel_grace_s_of(self._job.request.kind)
        while True:
            is_to_stop = await self._progress.write()
            if is_to_stop is None:
                raise Superseded
            if is_to_stop:
                self._engine.cancel(self._job.id, grace_s)
            await self._progress.pause()

    async def _finish(self, outcome: RunOutcome, out: Path) -> None:
        failure = None if outcome.failure is None else _customer_failure(outcome.failure, outcome)
        if outcome.result is not None and (failure is None or outcome.is_cancelled):
            state = JobState.SUCCEEDED if failure is None else JobState.CANCELLED
            result, made = await store_result(self._service, self._job, outcome.result, out)
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
            _log.warning("the end of this run is ignored: the job has ended before, or another attempt has begun")
        announce(self._service, ended)


def _customer_failure(failure: Failure, outcome: RunOutcome) -> Failure:
    """As customers may read it. The full failure and its traceback go to the log."""
    if outcome.traceback:
        fields = with_fields(error_code=failure.code, fault_id=outcome.fault_id, exception=outcome.traceback)
        _log.error("%s", failure.message, extra=fields)
    return _failure_of(LaminaError(ErrorCode(failure.code), failure.message, failure.hint))


def _failure_of(error: LaminaError) -> Failure:
    public = for_customers(error)
    if public is not error:
        _log.error("%s", error, extra=with_fields(error_code=error.code.value))
    return Failure(public.code, public.message, public.hint)


@contextlib.asynccontextmanager
async def _scratch_folder() -> AsyncGenerator[Path]:
    """Removed in a thread, so that the end of the job does not wait for the disk."""
    folder = Path(tempfile.mkdtemp(prefix="lamina-run-"))
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
