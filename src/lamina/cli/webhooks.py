"""`lamina webhooks`: listing and redelivery of webhooks that have not been delivered."""

import json
import sys
import time
from typing import TYPE_CHECKING

import click

from lamina.cli.exits import DONE, FAILED
from lamina.cli.output_options import json_option
from lamina.cli.service_options import store_options
from lamina.cli.terminal_text import aligned
from lamina.core.times import render_time

if TYPE_CHECKING:
    from lamina.core.webhooks import Webhook
    from lamina.store.database import Database


@click.group()
def webhooks() -> None:
    """List undelivered webhooks and send them again."""


@webhooks.command(name="list")
@click.option("--dead", "is_dead", is_flag=True, help="Only webhooks that failed for good (dead letters).")
@json_option
@store_options
def list_webhooks(database: "Database", is_dead: bool, is_json: bool) -> int:
    """List the webhooks that have not been delivered, and why."""
    from lamina.store import outbox

    states = [outbox.DEAD] if is_dead else [outbox.PENDING, outbox.DEAD]
    undelivered = [
        webhook
        for state in states
        for webhook in database.write_now(lambda connection, state=state: outbox.in_state(connection, state))
    ]
    if is_json or not sys.stdout.isatty():
        click.echo(json.dumps({"webhooks": list(map(_rendered, undelivered))}, indent=2))
    else:
        head = ("id", "job", "state", "attempts", "url", "last_error")
        rows = [
            (
                webhook.id,
                webhook.job_id,
                webhook.state,
                str(webhook.attempts or ""),
                webhook.url,
                webhook.last_error or "",
            )
            for webhook in undelivered
        ]
        click.echo("\n".join(aligned([head, *rows], (False, False, False, True, False, False))))
    return DONE


@webhooks.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "is_all", is_flag=True, help="All dead letters and all webhooks that wait for another attempt.")
@store_options
def replay(database: "Database", ids: tuple[str, ...], is_all: bool) -> int:
    """Send webhooks again now, given by their ids: dead letters and webhooks that wait for another attempt.

    The number of attempts starts at 0 again.
    """
    from lamina.store import outbox

    if is_all == bool(ids):
        raise click.UsageError("Give either ids or --all")
    selected = None if is_all else list(ids)
    count = database.write_now(lambda connection: outbox.replay(connection, selected, time.time()))
    click.echo(f"{count} will be sent again.")
    return DONE if count or is_all else FAILED


def _rendered(webhook: "Webhook") -> dict[str, str | int | None]:
    return {
        "id": webhook.id,
        "job": webhook.job_id,
        "state": webhook.state,
        "attempts": webhook.attempts,
        "url": webhook.url,
        "last_status": webhook.last_status,
        "last_error": webhook.last_error,
        "next_at": render_time(webhook.next_at, "seconds"),
    }
