"""Stores JSON values for the vendor APIs, by key, kind and a name that the API's clients use."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.store.tables import records

_C = records.c


def insert(
    connection: Connection,
    key_id: str,
    kind: str,
    name: str,
    value: Mapping[str, Any],
    now: float,
    expires_at: float | None = None,
) -> bool:
    """Returns False and writes nothing if the key already has a record of that kind and name."""
    if by_name(connection, key_id, kind, name) is not None:
        return False
    row = {"key_id": key_id, "kind": kind, "name": name, "value": dict(value), "created_at": now}
    connection.execute(records.insert(), {**row, "expires_at": expires_at})
    return True


def replace(connection: Connection, key_id: str, kind: str, name: str, value: Mapping[str, Any]) -> None:
    connection.execute(records.update().where(*_is(key_id, kind, name)).values(value=dict(value)))


def by_name(connection: Connection, key_id: str, kind: str, name: str) -> dict[str, Any] | None:
    return connection.execute(sa.select(_C.value).where(*_is(key_id, kind, name))).scalar()


def of_kind(connection: Connection, key_id: str, kind: str) -> dict[str, dict[str, Any]]:
    """By name, newest first."""
    query = sa.select(_C.name, _C.value).where(_C.key_id == key_id, _C.kind == kind).order_by(_C.created_at.desc())
    return {row.name: row.value for row in connection.execute(query)}


def remove_expired(connection: Connection, now: float) -> int:
    return connection.execute(records.delete().where(_C.expires_at < now)).rowcount


def _is(key_id: str, kind: str, name: str) -> tuple[sa.ColumnElement[bool], ...]:
    return _C.key_id == key_id, _C.kind == kind, _C.name == name
