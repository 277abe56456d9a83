"""Stores the revisions of stacks: a whole document for each hundred numbers, and the others as changes of it."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.core.stack_records import RevisionContent, RevisionRecord
from lamina.store.document_deltas import compressed, decompressed
from lamina.store.stack_pixels import FIRST
from lamina.store.tables import stack_revisions

_BLOCK = 100  # revisions whose numbers have the same hundreds share a base, and are dropped together
MOST = 1_000
_C = stack_revisions.c
_SIZE = sa.func.length(_C.document)

_base = stack_revisions.alias("base")
_DOCUMENT = (
    sa.select(_C.document, _C.base, _base.c.document.label("base_document"))
    .outerjoin(_base, (_base.c.stack_id == _C.stack_id) & (_base.c.number == _C.base))
    .where(_C.stack_id == sa.bindparam("stack_id"), _C.number == sa.bindparam("number"))
)
_MINE, _NUMBER = _C.stack_id == sa.bindparam("stack_id"), sa.bindparam("number")
_NEIGHBOURS = sa.select(
    sa.select(sa.func.max(_C.number)).where(_MINE, _C.number < _NUMBER).scalar_subquery(),
    sa.select(sa.func.min(_C.number)).where(_MINE, _C.number > _NUMBER).scalar_subquery(),
)


@dataclass(frozen=True, slots=True)
class Removed:
    """`bytes`: of the removed revisions; `kept_from`: the number of the oldest one that is left."""

    bytes: int
    kept_from: int


def insert(
    connection: Connection, stack_id: str, number: int, parent: int | None, content: RevisionContent, now: float
) -> int:
    """Returns the bytes that it takes. `parent`: the number of the revision before it."""
    base = None if parent is None else _base_of(connection, stack_id, parent)
    if base is not None and base // _BLOCK != number // _BLOCK:
        base = None
    base_document = None if base is None else document(connection, stack_id, base)
    data = compressed(content.document, base_document)
    row = {"stack_id": stack_id, "number": number, "base": base, "document": data, "created_at": now}
    connection.execute(stack_revisions.insert(), {**row, "description": content.description})
    return len(data)


def document(connection: Connection, stack_id: str, number: int) -> str | None:
    """The JSON text of a revision; None if there is no such revision."""
    row = connection.execute(_DOCUMENT, {"stack_id": stack_id, "number": number}).first()
    if row is None:
        return None
    return decompressed(row.document, None if row.base is None else decompressed(row.base_document, None))


def of_stack(connection: Connection, stack_id: str, limit: int, before: int | None = None) -> list[RevisionRecord]:
    """Newest first; only those with lower numbers than `before`."""
    query = sa.select(_C.number, _C.description, _C.created_at).where(_C.stack_id == stack_id)
    query = query.order_by(_C.number.desc()).limit(limit)
    rows = connection.execute(query if before is None else query.where(_C.number < before)).mappings()
    return [RevisionRecord(**row) for row in rows]


def neighbours(connection: Connection, stack_id: str, number: int) -> tuple[int | None, int | None]:
    """The numbers of the revisions before and after one, None where there is none."""
    row = connection.execute(_NEIGHBOURS, {"stack_id": stack_id, "number": number}).one()
    return row[0], row[1]


def remove_after(connection: Connection, stack_id: str, number: int) -> int:
    """Returns the bytes of what was removed."""
    return _removed(connection, (_C.stack_id == stack_id) & (_C.number > number))


def remove_oldest(connection: Connection, stack_id: str, number: int) -> Removed | None:
    """Once for each hundred numbers, removes the oldest hundreds, so that there are never more than `MOST` revisions
    after the first, which is kept.

    `number`: of the newest revision. None if nothing was removed.
    """
    if number % _BLOCK:
        return None
    blocks = _C.number // _BLOCK
    query = sa.select(blocks, sa.func.count()).where(_C.stack_id == stack_id).group_by(blocks).order_by(blocks)
    counts = [(int(block), int(count)) for block, count in connection.execute(query)]
    surplus = sum(count for _, count in counts) - (MOST - _BLOCK + 1)
    kept_from = 0
    for block, count in counts[:-1]:
        if surplus <= 0:
            break
        surplus, kept_from = surplus - count, (block + 1) * _BLOCK
    if not kept_from:
        return None
    which = (_C.stack_id == stack_id) & (_C.number < kept_from) & (_C.number > FIRST)
    return Removed(_removed(connection, which), kept_from)


def size_of(connection: Connection, stack_id: str) -> int:
    """The bytes of all revisions of a stack."""
    query = sa.select(sa.func.coalesce(sa.func.sum(_SIZE), 0)).where(_C.stack_id == stack_id)
    return int(connection.execute(query).scalar_one())


def _base_of(connection: Connection, stack_id: str, number: int) -> int:
    query = sa.select(_C.base).where(_C.stack_id == stack_id, _C.number == number)
    base = connection.execute(query).scalar()
    return number if base is None else base


def _removed(connection: Connection, which: sa.ColumnElement[bool]) -> int:
    removed = connection.execute(stack_revisions.delete().where(which).returning(_SIZE))
    return sum(int(size) for size in removed.scalars())
