"""Queues a job again after an attempt that failed by our fault, until its attempts are used up.

An attempt of a training that reached a new checkpoint does not count, since its steps are not repeated. A job that
crashes its engine process gets one more attempt, in a new process; a third would crash as well.
"""

from dataclasses import replace

from sqlalchemy import Connection

from lamina.core.errors import ErrorCode
from lamina.core.jobs import Failure, Job, JobState
from lamina.jobs.end import announce, end
from lamina.jobs.log import log_again
from lamina.service.service import Service
from lamina.store import checkpoints, events, jobs

_CRASHED = "has_crashed"
_TWICE = "This happened in two attempts at this job."
_OTHERWISE = "It would probably happen again; try another size or another engine."
LOST = Failure(ErrorCode.ENGINE_CRASHED, "The agent that ran this job is gone.")


async def try_again(service: Service, job: Job, failure: Failure, is_own_doing: bool = False) -> None:
    """After a run that failed by our fault. `is_own_doing`: the run crashed its engine process."""
    ended = await service.database.write(
        lambda connection: requeue_or_end(connection, service, job, failure, is_own_doing)
    )
    announce(service, ended)
    service.signals.changed(job.id)
    service.dispatcher.wake()


async def give_back(service: Service, job: Job) -> None:
    """Queues a running job again because this process is about to stop; the attempt does not count."""

    def work(connection: Connection) -> Job | None:
        if _is_to_stop(connection, job):
            return end(connection, service, job.id, job.attempt, JobState.CANCELLED)
        _requeue(connection, service, job, "given back", is_excused=True)
        return None

    announce(service, await service.database.write(work))
    service.signals.changed(job.id)
    service.dispatcher.wake()


def requeue_or_end(
    connection: Connection, service: Service, job: Job, failure: Failure, is_own_doing: bool = False
) -> Job | None:
    """Queues the job again, or ends it if it may have no more attempts. The job if it has ended; None otherwise."""
    if _is_to_stop(connection, job):
        return end(connection, service, job.id, job.attempt, JobState.CANCELLED)
    is_excused = _has_progressed(connection, job)
    is_hopeless = is_own_doing and _has_crashed_before(connection, job)
    has_more = jobs.counted_attempts(connection, job.id) < service.limits.max_attempts and not is_hopeless
    if is_excused or has_more:
        _requeue(connection, service, job, failure.message, is_excused=is_excused, has_crashed=is_own_doing)
        return None
    last = replace(failure, message=f"{failure.message} {_TWICE}", hint=_OTHERWISE) if is_hopeless else failure
    return end(connection, service, job.id, attempt=job.attempt, state=JobState.ERRORED, failure=last)


def _is_to_stop(connection: Connection, job: Job) -> bool:
    """Read again, since `job` is as it was when it was claimed."""
    now = jobs.locked(connection, job.id)
    return now is not None and now.is_cancel_requested


def _has_progressed(connection: Connection, job: Job) -> bool:
    """Whether this attempt has reached a checkpoint that no attempt had reached before."""
    last = checkpoints.latest(connection, job.id)
    return last is not None and last.attempt == job.attempt


def _has_crashed_before(connection: Connection, job: Job) -> bool:
    """Whether an earlier attempt crashed the engine process."""
    return any(_CRASHED in event.data for event in events.states(connection, job.id))


def _requeue(
    connection: Connection,
    service: Service,
    job: Job,
    why: str,
    *,
    is_excused: bool = False,
    has_crashed: bool = False,
) -> None:
    now = service.clock()
    if jobs.requeue(connection, job.id, job.attempt, now, is_excused) is None:
        return
    state_data = {
        "state": JobState.QUEUED,
        "attempt": job.attempt,
        "why": why,
        **({_CRASHED: True} if has_crashed else {}),
    }
    events.append(connection, job.id, events.STATE, state_data, now)
    log_again(job, why)
    service.dispatcher.enqueue(connection, job.id, job.request.priority, is_again=True)
