"""Stores API keys; of the secret only its hash."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.core.keys import ApiKey, Scope
from lamina.store.tables import keys

_MODEL_PREFIX = "model:"  # of allowed models, which are stored among the scopes
_BY_HASH = sa.select(keys).where(keys.c.secret_hash == sa.bindparam("hash"))


def insert(connection: Connection, key: ApiKey, secret_hash: str) -> None:
    connection.execute(
        keys.insert(),
        {
            "id": key.id,
            "prefix": key.prefix,
            "secret_hash": secret_hash,
            "name": key.name,
            "scopes": " ".join([*sorted(key.scopes), *(_MODEL_PREFIX + name for name in sorted(key.models or ()))]),
            "is_metered": key.is_metered,
            "created_at": key.created_at,
            "expires_at": key.expires_at,
            "revoked_at": key.revoked_at,
            "per_minute": key.per_minute,
            "at_once": key.at_once,
            "max_stored_bytes": key.max_stored_bytes,
            "stored_bytes": 0,
        },
    )


def by_hash(connection: Connection, secret_hash: str) -> ApiKey | None:
    return _key_of(connection.execute(_BY_HASH, {"hash": secret_hash}).first())


def by_id(connection: Connection, key_id: str) -> ApiKey | None:
    return _key_of(connection.execute(sa.select(keys).where(keys.c.id == key_id)).first())


def named(connection: Connection, reference: str) -> list[ApiKey]:
    """Returns the keys whose id, prefix or name equals `reference`."""
    matches = sa.or_(keys.c.id == reference, keys.c.prefix == reference, keys.c.name == reference)
    return [key for row in connection.execute(sa.select(keys).where(matches)) if (key := _key_of(row))]


def every(connection: Connection) -> list[ApiKey]:
    """Oldest first."""
    return [key for row in connection.execute(sa.select(keys).order_by(keys.c.id)) if (key := _key_of(row))]


def lock(connection: Connection, key_id: str) -> None:
    """Lock the key's row until the transaction ends. SQLite has a single writer anyway.

    The lock does not block inserts of rows that refer to the key, such as the ledger's: their transactions may hold the
    wallet that this one needs next, which would be a deadlock.
    """
    connection.execute(sa.select(keys.c.id).where(keys.c.id == key_id).with_for_update(key_share=True))


def revoke(connection: Connection, key_id: str, now: float) -> None:
    connection.execute(keys.update().where(keys.c.id == key_id, keys.c.revoked_at.is_(None)).values(revoked_at=now))


def meter(connection: Connection, key_id: str) -> None:
    """Make the key pay for its jobs from now on."""
    connection.execute(keys.update().where(keys.c.id == key_id).values(is_metered=True))


def _key_of(row: sa.Row[Any] | None) -> ApiKey | None:
    if row is None:
        return None
    entries = row.scopes.split()
    models = frozenset(entry.removeprefix(_MODEL_PREFIX) for entry in entries if entry.startswith(_MODEL_PREFIX))
    return ApiKey(
        id=row.id,
        prefix=row.prefix,
        name=row.name,
        created_at=row.created_at,
        scopes=frozenset(Scope(entry) for entry in entries if not entry.startswith(_MODEL_PREFIX)),
        is_metered=row.is_metered,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        per_minute=row.per_minute,
        at_once=row.at_once,
        models=models or None,
        max_stored_bytes=row.max_stored_bytes,
    )
