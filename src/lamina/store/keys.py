"""API keys, by the hash of their secret."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.core.keys import ApiKey, Scope
from lamina.store.tables import keys

_MODEL = "model:"  # before the name of a model, among the scopes
_BY_HASH = sa.select(keys).where(keys.c.secret_hash == sa.bindparam("hash"))


def insert(connection: Connection, key: ApiKey, secret_hash: str) -> None:
    connection.execute(
        keys.insert(),
        {
            "id": key.id,
            "prefix": key.prefix,
            "secret_hash": secret_hash,
            "name": key.name,
            "scopes": " ".join([*sorted(key.scopes), *(_MODEL + name for name in sorted(key.models or ()))]),
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
    """Those whose id, prefix or name it is."""
    is_meant = sa.or_(keys.c.id == reference, keys.c.prefix == reference, keys.c.name == reference)
    return [key for row in connection.execute(sa.select(keys).where(is_meant)) if (key := _key_of(row))]


def every(connection: Connection) -> list[ApiKey]:
    """The oldest first."""
    return [key for row in connection.execute(sa.select(keys).order_by(keys.c.id)) if (key := _key_of(row))]


def lock(connection: Connection, key_id: str) -> None:
    """Others who lock it wait until this transaction ends. On SQLite they do so anyway.

    Those who only write of the key, in the ledger, do not wait: they may hold the wallet that this one wants next.
    """
    connection.execute(sa.select(keys.c.id).where(keys.c.id == key_id).with_for_update(key_share=True))


def revoke(connection: Connection, key_id: str, now: float) -> None:
    connection.execute(keys.update().where(keys.c.id == key_id, keys.c.revoked_at.is_(None)).values(revoked_at=now))


def meter(connection: Connection, key_id: str) -> None:
    """From now on its jobs are paid for."""
    connection.execute(keys.update().where(keys.c.id == key_id).values(is_metered=True))


def _key_of(row: sa.Row[Any] | None) -> ApiKey | None:
    if row is None:
        return None
    words = row.scopes.split()
    models = frozenset(word.removeprefix(_MODEL) for word in words if word.startswith(_MODEL))
    scopes = frozenset(Scope(word) for word in words if not word.startswith(_MODEL))
    return ApiKey(
        row.id, row.prefix, row.name, row.created_at, scopes, row.is_metered, row.expires_at, row.revoked_at,
        row.per_minute, row.at_once, models or None, row.max_stored_bytes,
    )  # fmt: skip
