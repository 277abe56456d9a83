"""Webhooks that wait: leased by one at a time, tried until they are taken or dead, and replayed on demand."""

import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.store import outbox
from lamina.store.database import Database
from waiting import completed


def add(connection: Connection, event_id: str, now: float = 10.0) -> None:
    outbox.insert(connection, event_id, f"job of {event_id}", "key", "completed", "https://example.org", now)


def test_a_leased_webhook_is_nobody_elses_until_the_lease_is_over(connection: Connection) -> None:
    add(connection, "one")
    leased = outbox.lease(connection, 10.0, 40.0, 5)
    assert [(webhook.id, webhook.attempts) for webhook in leased] == [("one", 1)]
    assert outbox.lease(connection, 39.0, 99.0, 5) == []
    assert [webhook.attempts for webhook in outbox.lease(connection, 40.0, 70.0, 5)] == [2]


def test_those_that_wait_longest_go_first(connection: Connection) -> None:
    for event_id, now in (("late", 30.0), ("early", 10.0), ("later", 50.0)):
        add(connection, event_id, now)
    assert [webhook.id for webhook in outbox.lease(connection, 40.0, 99.0, 1)] == ["early"]
    assert [webhook.id for webhook in outbox.lease(connection, 40.0, 99.0, 9)] == ["late"]


def test_a_delivered_one_is_done(connection: Connection) -> None:
    add(connection, "one")
    outbox.lease(connection, 10.0, 40.0, 5)
    outbox.delivered(connection, "one", 200, 11.0)
    assert outbox.lease(connection, 99.0, 120.0, 5) == []
    assert [(one.last_status, one.ended_at) for one in outbox.in_state(connection, outbox.DELIVERED)] == [(200, 11.0)]
    outbox.failed(connection, "one", 500, "late news", 12.0)
    assert outbox.lease(connection, 99.0, 120.0, 5) == []


def test_a_failed_one_comes_again_when_it_is_time(connection: Connection) -> None:
    add(connection, "one")
    outbox.lease(connection, 10.0, 40.0, 5)
    outbox.failed(connection, "one", 503, "it answered 503", 60.0)
    assert outbox.lease(connection, 59.0, 99.0, 5) == []
    again = outbox.lease(connection, 60.0, 99.0, 5)
    assert [(one.attempts, one.last_status, one.last_error) for one in again] == [(2, 503, "it answered 503")]


def test_a_dead_one_is_listed_and_can_be_replayed(connection: Connection) -> None:
    add(connection, "one")
    add(connection, "alive")
    outbox.lease(connection, 10.0, 40.0, 5)
    outbox.died(connection, "one", None, "no such host", 11.0)
    assert [one.id for one in outbox.in_state(connection, outbox.DEAD)] == ["one"]
    assert outbox.replay(connection, ["one", "alive", "unknown"], 20.0) == 1
    assert [(one.id, one.attempts) for one in outbox.lease(connection, 20.0, 60.0, 5)] == [("one", 1)]


def test_a_job_tells_of_each_event_once(connection: Connection) -> None:
    add(connection, "one")
    with pytest.raises(sa.exc.IntegrityError), connection.begin_nested():
        outbox.insert(connection, "two", "job of one", "key", "completed", "https://example.org", 10.0)


def test_many_who_lease_at_once_share_them_out(database: Database) -> None:
    with database.engine.begin() as connection:
        for n in range(40):
            add(connection, f"one {n:02}")

    async def scenario() -> list[str]:
        leased = await asyncio.gather(
            *(database.write(lambda connection: outbox.lease(connection, 10.0, 99.0, 4)) for _ in range(16))
        )
        return [webhook.id for some in leased for webhook in some]

    ids = completed(scenario())
    assert len(ids) == len(set(ids))
    assert len(ids) + len(database.write_now(lambda c: outbox.lease(c, 10.0, 99.0, 99))) == 40


def test_one_that_failed_and_waits_is_replayed_at_once(connection: Connection) -> None:
    for event_id in ("failed", "fresh", "done"):
        add(connection, event_id)
    outbox.lease(connection, 10.0, 40.0, 5)
    outbox.failed(connection, "failed", 500, "it answered 500", 7210.0)
    outbox.delivered(connection, "done", 200, 11.0)
    assert outbox.replay(connection, None, 20.0) == 1
    assert [(one.id, one.attempts) for one in outbox.lease(connection, 20.0, 60.0, 5)] == [("failed", 1)]


def test_those_that_were_refused_lately_are_revived_and_no_others(connection: Connection) -> None:
    for event_id in ("old", "refused", "dead"):
        add(connection, event_id)
    outbox.died(connection, "old", None, "refused", 11.0, is_refused=True)
    outbox.died(connection, "refused", None, "refused", 30.0, is_refused=True)
    outbox.died(connection, "dead", 500, "it answered 500", 30.0)
    assert outbox.revive_refused(connection, 20.0, 50.0) == 1
    assert [one.id for one in outbox.lease(connection, 50.0, 90.0, 5)] == ["refused"]
    assert [one.id for one in outbox.in_state(connection, outbox.DEAD)] == ["dead", "old"]
