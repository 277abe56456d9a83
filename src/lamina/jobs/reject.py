"""Stores an invalid request as a failed job, for clients that look for errors only in the result."""

from dataclasses import replace

from sqlalchemy import Connection

from lamina.core.ids import new_id
from lamina.core.jobs import Failure, Job, JobRequest, JobState
from lamina.core.keys import ApiKey
from lamina.jobs.end import announce, end
from lamina.jobs.submit import check_addresses, check_limits
from lamina.service.service import Service
from lamina.store import events, jobs


async def submit_refused(service: Service, key: ApiKey, request: JobRequest, failure: Failure) -> Job:
    """A job that has failed already: it is free, no agent gets it, and its webhook is sent.

    Raises `LaminaError`: limit_reached, address_refused (its webhook's).
    """
    check_addresses(service, request)
    now = service.clock()
    job = Job(
        id=new_id(),
        key_id=key.id,
        request=replace(request, inputs=()),
        state=JobState.QUEUED,
        attempt=0,
        created_at=now,
        queued_at=now,
        price_micros=0,
    )

    def work(connection: Connection) -> Job | None:
        check_limits(connection, key, now)
        jobs.insert(connection, job, None, None, None)
        events.append(connection, job.id, "state", {"state": JobState.QUEUED}, now)
        return end(connection, service, job.id, attempt=None, state=JobState.FAILED, failure=failure, charge_micros=0)

    ended = await service.database.write(work)
    assert ended is not None  # noqa: S101  (no other transaction has seen it)
    service.observer.job_submitted(job)
    announce(service, ended)
    return ended
