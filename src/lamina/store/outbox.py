"""The outbox of webhooks: inserted in their event's transaction, leased for sending, dead after the last attempt."""

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.core.webhooks import DEAD, DELIVERED, PENDING, Webhook
from lamina.store.tables import webhooks

_C = webhooks.c
_OF_JOB = sa.select(webhooks).where(_C.job_id == sa.bindparam("of_job")).order_by(_C.id)


def insert(connection: Connection, event_id: str, job_id: str, key_id: str, event: str, url: str, now: float) -> None:
    connection.execute(
        webhooks.insert(),
        {
            "id": event_id,
            "job_id": job_id,
            "key_id": key_id,
            "event": event,
            "url": url,
            "state": PENDING,
            "attempts": 0,
            "next_at": now,
            "created_at": now,
        },
    )


def lease(connection: Connection, now: float, until: float, limit: int) -> list[Webhook]:
    """Take up to `limit` webhooks that are due. Other senders can take them from `until` on, should this one die."""
    due = sa.select(_C.id).where(_C.state == PENDING, _C.next_at <= now).order_by(_C.next_at).limit(limit)
    if connection.dialect.name == "postgresql":
        due = due.with_for_update(skip_locked=True)
    taken = webhooks.update().where(_C.id.in_(due)).values(next_at=until, attempts=_C.attempts + 1)
    return [Webhook(**row) for row in connection.execute(taken.returning(*_C)).mappings()]


def delivered(connection: Connection, event_id: str, status: int, now: float) -> None:
    _write(connection, event_id, state=DELIVERED, last_status=status, last_error=None, ended_at=now)


def failed(connection: Connection, event_id: str, status: int | None, error: str, next_at: float) -> None:
    _write(connection, event_id, last_status=status, last_error=error, next_at=next_at)


def hold(connection: Connection, event_id: str, until: float) -> None:
    """Extend the lease of one that takes longer to send."""
    _write(connection, event_id, next_at=until)


def died(
    connection: Connection, event_id: str, status: int | None, error: str, now: float, *, is_refused: bool = False
) -> None:
    _write(
        connection, event_id, state=DEAD, last_status=status, last_error=error, ended_at=now, is_refused=is_refused
    )  # fmt: skip


def in_state(connection: Connection, state: str, limit: int = 1000) -> list[Webhook]:
    query = sa.select(webhooks).where(_C.state == state).order_by(_C.id).limit(limit)
    return [Webhook(**row) for row in connection.execute(query).mappings()]


def of_job(connection: Connection, job_id: str) -> list[Webhook]:
    """Oldest first."""
    return [Webhook(**row) for row in connection.execute(_OF_JOB, {"of_job": job_id}).mappings()]


def replay(connection: Connection, event_ids: list[str] | None, now: float) -> int:
    """Send webhooks again that are dead, or that failed and wait for their next attempt; attempts count from 0 again.

    `event_ids`: only these; None for all. Returns their number.
    """
    is_replayable = sa.or_(_C.state == DEAD, (_C.state == PENDING) & _C.last_error.is_not(None))
    which = is_replayable if event_ids is None else is_replayable & _C.id.in_(event_ids)
    return _retry(connection, which, now)


def revive_refused(connection: Connection, since: float, now: float) -> int:
    """Send webhooks again that died at or after `since` because their address was not allowed. Returns their number."""
    return _retry(connection, (_C.state == DEAD) & _C.is_refused & (_C.ended_at >= since), now)


def _retry(connection: Connection, which: sa.ColumnElement[bool], now: float) -> int:
    values = {"state": PENDING, "attempts": 0, "next_at": now, "ended_at": None, "is_refused": False}
    return connection.execute(webhooks.update().where(which).values(**values)).rowcount


def _write(connection: Connection, event_id: str, **values: object) -> None:
    connection.execute(webhooks.update().where(_C.id == event_id, _C.state == PENDING).values(**values))
