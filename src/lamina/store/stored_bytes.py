"""How many bytes each key has stored: a count that changes with its uploads and their parts, in one transaction."""

from collections import Counter
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.store.tables import files, keys, upload_parts

_C = keys.c


def take(connection: Connection, key_id: str, count: int, most: int | None) -> bool:
    """False, and nothing is written, where the key would have more than it may: its own limit, or else `most`. None and
    0 are as much as it wants.
    """
    statement = keys.update().where(_C.id == key_id).values(stored_bytes=_C.stored_bytes + count)
    limit = _limit(most)
    fits = sa.or_(limit.is_(None), _C.stored_bytes + count <= limit)
    return bool(connection.execute(statement if count <= 0 else statement.where(fits)).rowcount)


def give_back(connection: Connection, freed: Iterable[tuple[str, int]]) -> None:
    """`freed`: (key, bytes), in any order and as often as may be."""
    counts = Counter[str]()
    for key_id, count in freed:
        counts[key_id] += count
    for key_id in sorted(counts):  # in one order, so that two who do this do not wait for each other
        take(connection, key_id, -counts[key_id], None)


def of_key(connection: Connection, key_id: str, most: int | None = None) -> tuple[int, int | None]:
    """(what it has stored, what it may store; None is no limit); `most` as in `take`."""
    row = connection.execute(sa.select(_C.stored_bytes, _limit(most)).where(_C.id == key_id)).first()
    return (0, most or None) if row is None else (int(row[0]), row[1])


def wrong_counts(connection: Connection) -> list[tuple[str, int, int]]:
    """(key, its count, what it has) wherever the two differ: an empty list, always."""
    uploads = sa.select(files.c.key_id, files.c.size).where(files.c.job_id.is_(None))
    all_of_it = uploads.union_all(sa.select(upload_parts.c.key_id, upload_parts.c.size)).subquery()
    had = sa.select(sa.func.coalesce(sa.func.sum(all_of_it.c.size), 0)).where(all_of_it.c.key_id == _C.id)
    rows = connection.execute(sa.select(_C.id, _C.stored_bytes, had.scalar_subquery()))
    return [(row[0], int(row[1]), int(row[2])) for row in rows if int(row[1]) != int(row[2])]


def _limit(most: int | None) -> sa.ColumnElement[int | None]:
    return sa.func.nullif(sa.func.coalesce(_C.max_stored_bytes, sa.cast(most, sa.BigInteger)), 0)
