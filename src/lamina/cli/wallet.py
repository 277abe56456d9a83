"""`lamina wallet`: the balance of an API key, and top-ups."""

import json
import sys
import time
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
    from lamina.core.wallets import LedgerEntry
    from lamina.store.database import Database


@click.group()
def wallet() -> None:
    """Show and change the balance of an API key."""


@wallet.command()
@click.argument("key")
@json_option
@store_options
def show(database: "Database", key: str, is_json: bool) -> int:
    """Show the balance of KEY and its latest transactions. KEY is an id, the first 12 characters, or a name."""
    from lamina.accounts.keys import the_key
    from lamina.core.money import usd_of
    from lamina.store import wallets

    def read(connection: "Connection") -> "tuple[ApiKey, int, list[LedgerEntry]]":
        api_key = the_key(connection, key, time.time())
        return api_key, wallets.balance_micros(connection, api_key.id), wallets.entries(connection, api_key.id)

    api_key, balance, entries = database.write_now(read)
    rows = [
        (render_time(entry.at, "seconds"), entry.kind, usd_of(entry.amount_micros), entry.job_id or "", entry.note)
        for entry in entries
    ]
    head = ("at", "kind", "usd", "job", "note")
    if is_json or not sys.stdout.isatty():
        rendered = {
            "key": api_key.id,
            "is_metered": api_key.is_metered,
            "balance_usd": usd_of(balance),
            "entries": [dict(zip(head, row, strict=True)) for row in rows],
        }
        click.echo(json.dumps(rendered, indent=2))
    else:
        click.echo(f"{usd_of(balance)} USD{'' if api_key.is_metered else ' (the jobs of this key cost nothing)'}")
        click.echo("\n".join(aligned([head, *rows], (False, False, True, False, False))))
    return DONE


@wallet.command(context_settings={"ignore_unknown_options": True})  # -5 is an amount
@click.argument("key")
@click.argument("usd")
@click.option("--note", metavar="TEXT", default="", help="Note on the transaction, such as an invoice number.")
@store_options
def add(database: "Database", key: str, usd: str, note: str) -> int:
    """Add US dollars to the balance of KEY; a negative amount is subtracted. From now on, its jobs are charged."""
    from lamina.accounts.keys import the_key
    from lamina.core.errors import ErrorCode, LaminaError
    from lamina.core.money import micros_of, usd_of
    from lamina.store import keys, wallets

    amount = micros_of(usd)

    def top_up(connection: "Connection") -> int:
        api_key = the_key(connection, key, time.time())
        if not wallets.add(connection, api_key.id, wallets.TOP_UP, amount, time.time(), note=note):
            raise LaminaError(
                ErrorCode.FUNDS_INSUFFICIENT,
                "The balance is smaller than this amount.",
                "To see the balance, run lamina wallet show.",
            )
        keys.meter(connection, api_key.id)
        return wallets.balance_micros(connection, api_key.id)

    click.echo(f"{usd_of(database.write_now(top_up))} USD")
    return DONE
