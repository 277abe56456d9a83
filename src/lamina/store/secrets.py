"""Secrets that every process of a service shares, made once by whoever comes first."""

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.store.tables import secrets


def secret(connection: Connection, name: str, make: Callable[[], bytes]) -> bytes:
    found = sa.select(secrets.c.value).where(secrets.c.name == name)
    value = connection.execute(found).scalar()
    if value is not None:
        return value
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert
    connection.execute(insert(secrets).values(name=name, value=make()).on_conflict_do_nothing())
    return connection.execute(found).scalar_one()
