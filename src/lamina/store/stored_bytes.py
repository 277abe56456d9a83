"""Counts the bytes that each key has stored, in the same transaction as its uploads and their parts."""

from collections import Counter
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.store.tables import keys

_C = keys.c


def take(connection: Connection, key_id: str, count: int, most: int | None) -> bool:
    """Add `count` bytes to what the key has stored. Returns False and writes nothing if that exceeds its limit.

    The limit is the key's own, or else `most`; 0 or None is no limit.
    """
    statement = keys.update().where(_C.id == key_id).values(stored_bytes=_C.stored_bytes + count)
    limit = _limit(most)
    fits = sa.or_(limit.is_(None), _C.stored_bytes + count <= limit)
    return bool(connection.execute(statement if count <= 0 else statement.where(fits)).rowcount)


def give_back(connection: Connection, freed: Iterable[tuple[str, int]]) -> None:
    """Subtract bytes. `freed`: (key, bytes) in any order; a key may occur several times."""
    counts = Counter[str]()
    for key_id, count in freed:
        counts[key_id] += count
    for key_id in sorted(counts):  # always in the same order, so that concurrent transactions do not deadlock
        take(connection, key_id, -counts[key_id], None)


def of_key(connection: Connection, key_id: str, most: int | None = None) -> tuple[int, int | None]:
    """(bytes stored, limit in bytes; None for no limit). `most` as in `take`."""
    row = connection.execute(sa.select(_C.stored_bytes, _limit(most)).where(_C.id == key_id)).first()
    return (0, most or None) if row is None else (int(row[0]), row[1])


def _limit(most: int | None) -> sa.ColumnElement[int | None]:
    return sa.func.nullif(sa.func.coalesce(_C.max_stored_bytes, sa.cast(most, sa.BigInteger)), 0)
