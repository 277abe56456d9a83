"""A connection to each of the stores."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection
from store_rows import added_key

from lamina.core.keys import ApiKey
from lamina.store.database import Database


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """In one transaction, which is undone."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


@pytest.fixture
def key(connection: Connection) -> ApiKey:
    return added_key(connection)
