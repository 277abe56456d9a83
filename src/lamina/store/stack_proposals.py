"""Stores which jobs are open proposals for a stack: those that were neither accepted nor discarded."""

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.core.jobs import Job
from lamina.store.job_rows import job_of
from lamina.store.tables import jobs, stack_proposals

_C = stack_proposals.c


def insert(connection: Connection, stack_id: str, job_id: str) -> None:
    connection.execute(stack_proposals.insert(), {"stack_id": stack_id, "job_id": job_id})


def remove(connection: Connection, job_id: str) -> None:
    """Does nothing if it is no open proposal."""
    connection.execute(stack_proposals.delete().where(_C.job_id == job_id))


def of_stack(connection: Connection, stack_id: str, limit: int, before: str | None = None) -> list[Job]:
    """Newest first. `before`: the id of a job; only older ones."""
    query = sa.select(jobs).join(stack_proposals, _C.job_id == jobs.c.id).where(_C.stack_id == stack_id)
    query = query.order_by(jobs.c.id.desc()).limit(limit)
    rows = connection.execute(query if before is None else query.where(jobs.c.id < before))
    return [job_of(row) for row in rows]
