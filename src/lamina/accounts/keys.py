"""Creates API keys, authenticates with them, and finds them by name."""

import hashlib
import secrets
import time
from dataclasses import dataclass

from sqlalchemy import Connection

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.ids import new_id
from lamina.core.keys import ALL_SCOPES, ApiKey, Scope
from lamina.service.service import Service
from lamina.store import keys, wallets
from lamina.store.database import Database

_MARK = "lam_"
_PREFIX_CHARACTERS = len(_MARK) + 8
_SECRET_BYTES = 32
_MOST_KNOWN = 1000
_KNOWN_FOR_S = 0.25  # after this time a revoked key is rejected by every process


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTerms:
    """What a new key may do. `credit_micros`: its initial balance in micro-dollars; None creates an unmetered key."""

    name: str = ""
    credit_micros: int | None = None
    scopes: frozenset[Scope] = ALL_SCOPES
    expires_at: float | None = None
    per_minute: int | None = None
    at_once: int | None = None
    models: frozenset[str] | None = None
    max_stored_bytes: int | None = None


def create_key(database: Database, terms: KeyTerms, now: float) -> tuple[ApiKey, str]:
    """Creates a key; returns it and its secret, of which only a hash is stored.

    Raises `LaminaError` (state_conflict) if another valid key has the name: commands find keys by it.
    """
    secret = _MARK + secrets.token_urlsafe(_SECRET_BYTES)
    is_metered = terms.credit_micros is not None
    key = ApiKey(
        id=new_id(),
        prefix=secret[:_PREFIX_CHARACTERS],
        name=terms.name,
        created_at=now,
        scopes=terms.scopes,
        is_metered=is_metered,
        expires_at=terms.expires_at,
        per_minute=terms.per_minute,
        at_once=terms.at_once,
        models=terms.models,
        max_stored_bytes=terms.max_stored_bytes,
    )

    def work(connection: Connection) -> None:
        _check_name(connection, terms.name, now)
        keys.insert(connection, key, _hash_of(secret))
        wallets.open_wallet(connection, key.id)
        if terms.credit_micros:
            wallets.add(connection, key.id, wallets.TOP_UP, terms.credit_micros, now, note="first credit")

    database.write_now(work)
    return key, secret


def key_named(database: Database, terms: KeyTerms, now: float) -> ApiKey:
    """The valid key with the name in `terms`; creates one if there is none, whose secret nobody knows."""

    def find(connection: Connection) -> ApiKey | None:
        found = (key for key in keys.named(connection, terms.name) if key.name == terms.name)
        return next((key for key in found if key.is_valid_at(now)), None)

    existing = database.write_now(find)
    if existing is not None:
        return existing
    try:
        return create_key(database, terms, now)[0]
    except LaminaError:  # another process was first
        existing = database.write_now(find)
        if existing is None:
            raise
        return existing


def _check_name(connection: Connection, name: str, now: float) -> None:
    existing = next((key for key in keys.named(connection, name) if key.is_valid_at(now)), None) if name else None
    if existing is not None:
        raise LaminaError(
            ErrorCode.STATE_CONFLICT,
            f"There is already a key named {name!r}: {existing.id}.",
            f"Choose another name, or revoke that key first: lamina keys revoke {existing.id}.",
        )


async def authenticate(service: Service, secret: str, scope: Scope) -> ApiKey:
    """The key with this secret. Raises `LaminaError`: key_invalid, key_forbidden.

    A secret has 256 random bits, so a fast hash is enough; hashes are looked up in the database, never compared here.
    """
    key = await _looked_up(service, _hash_of(secret))
    return _checked(service, key, scope)


async def known_key(service: Service, key_id: str, scope: Scope) -> ApiKey:
    """The key with this id, for a client that was authenticated in another way. Raises as `authenticate` does."""
    key = await service.database.read(lambda connection: keys.by_id(connection, key_id))
    return _checked(service, key, scope)


def _checked(service: Service, key: ApiKey | None, scope: Scope) -> ApiKey:
    if key is None or not key.is_valid_at(service.clock()):
        raise LaminaError(
            ErrorCode.KEY_INVALID,
            "This API key is unknown, revoked or expired.",
            "Make one on the machine that serves: lamina keys create.",
        )
    if scope not in key.scopes:
        raise LaminaError(
            ErrorCode.KEY_FORBIDDEN, f"This API key may not {scope}.", f"Use a key with the scope {scope!r}."
        )
    return key


async def _looked_up(service: Service, secret_hash: str) -> ApiKey | None:
    """The key as it was at most `_KNOWN_FOR_S` ago: most requests come in quick succession from a few keys."""
    now_s = time.monotonic()
    cached = service.known_keys.get(secret_hash)
    if cached is not None and now_s - cached[0] < _KNOWN_FOR_S:
        return cached[1]
    key = await service.database.read(lambda connection: keys.by_hash(connection, secret_hash))
    if key is not None:
        if len(service.known_keys) >= _MOST_KNOWN:
            service.known_keys.clear()
        service.known_keys[secret_hash] = (now_s, key)
    return key


def the_key(connection: Connection, reference: str, now: float) -> ApiKey:
    """The key with this id, prefix or name; of several with one name the valid one. Raises `LaminaError` (not_found),
    also if several are left.
    """
    matches = keys.named(connection, reference)
    good = [key for key in matches if key.is_valid_at(now)]
    if len(good) == 1 or len(matches) == 1:
        return (good or matches)[0]
    what = "no key" if not matches else f"{len(matches)} keys"
    which = "".join(f" {key.id}" for key in (good or matches))
    hint = f"Name it by its id, one of{which}." if which else "lamina keys list shows them."
    raise LaminaError(ErrorCode.NOT_FOUND, f"There is {what} {reference!r}.", hint)


def _hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
