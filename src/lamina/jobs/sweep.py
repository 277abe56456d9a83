"""The sweep: a plain loop in every process that puts right what others have left when they died."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import Failure, Job, JobState
from lamina.jobs.end import announce, end
from lamina.jobs.retry import LOST, tried_again
from lamina.service.service import Service
from lamina.store import agents, jobs

Mend = Callable[[Connection], Job | None]

_log = logging.getLogger(__name__)
_LOCK = 0x5357454550  # "SWEEP": on Postgres one process at a time
_TOO_LATE = Failure(
    ErrorCode.DEADLINE_PASSED, "The job did not start in the time that it was given.", "Give it more, or add agents."
)
_TOO_LONG = Failure(
    ErrorCode.DEADLINE_PASSED, "The job did not end in the time that it was given.", "Give it more, or ask for less."
)


async def keep_sweeping(service: Service) -> None:
    """Until it is cancelled."""
    while True:
        try:
            await sweep(service)
        except LaminaError as error:  # the store is away; the next round tells
            _log.warning("the sweep waits: %s", error)
        await asyncio.sleep(service.limits.agent_lost_s / 4)


async def sweep(service: Service) -> list[Job]:
    """Those that it has ended. Jobs of lost agents are queued again.

    Each job is a transaction of its own, as elsewhere: one of many jobs would lock wallets that their agents wait for.
    """
    found = await service.database.write(lambda connection: _found(connection, service))
    ended = [job for mend in found if (job := await service.database.write(mend)) is not None]
    for job in ended:
        announce(service, job)
    if found:
        service.dispatcher.wake()
    await service.database.write(lambda connection: _reconcile(connection, service))
    return ended


def _found(connection: Connection, service: Service) -> list[Mend]:
    if not _is_mine(connection):
        return []
    now = service.clock()
    if lost := agents.remove_unseen(connection, now - service.limits.agent_lost_s):
        _log.warning("%d agents were not heard of for %g s", lost, service.limits.agent_lost_s)
    return [
        *(partial(tried_again, service=service, job=job, failure=LOST) for job in agents.abandoned(connection)),
        *(_ending(service, job_id, 0, JobState.FAILED, _TOO_LATE) for job_id in jobs.past_start(connection, now)),
        *(_ending(service, job_id, of, JobState.ERRORED, _TOO_LONG) for job_id, of in jobs.past_run(connection, now)),
    ]


def _ending(service: Service, job_id: str, attempt: int, state: JobState, failure: Failure) -> Mend:
    return lambda connection: end(connection, service, job_id, attempt=attempt, state=state, failure=failure)


def _reconcile(connection: Connection, service: Service) -> None:
    if _is_mine(connection):
        service.dispatcher.reconcile(connection)


def _is_mine(connection: Connection) -> bool:
    """Of all sweeps at this moment; SQLite has one writer anyway."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK))).scalar())
