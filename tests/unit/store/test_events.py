"""A job's events: numbered without gaps, read from anywhere on, gone when they are to be forgotten."""

from sqlalchemy import Connection
from store_rows import added_job

from lamina.core.jobs import JobEvent
from lamina.core.keys import ApiKey
from lamina.store import events


def test_events_are_numbered_by_job(connection: Connection, key: ApiKey) -> None:
    one, other = added_job(connection, key), added_job(connection, key)
    for line in ("a", "b"):
        events.append(connection, one.id, "log", {"line": line}, 1.0)
    events.append(connection, other.id, "state", {"state": "queued"}, 2.0)
    assert events.after(connection, one.id, 0) == [
        JobEvent(one.id, 1, 1.0, "log", {"line": "a"}),
        JobEvent(one.id, 2, 1.0, "log", {"line": "b"}),
    ]
    assert [event.number for event in events.after(connection, other.id, 0)] == [1]


def test_who_comes_back_reads_on_from_where_it_was(connection: Connection, key: ApiKey) -> None:
    job = added_job(connection, key)
    for n in range(6):
        events.append(connection, job.id, "log", {"line": str(n)}, 1.0)
    assert [event.number for event in events.after(connection, job.id, 2, limit=3)] == [3, 4, 5]
    assert events.after(connection, job.id, 6) == []


def test_forgotten_events_are_gone(connection: Connection, key: ApiKey) -> None:
    job = added_job(connection, key)
    events.append(connection, job.id, "log", {"line": "secret"}, 1.0)
    events.forget(connection, job.id)
    assert events.after(connection, job.id, 0) == []
