"""The sweep: a loop in every process that cleans up after processes that have died."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import Failure, Job, JobState
from lamina.jobs.end import announce, end
from lamina.jobs.retry import LOST, requeue_or_end
from lamina.service.service import Service
from lamina.store import agents, jobs

Mend = Callable[[Connection], Job | None]

_log = logging.getLogger(__name__)
_LOCK = 0x5357454550  # "SWEEP": on Postgres one process at a time
_TOO_LATE = Failure(
    ErrorCode.DEADLINE_PASSED, "The job did not start before its deadline.", "Allow more time, or add agents."
)
_TOO_LONG = Failure(
    ErrorCode.DEADLINE_PASSED, "The job did not end before its deadline.", "Allow more time, or ask for less work."
)


async def keep_sweeping(service: Service) -> None:
    """Sweeps at intervals until it is cancelled."""
    while True:
        try:
            await sweep(service)
        except LaminaError as error:  # the store is unavailable
            _log.warning("the sweep has failed, the next round tries again: %s", error)
        await asyncio.sleep(service.limits.agent_lost_s / 4)


async def sweep(service: Service) -> list[Job]:
    """Queues jobs of lost agents again and ends those past their deadlines. The jobs that it has ended.

    Each job gets a transaction of its own: one for many jobs would lock wallets that their agents wait for.
    """
    mends = await service.database.write(lambda connection: _mends(connection, service))
    ended = [job for mend in mends if (job := await service.database.write(mend)) is not None]
    for job in ended:
        announce(service, job)
    if mends:
        service.dispatcher.wake()
    await service.database.write(lambda connection: _reconcile(connection, service))
    return ended


def _mends(connection: Connection, service: Service) -> list[Mend]:
    if not _is_mine(connection):
        return []
    now = service.clock()
    if lost := agents.remove_unseen(connection, now - service.limits.agent_lost_s):
        _log.warning("%d agents have sent no heartbeat for %g s", lost, service.limits.agent_lost_s)
    return [
        *(partial(requeue_or_end, service=service, job=job, failure=LOST) for job in agents.abandoned(connection)),
        *(_ending(service, job_id, 0, JobState.FAILED, _TOO_LATE) for job_id in jobs.past_start(connection, now)),
        *(_ending(service, job_id, of, JobState.ERRORED, _TOO_LONG) for job_id, of in jobs.past_run(connection, now)),
    ]


def _ending(service: Service, job_id: str, attempt: int, state: JobState, failure: Failure) -> Mend:
    return lambda connection: end(connection, service, job_id, attempt=attempt, state=state, failure=failure)


def _reconcile(connection: Connection, service: Service) -> None:
    if _is_mine(connection):
        service.dispatcher.reconcile(connection)


def _is_mine(connection: Connection) -> bool:
    """Whether this sweep is the only one at the moment. SQLite has one writer anyway."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK))).scalar())
