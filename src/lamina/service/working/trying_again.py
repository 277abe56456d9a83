"""Gives a job that did not end another attempt, unless it has had all that it may have."""

from sqlalchemy import Connection

from lamina.core.errors import ErrorCode
from lamina.core.jobs import Failure, Job, JobState
from lamina.service.ending import announce, end
from lamina.service.service import Service
from lamina.store import events, jobs

LOST = Failure(ErrorCode.ENGINE_CRASHED, "The agent that ran this job is gone.")


async def try_again(service: Service, job: Job, failure: Failure) -> None:
    """After a run that went wrong by our own fault."""
    ended = await service.database.write(lambda connection: tried_again(connection, service, job, failure))
    announce(service, ended)
    service.signals.changed(job.id)
    service.dispatcher.wake()


async def give_back(service: Service, job: Job) -> None:
    """A run that nothing is wrong with, but for which there is no time here: it does not count as an attempt."""

    def work(connection: Connection) -> Job | None:
        if _is_to_stop(connection, job):
            return end(connection, service, job.id, job.attempt, JobState.CANCELLED)
        _requeue(connection, service, job, "given back", is_excused=True)
        return None

    announce(service, await service.database.write(work))
    service.signals.changed(job.id)
    service.dispatcher.wake()


def tried_again(connection: Connection, service: Service, job: Job, failure: Failure) -> Job | None:
    """The job if this has ended it; None if it is queued again, or another attempt has begun."""
    if _is_to_stop(connection, job):
        return end(connection, service, job.id, job.attempt, JobState.CANCELLED)
    if jobs.counted_attempts(connection, job.id) < service.limits.max_attempts:
        _requeue(connection, service, job, failure.message)
        return None
    return end(connection, service, job.id, job.attempt, JobState.ERRORED, failure)


def _is_to_stop(connection: Connection, job: Job) -> bool:
    """Asked now, for `job` is as it was when it was claimed."""
    now = jobs.locked(connection, job.id)
    return now is not None and now.is_cancel_requested


def _requeue(connection: Connection, service: Service, job: Job, why: str, is_excused: bool = False) -> None:
    now = service.clock()
    if jobs.requeue(connection, job.id, job.attempt, now, is_excused) is None:
        return
    told = {"state": JobState.QUEUED, "attempt": job.attempt, "why": why}
    events.append(connection, job.id, "state", told, now)
    service.dispatcher.enqueue(connection, job.id, job.request.priority, is_again=True)
