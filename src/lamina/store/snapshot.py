"""Writes all rows of a database to one stream, as they are at one moment, and reads them into an empty one.

Lines of JSON, a table after the other, so that a snapshot of SQLite can be read into Postgres and the other way round.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from lamina.core.errors import ErrorCode, LaminaError
from lamina.store.tables import files, metadata

_ROWS_AT_ONCE = 500
_VERSION_TABLE = "alembic_version"


def revision(connection: Connection) -> str:
    """Of the schema that the database has."""
    return connection.execute(sa.text(f"select version_num from {_VERSION_TABLE}")).scalar_one()  # noqa: S608


def write_snapshot(engine: Engine, stream: BinaryIO) -> tuple[str, set[str]]:
    """The schema's revision, and the hashes of all contents that the rows speak of."""
    hashes: set[str] = set()
    isolation = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    with engine.connect().execution_options(**isolation) as connection, connection.begin():
        for table in metadata.sorted_tables:
            for row in connection.execute(sa.select(table).execution_options(yield_per=_ROWS_AT_ONCE)).mappings():
                record = {name: _plain(value) for name, value in row.items()}
                stream.write(json.dumps([table.name, record]).encode() + b"\n")
                if table is files:
                    hashes.add(row["sha256"])
        return revision(connection), hashes


def read_snapshot(connection: Connection, lines: Iterable[bytes]) -> int:
    """How many rows it put into a database of the snapshot's own revision. Raises `LaminaError` (state_conflict) where
    there are some already.
    """
    here = _tables_of(connection)
    for table in here.tables.values():
        if table.name != _VERSION_TABLE and connection.execute(sa.select(sa.literal(1)).select_from(table)).first():
            raise LaminaError(
                ErrorCode.STATE_CONFLICT, "The database is not empty.", "Restore into a new one: --data NEW_FOLDER."
            )
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
    here.reflect(connection)
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
    is_bytes = {column.name for column in table.c if isinstance(column.type, sa.LargeBinary)}
    return {
        name: base64.b64decode(value) if name in is_bytes and value is not None else value
        for name, value in record.items()
    }


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
