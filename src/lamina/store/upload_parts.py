"""Parts of uploads that are not whole yet, as contents that `blobs` keeps."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.store.tables import upload_parts

_C = upload_parts.c


@dataclass(frozen=True, slots=True)
class PartRecord:
    """`file_id`: that the whole will have; `number`: of the part, from 1 on; `size`: bytes."""

    file_id: str
    number: int
    key_id: str
    sha256: str
    size: int
    created_at: float


def insert(connection: Connection, part: PartRecord) -> None:
    row = {name: getattr(part, name) for name in upload_parts.c.keys()}  # noqa: SIM118  (a collection of columns)
    connection.execute(upload_parts.insert(), row)


def of_file(connection: Connection, file_id: str) -> list[PartRecord]:
    """In the order of their numbers."""
    rows = connection.execute(sa.select(upload_parts).where(_C.file_id == file_id).order_by(_C.number))
    return [PartRecord(*row) for row in rows]


def size_of_others(connection: Connection, file_id: str, number: int) -> int:
    """Of all parts of the file but that one."""
    others = (_C.file_id == file_id) & (_C.number != number)
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.sum(_C.size), 0)).where(others)).scalar_one())


def remove(connection: Connection, file_id: str, number: int | None = None) -> list[tuple[str, int]]:
    """(key, bytes) of what went: one part, or None for all of the file's."""
    which = _C.file_id == file_id
    return _removed(connection, which if number is None else which & (_C.number == number))


def remove_before(connection: Connection, then: float) -> list[tuple[str, int]]:
    """As `remove`, of those that came before then."""
    return _removed(connection, _C.created_at < then)


def _removed(connection: Connection, which: sa.ColumnElement[bool]) -> list[tuple[str, int]]:
    gone = connection.execute(upload_parts.delete().where(which).returning(_C.key_id, _C.size))
    return [(row[0], int(row[1])) for row in gone]
