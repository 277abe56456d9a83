"""Stores the parts of incomplete uploads; their contents are in `blobs`."""

from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.store.tables import upload_parts

_C = upload_parts.c


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRecord:
    """`file_id`: the id that the complete file will have. `number`: of the part, from 1. `size`: bytes."""

    file_id: str
    number: int
    key_id: str
    sha256: str
    size: int
    created_at: float


def insert(connection: Connection, part: PartRecord) -> None:
    connection.execute(upload_parts.insert(), asdict(part))


def of_file(connection: Connection, file_id: str) -> list[PartRecord]:
    """Ordered by number."""
    query = sa.select(upload_parts).where(_C.file_id == file_id).order_by(_C.number)
    return [PartRecord(**row) for row in connection.execute(query).mappings()]


def size_of_others(connection: Connection, file_id: str, number: int) -> int:
    """Total size in bytes of the file's parts except that one."""
    others = (_C.file_id == file_id) & (_C.number != number)
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.sum(_C.size), 0)).where(others)).scalar_one())


def remove(connection: Connection, file_id: str, number: int | None = None) -> list[tuple[str, int]]:
    """Remove a part, or all parts if `number` is None. Returns (key, bytes) of each removed part."""
    which = _C.file_id == file_id
    return _removed(connection, which if number is None else which & (_C.number == number))


def remove_before(connection: Connection, then: float) -> list[tuple[str, int]]:
    """As `remove`, for the parts created before `then`."""
    return _removed(connection, _C.created_at < then)


def _removed(connection: Connection, which: sa.ColumnElement[bool]) -> list[tuple[str, int]]:
    removed = connection.execute(upload_parts.delete().where(which).returning(_C.key_id, _C.size))
    return [(row[0], int(row[1])) for row in removed]
