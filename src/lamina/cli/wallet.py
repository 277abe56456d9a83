"""`lamina wallet`: what a key has, and more of it."""

import json
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from lamina.cli.exits import DONE
from lamina.cli.service_options import store_options
from lamina.cli.terminal_text import aligned

if TYPE_CHECKING:
    from lamina.store.database import Database


@click.group()
def wallet() -> None:
    """Show what is in a key's wallet, and put something in."""


@wallet.command()
@click.argument("key")
@click.option("--json", "is_json", is_flag=True, help="Print JSON, as where stdout is not a terminal.")
@store_options
def show(database: "Database", key: str, is_json: bool) -> int:
    """Show the balance and the newest entries. KEY is an id, the first 12 characters, or a name."""
    from lamina.accounts.keys import the_key
    from lamina.core.money import usd_of
    from lamina.store import wallets

    def work(connection: Any) -> tuple[Any, int, list[Any]]:
        found = the_key(connection, key, time.time())
        return found, wallets.balance_micros(connection, found.id), wallets.entries(connection, found.id)

    found, balance, entries = database.write_now(work)
    lines = [(_time(one.at), one.kind, usd_of(one.amount_micros), one.job_id or "", one.note) for one in entries]
    head = ("at", "kind", "usd", "job", "note")
    if is_json or not sys.stdout.isatty():
        told = [dict(zip(head, line, strict=True)) for line in lines]
        click.echo(
            json.dumps(
                {"key": found.id, "is_metered": found.is_metered, "balance_usd": usd_of(balance), "entries": told},
                indent=2,
            )
        )
    else:
        click.echo(f"{usd_of(balance)} USD{'' if found.is_metered else ' (its jobs cost nothing)'}")
        click.echo("\n".join(aligned([head, *lines], (False, False, True, False, False))))
    return DONE


@wallet.command(context_settings={"ignore_unknown_options": True})  # -5 is an amount
@click.argument("key")
@click.argument("usd")
@click.option("--note", metavar="TEXT", default="", help="What for, in the ledger.")
@store_options
def add(database: "Database", key: str, usd: str, note: str) -> int:
    """Put dollars into a wallet; from then on the key's jobs are paid for from it. Less than 0 takes some out."""
    from lamina.accounts.keys import the_key
    from lamina.core.errors import ErrorCode, LaminaError
    from lamina.core.money import micros_of, usd_of
    from lamina.store import keys, wallets

    amount = micros_of(usd)

    def work(connection: Any) -> int:
        found = the_key(connection, key, time.time())
        if not wallets.add(connection, found.id, wallets.TOP_UP, amount, time.time(), note=note):
            raise LaminaError(
                ErrorCode.FUNDS_INSUFFICIENT, "The wallet does not hold so much.", "Take out less: lamina wallet show."
            )
        keys.meter(connection, found.id)
        return wallets.balance_micros(connection, found.id)

    click.echo(f"{usd_of(database.write_now(work))} USD")
    return DONE


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
