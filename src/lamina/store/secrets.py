"""Stores the secrets that all processes of a service share."""

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.store.tables import secrets


def secret(connection: Connection, name: str, make: Callable[[], bytes]) -> bytes:
    """The secret of that name. It is made if there is none; of several processes that do so, the first one wins."""
    query = sa.select(secrets.c.value).where(secrets.c.name == name)
    value = connection.execute(query).scalar()
    if value is not None:
        return value
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert
    connection.execute(insert(secrets).values(name=name, value=make()).on_conflict_do_nothing())
    return connection.execute(query).scalar_one()
