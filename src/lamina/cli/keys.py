"""`lamina keys`: makes API keys, lists them, takes them back."""

import json
import sys
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from lamina.cli.exits import DONE
from lamina.cli.service_options import store_options
from lamina.cli.terminal_text import aligned

if TYPE_CHECKING:
    from lamina.core.keys import ApiKey
    from lamina.store.database import Database

_DAY_S = 86_400
_SCOPES = ("read", "write")


@click.group()
def keys() -> None:
    """Make API keys, list them, and take them back."""


@keys.command()
@click.option("--name", metavar="TEXT", default="", help="What to call it.")
@click.option("--credit", metavar="USD", help="Put so much into its wallet, and have its jobs paid for from there.")
@click.option("--expires", type=click.IntRange(1, 36_500), metavar="DAYS", help="After so many days it is no good.")
@click.option("--scope", "scopes", type=click.Choice(_SCOPES), multiple=True, help="What it may do; both by default.")
@click.option("--model", "models", metavar="NAME", multiple=True, help="Only for this model, or these; all by default.")
@click.option("--per-minute", type=click.IntRange(1), metavar="N", help="So many jobs a minute at most.")
@click.option("--at-once", type=click.IntRange(1), metavar="N", help="So many open jobs at once at most.")
@click.option("--max-stored-bytes", type=click.IntRange(0), metavar="N", help="Of its uploads together; 0 is no limit.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
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
    """Make a key and show it, this once: only a hash of it is kept.

    Without --credit its jobs cost nothing. A name that another good key has is refused.
    """
    from lamina.accounts.keys import KeyTerms, create_key
    from lamina.core.keys import ALL_SCOPES, Scope
    from lamina.core.money import micros_of

    now = time.time()
    terms = KeyTerms(
        name,
        None if credit is None else micros_of(credit),
        frozenset(map(Scope, scopes)) or ALL_SCOPES,
        None if expires is None else now + expires * _DAY_S,
        per_minute,
        at_once,
        frozenset(map(_known_model, models)) or None,
        max_stored_bytes,
    )
    if terms.credit_micros is not None and terms.credit_micros < 0:
        raise click.BadParameter("Give no less than 0.", param_hint="--credit")
    key, secret = create_key(database, terms, now)
    click.echo(json.dumps({"key": secret, "id": key.id, "name": name}) if is_json else secret)
    return DONE


@keys.command(name="list")
@click.option("--json", "is_json", is_flag=True, help="Print JSON, as where stdout is not a terminal.")
@store_options
def list_keys(database: "Database", is_json: bool) -> int:
    """Show the keys, without their secrets."""
    from lamina.store import keys as store
    from lamina.store import stored_bytes, wallets

    def work(connection: Any) -> list[dict[str, Any]]:
        return [
            _row(key, wallets.balance_micros(connection, key.id), stored_bytes.of_key(connection, key.id)[0])
            for key in store.every(connection)
        ]

    found = database.write_now(work)
    if is_json or not sys.stdout.isatty():
        click.echo(json.dumps({"keys": found}, indent=2))
    else:
        head = ("key", "name", "state", "scopes", "balance", "id")
        rows = [(f"{one['prefix']}…", *(str(one[name]) for name in head[1:])) for one in found]
        click.echo("\n".join(aligned([head, *rows], (False, False, False, False, True, False))))
    return DONE


@keys.command()
@click.argument("key")
@store_options
def revoke(database: "Database", key: str) -> int:
    """Take a key back, named by its id, its first 12 characters, or its name. Its jobs go on; nobody can see them."""
    from lamina.accounts.keys import the_key
    from lamina.store import keys as store

    def work(connection: Any) -> "ApiKey":
        found = the_key(connection, key, time.time())
        store.revoke(connection, found.id, time.time())
        return found

    found = database.write_now(work)
    click.echo(f"Revoked {found.prefix}… ({found.id}).")
    return DONE


def _row(key: "ApiKey", balance_micros: int, stored_bytes: int) -> dict[str, Any]:
    from lamina.core.money import usd_of

    is_good = key.is_valid_at(time.time())
    return {
        "id": key.id,
        "prefix": key.prefix,
        "name": key.name,
        "state": "good" if is_good else "revoked" if key.revoked_at is not None else "expired",
        "scopes": ",".join(sorted(key.scopes)),
        "models": None if key.models is None else sorted(key.models),
        "balance": usd_of(balance_micros) if key.is_metered else "-",
        "created_at": _time(key.created_at),
        "expires_at": None if key.expires_at is None else _time(key.expires_at),
        "per_minute": key.per_minute,
        "at_once": key.at_once,
        "max_stored_bytes": key.max_stored_bytes,
        "stored_bytes": stored_bytes,
    }


def _known_model(name: str) -> str:
    from lamina.core.catalog import model_named
    from lamina.core.prices import TRAINERS

    return name if name in TRAINERS else model_named(name).name


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
