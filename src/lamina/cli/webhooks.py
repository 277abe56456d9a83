"""`lamina webhooks`: those that wait and those that were given up, and another try at once."""

import json
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from lamina.cli.exits import DONE, FAILED
from lamina.cli.service_options import store_options
from lamina.cli.terminal_text import aligned

if TYPE_CHECKING:
    from lamina.core.webhooks import Webhook
    from lamina.store.database import Database


@click.group()
def webhooks() -> None:
    """Show webhooks that wait or were given up, and have them sent at once."""


@webhooks.command(name="list")
@click.option("--dead", "is_dead", is_flag=True, help="Only those that were given up.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON, as where stdout is not a terminal.")
@store_options
def list_webhooks(database: "Database", is_dead: bool, is_json: bool) -> int:
    """Show webhooks that were not delivered (yet), and why."""
    from lamina.store import outbox

    states = [outbox.DEAD] if is_dead else [outbox.PENDING, outbox.DEAD]
    found = [
        one
        for state in states
        for one in database.write_now(lambda connection, state=state: outbox.in_state(connection, state))
    ]
    rows = [_row(one) for one in found]
    if is_json or not sys.stdout.isatty():
        click.echo(json.dumps({"webhooks": rows}, indent=2))
    else:
        head = ("id", "job", "state", "attempts", "url", "last_error")
        lines = [tuple(str(row[name] or "") for name in head) for row in rows]
        click.echo("\n".join(aligned([head, *lines], (False, False, False, True, False, False))))
    return DONE


@webhooks.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "is_all", is_flag=True, help="All that were given up, or failed and wait for another attempt.")
@store_options
def replay(database: "Database", ids: tuple[str, ...], is_all: bool) -> int:
    """Send webhooks again, named by their ids: those that were given up, and those that wait for another attempt.

    They have all their attempts before them again.
    """
    from lamina.store import outbox

    if is_all == bool(ids):
        raise click.UsageError("Give ids, or --all")
    wanted = None if is_all else list(ids)
    count = database.write_now(lambda connection: outbox.replay(connection, wanted, time.time()))
    click.echo(f"{count} will be sent again.")
    return DONE if count or is_all else FAILED


def _row(webhook: "Webhook") -> dict[str, str | int | None]:
    return {
        "id": webhook.id,
        "job": webhook.job_id,
        "state": webhook.state,
        "attempts": webhook.attempts,
        "url": webhook.url,
        "last_status": webhook.last_status,
        "last_error": webhook.last_error,
        "next_at": datetime.fromtimestamp(webhook.next_at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    }
