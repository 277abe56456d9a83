"""Stores the numbered events of each job, so that clients can catch up after a lost connection."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.core.jobs import JobEvent
from lamina.store.tables import job_events

STATE = "state"
_COLUMNS = job_events.c
_NEXT = (
    sa.select(sa.func.coalesce(sa.func.max(_COLUMNS.number), 0) + 1)
    .where(_COLUMNS.job_id == sa.bindparam("of_job"))
    .scalar_subquery()
)
_APPEND = job_events.insert().values(number=_NEXT)
_AFTER = (
    sa.select(job_events)
    .where(_COLUMNS.job_id == sa.bindparam("of_job"), _COLUMNS.number > sa.bindparam("after"))
    .order_by(_COLUMNS.number)
    .limit(sa.bindparam("count"))
)


def append(connection: Connection, job_id: str, kind: str, data: Mapping[str, Any], now: float) -> None:
    """The caller must hold a lock on the job's row, so that no two events get the same number."""
    connection.execute(_APPEND, {"of_job": job_id, "job_id": job_id, "at": now, "kind": kind, "data": dict(data)})


def after(connection: Connection, job_id: str, number: int, limit: int = 500) -> list[JobEvent]:
    """At most `limit` events whose number is greater than `number`, in order."""
    rows = connection.execute(_AFTER, {"of_job": job_id, "after": number, "count": limit})
    return [_event(row) for row in rows]


def states(connection: Connection, job_id: str) -> list[JobEvent]:
    """The state changes only: they are few, however long the job has run."""
    query = sa.select(job_events).where(_COLUMNS.job_id == job_id, _COLUMNS.kind == STATE).order_by(_COLUMNS.number)
    return [_event(row) for row in connection.execute(query)]


def forget(connection: Connection, job_id: str) -> None:
    connection.execute(job_events.delete().where(_COLUMNS.job_id == job_id))


def _event(row: sa.Row[Any]) -> JobEvent:
    return JobEvent(row.job_id, row.number, row.at, row.kind, row.data)
