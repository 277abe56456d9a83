"""The sweep: a plain loop in every process that puts right what others have left when they died."""

import asyncio
import logging

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import Failure, Job, JobState
from lamina.service.ending import announce, end
from lamina.service.service import Service
from lamina.service.working.trying_again import LOST, tried_again
from lamina.store import agents, jobs

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
    """Those that it has ended. Jobs of lost agents are queued again."""
    ended = await service.database.write(lambda connection: _swept(connection, service))
    for job in ended:
        announce(service, job)
    service.dispatcher.wake()
    return ended


def _swept(connection: Connection, service: Service) -> list[Job]:
    if not _is_mine(connection):
        return []
    now = service.clock()
    if lost := agents.remove_unseen(connection, now - service.limits.agent_lost_s):
        _log.warning("%d agents were not heard of for %g s", lost, service.limits.agent_lost_s)
    ended = [tried_again(connection, service, job, LOST) for job in agents.abandoned(connection)]
    late, long = jobs.past_start(connection, now), jobs.past_run(connection, now)
    ended += [end(connection, service, job_id, None, JobState.FAILED, _TOO_LATE) for job_id in late]
    ended += [end(connection, service, job_id, attempt, JobState.ERRORED, _TOO_LONG) for job_id, attempt in long]
    service.dispatcher.reconcile(connection)
    return [job for job in ended if job is not None]


def _is_mine(connection: Connection) -> bool:
    """Of all sweeps at this moment; SQLite has one writer anyway."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK))).scalar())
