"""Cancels a job: at once while it is queued, at the engine's next step while it runs."""

from sqlalchemy import Connection

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import Job, JobState
from lamina.jobs.end import announce, end
from lamina.jobs.follow import no_such_job
from lamina.service.service import Service
from lamina.store import events, jobs


async def cancel(service: Service, key_id: str, job_id: str) -> Job:
    """The job, which is cancelled or will stop. Raises `LaminaError`: not_found, state_conflict (it has ended)."""

    def work(connection: Connection) -> tuple[Job, bool]:
        job = jobs.locked(connection, job_id, key_id)
        if job is None:
            raise no_such_job(job_id)
        if job.state is JobState.QUEUED and (ended := end(connection, service, job_id, None, JobState.CANCELLED)):
            return ended, True
        if jobs.request_cancel(connection, job_id):
            events.append(connection, job_id, "log", {"line": "Asked to stop."}, service.clock())
            cancelled_job = jobs.by_id(connection, job_id)
            assert cancelled_job is not None  # noqa: S101  (this transaction has its row)
            return cancelled_job, False
        raise LaminaError(
            ErrorCode.STATE_CONFLICT,
            f"Job {job_id} has ended: {job.state}.",
            "Only a queued or running job can be cancelled.",
        )

    job, is_ended = await service.database.write(work)
    if is_ended:
        announce(service, job)
    else:
        service.signals.changed(job.id)
    return job
