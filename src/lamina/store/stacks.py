"""Stores stacks that can be edited: their rows, and what their revisions and pixels take of their key's storage."""

from dataclasses import asdict, fields

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.core.stack_records import RevisionContent, StackRecord
from lamina.store import stack_pixels, stack_revisions, stored_bytes
from lamina.store.tables import stacks

_C = stacks.c
_RECORD = tuple(_C[field.name] for field in fields(StackRecord))
_BY_ID = sa.select(*_RECORD).where(_C.id == sa.bindparam("stack_id"), _C.key_id == sa.bindparam("owner_id"))


def insert(
    connection: Connection,
    stack: StackRecord,
    content: RevisionContent,
    most: int | None,
    idempotency_key: str | None = None,
    body_hash: str | None = None,
) -> bool:
    """Inserts a stack with its first revision. `most`: as in `stored_bytes.take`. Returns False if there is no room.

    Raises `IntegrityError` if a stack of the same API key has the idempotency key.
    """
    connection.execute(stacks.insert(), {**asdict(stack), "idempotency_key": idempotency_key, "body_hash": body_hash})
    size = stack_revisions.insert(connection, stack.id, stack.revision, None, content, stack.created_at)
    size += stack_pixels.insert(connection, stack.id, stack.revision, content.sizes)
    return stored_bytes.take(connection, stack.key_id, size, most)


def by_id(connection: Connection, stack_id: str, key_id: str) -> StackRecord | None:
    """None also for a stack of another key."""
    row = connection.execute(_BY_ID, {"stack_id": stack_id, "owner_id": key_id}).mappings().first()
    return None if row is None else StackRecord(**row)


def by_idempotency_key(connection: Connection, key_id: str, idempotency_key: str) -> tuple[StackRecord, str] | None:
    """The stack, and the hash of the body that it was created with."""
    query = sa.select(*_RECORD, _C.body_hash).where(_C.key_id == key_id, _C.idempotency_key == idempotency_key)
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    return StackRecord(**{name: value for name, value in row.items() if name != "body_hash"}), row["body_hash"]


def of_key(connection: Connection, key_id: str, limit: int, before: str | None) -> list[StackRecord]:
    """Newest first; only those that are older than the stack `before`."""
    query = sa.select(*_RECORD).where(_C.key_id == key_id).order_by(_C.id.desc()).limit(limit)
    rows = connection.execute(query if before is None else query.where(_C.id < before)).mappings()
    return [StackRecord(**row) for row in rows]


def append(
    connection: Connection, stack: StackRecord, content: RevisionContent, now: float, most: int | None
) -> StackRecord | None:
    """Stores a revision after `stack.revision`, and drops those that were undone.

    The stack as it is now; None if there is no room for it. Writes nothing and raises `StaleRevision` if the stack is
    not at `stack.revision` any more.
    """
    size, number = (content.width, content.height), sa.literal(stack.last_revision + 1)
    moved = _moved(connection, stack, now, number, size=size, is_new=True)
    freed = 0
    if stack.revision != stack.last_revision:
        freed += stack_revisions.remove_after(connection, stack.id, stack.revision)
        freed += stack_pixels.remove_after(connection, stack.id, stack.revision)
    taken = stack_revisions.insert(connection, stack.id, moved.revision, stack.revision, content, now)
    taken += stack_pixels.follow(connection, stack.id, moved.revision, stack.revision, content)
    oldest = stack_revisions.remove_oldest(connection, stack.id, moved.revision)
    if oldest is not None:
        freed += oldest.bytes + stack_pixels.remove_before(connection, stack.id, oldest.kept_from)
    has_room = stored_bytes.take(connection, stack.key_id, taken - freed, most)
    return moved if has_room else None


def rename(connection: Connection, stack_id: str, key_id: str, name: str, now: float) -> StackRecord | None:
    """None if the key has no such stack."""
    same = (_C.id == stack_id, _C.key_id == key_id)
    values = {"name": name, "updated_at": now}
    row = connection.execute(stacks.update().where(*same).values(values).returning(stacks)).mappings().first()
    return None if row is None else StackRecord(**row)


def move_to(connection: Connection, stack: StackRecord, number: int, size: tuple[int, int], now: float) -> StackRecord:
    """Shows another stored revision. `size`: of its canvas. Raises `StaleRevision` as `append` does."""
    return _moved(connection, stack, now, sa.literal(number), size=size, is_new=False)


def remove(connection: Connection, stack_id: str) -> None:
    """Removes a stack and gives its bytes back. Its revisions and pixels go with it."""
    _removed(connection, _C.id == stack_id)


def remove_expired(connection: Connection, stack_id: str, now: float) -> None:
    """As `remove`, unless an edit has prolonged its time."""
    _removed(connection, (_C.id == stack_id) & (_C.expires_at < now))


def expired(connection: Connection, now: float, limit: int = 100) -> list[str]:
    """The ids of stacks whose time has ended."""
    query = sa.select(_C.id).where(_C.expires_at < now).order_by(_C.expires_at).limit(limit)
    return list(connection.execute(query).scalars())


class StaleRevision(Exception):  # noqa: N818  (a result that rolls the transaction back, not a fault)
    """The stack is at another revision than the writer has seen, or it was deleted."""


def _moved(
    connection: Connection,
    stack: StackRecord,
    now: float,
    number: sa.ColumnElement[int],
    *,
    size: tuple[int, int],
    is_new: bool,
) -> StackRecord:
    """Compares and sets in one statement: of two writers, the second one finds no row."""
    values = {
        "revision": number,
        "width": size[0],
        "height": size[1],
        "updated_at": now,
        "expires_at": None if stack.lifetime_s is None else now + stack.lifetime_s,
        **({"last_revision": number} if is_new else {}),
    }
    same = (_C.id == stack.id, _C.revision == stack.revision, _C.last_revision == stack.last_revision)
    row = connection.execute(stacks.update().where(*same).values(values).returning(*_RECORD)).mappings().first()
    if row is None:
        raise StaleRevision
    return StackRecord(**row)


def _removed(connection: Connection, which: sa.ColumnElement[bool]) -> None:
    """Locks the stack first: an edit at the same time would add bytes that nobody gives back."""
    found = connection.execute(sa.select(_C.id, _C.key_id).where(which).with_for_update()).first()
    if found is not None:
        size = stack_revisions.size_of(connection, found.id) + stack_pixels.size_of(connection, found.id)
        connection.execute(stacks.delete().where(_C.id == found.id))
        stored_bytes.give_back(connection, [(found.key_id, size)])
