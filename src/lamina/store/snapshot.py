"""Writes all rows of a database to one stream, as they are at one moment, and reads them into an empty one.

Lines of JSON, a table after the other, so that a snapshot of SQLite can be read into Postgres and the other way round.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.core.errors import ErrorCode, LaminaError
from lamina.store.tables import checkpoints, files, metadata, upload_parts

_ROWS_AT_ONCE = 500
_WITH_CONTENTS = (files, checkpoints, upload_parts)
_VERSION_TABLE = "alembic_version"
_OF_THE_QUEUE = "procrastinate_"  # its tables: it says again what the jobs table says
_LEFT_BEHIND = frozenset({("jobs", "dispatch_ref")})  # numbers of a queue that does not come along


def revision(connection: Connection) -> str:
    """Of the schema that the database has."""
    return connection.execute(sa.text(f"select version_num from {_VERSION_TABLE}")).scalar_one()  # noqa: S608


def check_there(connection: Connection) -> None:
    """Raises `LaminaError` (input_not_found) where the database has no schema of Lamina's."""
    if not sa.inspect(connection).has_table(_VERSION_TABLE):
        raise LaminaError(
            ErrorCode.INPUT_NOT_FOUND,
            "There is no service in this database.",
            "Name the one that lamina serve has: --data FOLDER, --database URL.",
        )


def write_snapshot(connection: Connection, stream: BinaryIO) -> tuple[str, set[str]]:
    """The schema's revision, and the hashes of all contents that the rows speak of. It must be the first thing that
    the transaction does.
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
    """Raises `LaminaError` (state_conflict) where the database has rows already."""
    for table in _tables_of(connection).tables.values():
        if table.name != _VERSION_TABLE and connection.execute(sa.select(sa.literal(1)).select_from(table)).first():
            raise LaminaError(
                ErrorCode.STATE_CONFLICT, "The database is not empty.", "Restore into a new one: --data NEW_FOLDER."
            )


def read_snapshot(connection: Connection, lines: Iterable[bytes], of_revision: str) -> int:
    """How many rows it put into an empty database. Raises `LaminaError` (state_conflict) where there are some already,
    or where its schema is another than the snapshot's.
    """
    check_empty(connection)
    if revision(connection) != of_revision:
        raise LaminaError(
            ErrorCode.STATE_CONFLICT,
            "The database has the tables of another version of Lamina than the backup.",
            "Restore into a new one: --data NEW_FOLDER.",
        )
    here = _tables_of(connection)
    count = 0
    for name, batch in _batches(lines):
        table = here.tables[name]
        connection.execute(table.insert(), [_typed(table, record) for record in batch])
        count += len(batch)
    _count_on(connection)
    return count


def _tables_of(connection: Connection) -> sa.MetaData:
    """As the database has them, which may be an older schema than this version's."""
    here = sa.MetaData()
    here.reflect(connection, only=lambda name, _: not name.startswith(_OF_THE_QUEUE))
    for table in here.tables.values():
        for column in table.c:
            if isinstance(column.type, sa.JSON):
                column.type = sa.JSON(none_as_null=True)
    return here


def _batches(lines: Iterable[bytes]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    current, batch = "", list[dict[str, Any]]()
    for line in lines:
        name, record = json.loads(line)
        if batch and (name != current or len(batch) == _ROWS_AT_ONCE):
            yield current, batch
            batch = []
        current = name
        batch.append(record)
    if batch:
        yield current, batch


def _typed(table: sa.Table, record: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(table.c[name], value) for name, value in record.items()}


def _value(column: sa.Column[Any], value: Any) -> Any:
    if value is None or (column.table.name, column.name) in _LEFT_BEHIND:
        return None
    return base64.b64decode(value) if isinstance(column.type, sa.LargeBinary) else value


def _plain(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _count_on(connection: Connection) -> None:
    """Postgres counts serial numbers beside the table, and would begin at 1 again."""
    if connection.dialect.name == "postgresql":
        connection.execute(
            sa.text(
                "select setval(pg_get_serial_sequence('ledger', 'id'), coalesce(max(id), 0) + 1, false) from ledger"
            )
        )
