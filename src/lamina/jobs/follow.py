"""Reads jobs for their users: the state, the events as they come, and the expected end."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import Job, JobEvent, JobState
from lamina.core.webhooks import Webhook
from lamina.service.service import Service
from lamina.store import events, jobs, outbox
from lamina.store.queue_statistics import Outlook, seen

_LOOK_AGAIN_S = 0.25  # changes by other processes are found by polling


@dataclass(frozen=True, slots=True)
class JobView:
    """A job with what the queue and the outbox know of it. `position`: how many jobs go before it; `eta_s`: seconds to
    its expected end; `webhooks`: with their states.
    """

    job: Job
    position: int | None = None
    eta_s: float | None = None
    webhooks: tuple[Webhook, ...] = ()


async def view(service: Service, key_id: str, job_id: str) -> JobView:
    """Raises `LaminaError` (not_found), also for a job of another key."""

    def work(connection: Connection) -> tuple[Job, Outlook, tuple[Webhook, ...]] | None:
        seen_job = seen(connection, job_id, key_id)
        if seen_job is None:
            return None
        request = seen_job[0].request
        has_deliveries = request.webhook_url is not None or request.upload_url is not None
        return (*seen_job, tuple(outbox.of_job(connection, job_id)) if has_deliveries else ())

    seen_job = await service.database.read(work)
    if seen_job is None:
        raise no_such_job(job_id)
    job, outlook, webhooks = seen_job
    return replace(_view(job, outlook, service.clock()), webhooks=webhooks)


async def newest(
    service: Service, key_id: str, limit: int, before: str | None = None, state: JobState | None = None
) -> list[Job]:
    return await service.database.read(lambda connection: jobs.of_key(connection, key_id, limit, before, state))


async def ended(service: Service, key_id: str, job_id: str, wait_s: float) -> Job:
    """The job when it has ended, or as it is after `wait_s` seconds."""
    until = service.clock() + wait_s
    while True:
        job = await _job(service, key_id, job_id)
        left_s = until - service.clock()
        if not job.state.is_open or left_s <= 0:
            return job
        await service.signals.wait(job_id, min(left_s, _LOOK_AGAIN_S))


async def followed(service: Service, key_id: str, job_id: str, after: int = 0) -> AsyncIterator[JobEvent | None]:
    """The events after the number `after`, until the job has ended. Yields None now and then, when nothing is new."""
    await _job(service, key_id, job_id)
    while True:
        # The state is read first, so that an event between the two reads is not lost but read next time.
        job = await _job(service, key_id, job_id)
        fresh = await _fresh(service, job_id, after)
        for event in fresh:
            after = event.number
            yield event
        if not job.state.is_open and not fresh:
            return
        if not fresh:
            yield None
            await service.signals.wait(job_id, _LOOK_AGAIN_S)


async def happened(service: Service, job_id: str, after: int = 0) -> list[JobEvent]:
    """All events so far after the number `after`. The caller has checked that the key may see the job."""
    events: list[JobEvent] = []
    while fresh := await _fresh(service, job_id, events[-1].number if events else after):
        events += fresh
    return events


async def queue_length(service: Service) -> int:
    """The number of queued jobs, of all keys."""
    counts = await service.database.read(jobs.count_by_state)
    return sum(count for (state, _), count in counts.items() if state == JobState.QUEUED)


async def _job(service: Service, key_id: str, job_id: str) -> Job:
    """Without its outlook, which takes another query as long. Raises `LaminaError` (not_found)."""
    job = await service.database.read(lambda connection: jobs.by_id(connection, job_id, key_id))
    if job is None:
        raise no_such_job(job_id)
    return job


async def _fresh(service: Service, job_id: str, after: int) -> list[JobEvent]:
    return await service.database.read(lambda connection: events.after(connection, job_id, after))


def no_such_job(job_id: str) -> LaminaError:
    return LaminaError(
        ErrorCode.NOT_FOUND, f"There is no job {job_id}.", "Check the id, and that it belongs to this API key."
    )


def _view(job: Job, outlook: Outlook, now: float) -> JobView:
    usual_s, position = outlook.usual_s, outlook.position
    if position is not None:
        rounds = position // max(1, outlook.agent_count or 0) + 1
        return JobView(job, position, None if usual_s is None else usual_s * rounds)
    if job.progress.eta_s is not None or usual_s is None or job.started_at is None:
        return JobView(job, None, job.progress.eta_s)
    return JobView(job, None, max(0.0, usual_s - (now - job.started_at)))
