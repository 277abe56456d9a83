"""`lamina keys`: creation, listing and revocation of API keys."""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import click

from lamina.cli.exits import DONE
from lamina.cli.output_options import json_option
from lamina.cli.service_options import store_options
from lamina.cli.terminal_text import aligned
from lamina.core.times import render_time

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from lamina.core.keys import ApiKey
    from lamina.store.database import Database

_DAY_S = 86_400
_SCOPES = ("read", "write")


@dataclass(frozen=True, slots=True)
class _KeyRow:
    """One line of `lamina keys list`. `stored_bytes`: the size of the key's uploads."""

    key: "ApiKey"
    balance_micros: int
    stored_bytes: int


@click.group()
def keys() -> None:
    """Create, list and revoke API keys."""


@keys.command()
@click.option("--name", metavar="TEXT", default="", help="Name of the key, which other commands accept.")
@click.option(
    "--credit",
    metavar="USD",
    help="Initial balance in US dollars, from which its jobs are paid (default: its jobs cost nothing).",
)
@click.option(
    "--expires",
    type=click.IntRange(1, 36_500),
    metavar="DAYS",
    help="Days until the key expires, 1 to 36500 (default: it does not expire).",
)
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(_SCOPES),
    multiple=True,
    help="Scope of the key, read or write (default: both). May be repeated.",
)
@click.option(
    "--model",
    "models",
    metavar="NAME",
    multiple=True,
    help="Model that the key may use (default: all models). May be repeated.",
)
@click.option(
    "--per-minute", type=click.IntRange(1), metavar="N", help="Maximum number of jobs per minute (default: no limit)."
)
@click.option(
    "--at-once",
    type=click.IntRange(1),
    metavar="N",
    help="Maximum number of jobs queued and running at the same time (default: no limit).",
)
@click.option(
    "--max-stored-bytes",
    type=click.IntRange(0),
    metavar="N",
    help="Maximum total size of the key's uploads in bytes; 0 is no limit (default: the setting max_stored_bytes).",
)
@click.option("--json", "is_json", is_flag=True, help="JSON output.")
@partial(store_options, may_be_new=True)
def create(
    database: "Database",
    name: str,
    credit: str | None,
    expires: int | None,
    scopes: tuple[str, ...],
    models: tuple[str, ...],
    per_minute: int | None,
    at_once: int | None,
    max_stored_bytes: int | None,
    is_json: bool,
) -> int:
    """Create an API key and print it. It cannot be shown again: only its hash is stored.

    Without --credit, its jobs cost nothing. The name must not be in use by another valid key.
    """
    from lamina.accounts.keys import KeyTerms, create_key
    from lamina.core.keys import ALL_SCOPES, Scope
    from lamina.core.money import micros_of

    now = time.time()
    terms = KeyTerms(
        name=name,
        credit_micros=None if credit is None else micros_of(credit),
        scopes=frozenset(map(Scope, scopes)) or ALL_SCOPES,
        expires_at=None if expires is None else now + expires * _DAY_S,
        per_minute=per_minute,
        at_once=at_once,
        models=frozenset(map(_model_name, models)) or None,
        max_stored_bytes=max_stored_bytes,
    )
    if terms.credit_micros is not None and terms.credit_micros < 0:
        raise click.BadParameter("The amount must be 0 or more.", param_hint="--credit")
    key, secret = create_key(database, terms, now)
    click.echo(json.dumps({"key": secret, "id": key.id, "name": name}) if is_json else secret)
    return DONE


@keys.command(name="list")
@json_option
@store_options
def list_keys(database: "Database", is_json: bool) -> int:
    """List the API keys, without their secrets."""
    from lamina.store import keys as store
    from lamina.store import stored_bytes, wallets

    def read(connection: "Connection") -> list[_KeyRow]:
        return [
            _KeyRow(key, wallets.balance_micros(connection, key.id), stored_bytes.of_key(connection, key.id)[0])
            for key in store.every(connection)
        ]

    rows = database.write_now(read)
    if is_json or not sys.stdout.isatty():
        _print_json(rows)
    else:
        head = ("key", "name", "state", "scopes", "balance", "id")
        cells = [
            (f"{row.key.prefix}…", row.key.name, _state(row.key), _scopes(row.key), _balance(row), row.key.id)
            for row in rows
        ]
        click.echo("\n".join(aligned([head, *cells], (False, False, False, False, True, False))))
    return DONE


@keys.command()
@click.argument("key")
@store_options
def revoke(database: "Database", key: str) -> int:
    """Revoke KEY, given as an id, the first 12 characters, or a name. Its jobs continue, but nobody can see them."""
    from lamina.accounts.keys import the_key
    from lamina.store import keys as store

    def revoke_in(connection: "Connection") -> "ApiKey":
        api_key = the_key(connection, key, time.time())
        store.revoke(connection, api_key.id, time.time())
        return api_key

    revoked = database.write_now(revoke_in)
    click.echo(f"Revoked {revoked.prefix}… ({revoked.id}).")
    return DONE


def _print_json(rows: Sequence[_KeyRow]) -> None:
    reports = [
        {
            "id": row.key.id,
            "prefix": row.key.prefix,
            "name": row.key.name,
            "state": _state(row.key),
            "scopes": _scopes(row.key),
            "models": None if row.key.models is None else sorted(row.key.models),
            "balance": _balance(row),
            "created_at": render_time(row.key.created_at, "seconds"),
            "expires_at": None if row.key.expires_at is None else render_time(row.key.expires_at, "seconds"),
            "per_minute": row.key.per_minute,
            "at_once": row.key.at_once,
            "max_stored_bytes": row.key.max_stored_bytes,
            "stored_bytes": row.stored_bytes,
        }
        for row in rows
    ]
    click.echo(json.dumps({"keys": reports}, indent=2))


def _state(key: "ApiKey") -> str:
    if key.is_valid_at(time.time()):
        return "good"
    return "revoked" if key.revoked_at is not None else "expired"


def _scopes(key: "ApiKey") -> str:
    return ",".join(sorted(key.scopes))


def _balance(row: _KeyRow) -> str:
    from lamina.core.money import usd_of

    return usd_of(row.balance_micros) if row.key.is_metered else "-"


def _model_name(name: str) -> str:
    """The catalog's name for a model name or alias. Raises `LaminaError` (model_unknown)."""
    from lamina.core.catalog import model_named
    from lamina.core.prices import TRAINERS

    return name if name in TRAINERS else model_named(name).name
