"""Writes a consistent snapshot of all rows to a stream, and loads it into an empty database.

The format is JSON lines, table by table, so that a snapshot of SQLite can be loaded into Postgres and vice versa.
"""

import base64
import json
from collections.abc import Iterable
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.core.errors import ErrorCode, LaminaError
from lamina.store.tables import checkpoints, files, metadata, stack_pixels, upload_parts

_ROWS_AT_ONCE = 500
_WITH_CONTENTS = (files, checkpoints, upload_parts, stack_pixels)
_VERSION_TABLE = "alembic_version"
_QUEUE_PREFIX = "procrastinate_"  # of tables whose content follows from the jobs table
_NOT_RESTORED = frozenset({("jobs", "dispatch_ref")})  # refers to the queue's tables, which a snapshot does not have


def revision(connection: Connection) -> str:
    """The Alembic revision of the database's schema."""
    return connection.execute(sa.text(f"select version_num from {_VERSION_TABLE}")).scalar_one()  # noqa: S608


def check_there(connection: Connection) -> None:
    """Raises `LaminaError` (input_not_found) if the database has no schema of Lamina."""
    if not sa.inspect(connection).has_table(_VERSION_TABLE):
        raise LaminaError(
            ErrorCode.INPUT_NOT_FOUND,
            "There is no service in this database.",
            "Give the same --data or --database as to lamina serve.",
        )


def write_snapshot(connection: Connection, stream: BinaryIO) -> tuple[str, set[str]]:
    """Returns the schema's revision and the hashes of all blobs that the rows refer to.

    Must be the first statement of its transaction, since it sets the isolation level.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("set transaction isolation level repeatable read, read only"))
    hashes: set[str] = set()
    for table in metadata.sorted_tables:
        for row in connection.execute(sa.select(table).execution_options(yield_per=_ROWS_AT_ONCE)).mappings():
            record = {name: _plain(value) for name, value in row.items()}
            stream.write(json.dumps([table.name, record]).encode() + b"\n")
            if table in _WITH_CONTENTS and row["sha256"]:
                hashes.add(row["sha256"])
    return revision(connection), hashes


def check_empty(connection: Connection) -> None:
    """Raises `LaminaError` (state_conflict) if the database has rows."""
    for table in _tables_of(connection).tables.values():
        if table.name != _VERSION_TABLE and connection.execute(sa.select(sa.literal(1)).select_from(table)).first():
            raise LaminaError(
                ErrorCode.STATE_CONFLICT, "The database is not empty.", "Restore into a new one: --data NEW_FOLDER."
            )


def read_snapshot(connection: Connection, lines: Iterable[bytes], of_revision: str) -> int:
    """Load a snapshot; returns the number of rows.

    Raises `LaminaError` (state_conflict) if the database has rows, or if its schema is not of the snapshot's revision.
    """
    check_empty(connection)
    if revision(connection) != of_revision:
        raise LaminaError(
            ErrorCode.STATE_CONFLICT,
            "The database has the schema of another version of Lamina than the backup.",
            "Restore into a new one: --data NEW_FOLDER.",
        )
    tables = _tables_of(connection).tables
    count = 0
    for name, rows in groupby(map(json.loads, lines), key=itemgetter(0)):
        columns = tables[name].c
        records = ({key: _value(columns[key], value) for key, value in record.items()} for _, record in rows)
        while batch := list(islice(records, _ROWS_AT_ONCE)):
            connection.execute(tables[name].insert(), batch)
            count += len(batch)
    _reset_serial(connection)
    return count


def _tables_of(connection: Connection) -> sa.MetaData:
    """As they are in the database, whose schema may be older than this version's."""
    reflected = sa.MetaData()
    reflected.reflect(connection, only=lambda name, _: not name.startswith(_QUEUE_PREFIX))
    for table in reflected.tables.values():
        for column in table.c:
            if isinstance(column.type, sa.JSON):
                column.type = sa.JSON(none_as_null=True)
    return reflected


def _value(column: sa.Column[Any], value: Any) -> Any:
    if value is None or (column.table.name, column.name) in _NOT_RESTORED:
        return None
    return base64.b64decode(value) if isinstance(column.type, sa.LargeBinary) else value


def _plain(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _reset_serial(connection: Connection) -> None:
    """Continue Postgres' sequence after the loaded rows; it would begin at 1."""
    if connection.dialect.name == "postgresql":
        connection.execute(
            sa.text(
                "select setval(pg_get_serial_sequence('ledger', 'id'), coalesce(max(id), 0) + 1, false) from ledger"
            )
        )
