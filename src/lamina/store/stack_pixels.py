"""Records which blobs the revisions of a stack show, from which revision to which; equal pixels count once a stack."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.core.stack_records import RevisionContent
from lamina.store.tables import stack_pixels

FIRST = 1
"""The number of the first revision of each stack, which is kept as long as the stack: it is the original."""

_C = stack_pixels.c  # `last`: None while the newest revision shows them


def insert(connection: Connection, stack_id: str, revision: int, sizes: Mapping[str, int]) -> int:
    """Records pixels that are new in a revision. Returns their bytes."""
    rows = [
        {"stack_id": stack_id, "sha256": sha256, "size": size, "first": revision, "last": None}
        for sha256, size in sorted(sizes.items())
    ]
    if rows:
        connection.execute(stack_pixels.insert(), rows)
    return sum(sizes.values())


def follow(connection: Connection, stack_id: str, revision: int, parent: int, content: RevisionContent) -> int:
    """Records what a revision shows and its parent does not, and the other way round. Returns the bytes of what is new
    in the stack.
    """
    query = sa.select(_C.sha256, _C.last).where(_C.stack_id == stack_id)
    known: dict[str, int | None] = {row.sha256: row.last for row in connection.execute(query)}
    if unknown := content.pixels - known.keys() - content.sizes.keys():
        raise ValueError(f"pixels of unknown size: {sorted(unknown)}")
    back = [sha256 for sha256 in content.pixels if known.get(sha256) is not None]
    gone = [sha256 for sha256, last in known.items() if last is None and sha256 not in content.pixels]
    for hashes, last in ((back, None), (gone, parent)):
        if hashes:
            which = (_C.stack_id == stack_id) & _C.sha256.in_(hashes)
            connection.execute(stack_pixels.update().where(which).values(last=last))
    new = {sha256: size for sha256, size in content.sizes.items() if sha256 not in known}
    return insert(connection, stack_id, revision, new)


def has(connection: Connection, stack_id: str, sha256: str) -> bool:
    query = sa.select(sa.literal(1)).where(_C.stack_id == stack_id, _C.sha256 == sha256)
    return connection.execute(query).first() is not None


def remove_after(connection: Connection, stack_id: str, revision: int) -> int:
    """Removes what only revisions after this one show. Returns the bytes of what was removed."""
    removed = _removed(connection, (_C.stack_id == stack_id) & (_C.first > revision))
    shown = (_C.stack_id == stack_id) & (_C.last >= revision)
    connection.execute(stack_pixels.update().where(shown).values(last=None))
    return removed


def remove_before(connection: Connection, stack_id: str, revision: int) -> int:
    """Removes what only revisions before this one show, the first excepted. Returns the bytes of what was removed."""
    return _removed(connection, (_C.stack_id == stack_id) & (_C.last < revision) & (_C.first > FIRST))


def size_of(connection: Connection, stack_id: str) -> int:
    """The bytes of all pixels of a stack."""
    query = sa.select(sa.func.coalesce(sa.func.sum(_C.size), 0)).where(_C.stack_id == stack_id)
    return int(connection.execute(query).scalar_one())


def _removed(connection: Connection, which: sa.ColumnElement[bool]) -> int:
    removed = connection.execute(stack_pixels.delete().where(which).returning(_C.size))
    return sum(int(size) for size in removed.scalars())
