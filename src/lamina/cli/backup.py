"""`lamina backup` and `lamina restore`: a whole service to and from one file."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lamina.cli.exits import DONE
from lamina.cli.output_options import json_option
from lamina.cli.printing import print_json, wants_json
from lamina.cli.service_options import service_options, settings_of

if TYPE_CHECKING:
    from lamina.service.backup import BackedUp
    from lamina.store.blobs import Blobs
    from lamina.store.database import Database

    Copy = Callable[[Database, Blobs, Path], Awaitable[BackedUp]]


@click.command()
@click.argument("file", metavar="FILE")
@service_options
@json_option
def backup(file: str, data: str | None, database: str | None, storage: str | None, is_json: bool) -> int:
    """Back up a whole service to FILE: jobs, keys, wallets, webhooks, secrets, and all files in use.

    The service may keep running; the backup is a consistent snapshot. FILE is a tar archive that only you can read.
    Keep it as safe as an API key: it contains the secrets of the service.

    \b
      lamina backup lamina-2026-11-25.tar
    """
    from lamina.server.stores import check_service_is_there
    from lamina.service.backup import back_up

    check_service_is_there(settings_of(data=data, database=database, storage=storage))
    result = _run(back_up, file, data, database, storage)
    _print_report("wrote", file, result, is_json)
    if result.missing:
        click.echo(
            f"lamina: {result.missing} files are missing in the storage. {file} contains their database rows only.",
            err=True,
        )
    return DONE


@click.command()
@click.argument("file", metavar="FILE")
@service_options
@json_option
def restore(file: str, data: str | None, database: str | None, storage: str | None, is_json: bool) -> int:
    """Restore a service from FILE, written by lamina backup, into an empty database and storage.

    Database and storage may be of another type than those of the backup: use this to move between SQLite and Postgres.
    FILE is checked completely before anything is written. Stop the old service first, or both will run the open jobs.

    \b
      lamina restore lamina-2026-11-25.tar --data new/
      lamina restore lamina-2026-11-25.tar --database postgresql://lamina@db/lamina --storage s3://lamina
    """
    from lamina.service.backup import restore as restore_service

    _print_report("restored", file, _run(restore_service, file, data, database, storage), is_json)
    return DONE


def _run(copy: "Copy", file: str, data: str | None, database: str | None, storage: str | None) -> "BackedUp":
    from lamina.server.stores import open_files, reached_database

    settings = settings_of(data=data, database=database, storage=storage)
    store = reached_database(settings)
    try:
        return asyncio.run(_await(copy(store, open_files(settings), Path(file))))
    finally:
        store.close()


async def _await(result: "Awaitable[BackedUp]") -> "BackedUp":
    return await result


def _print_report(verb: str, file: str, result: "BackedUp", is_json: bool) -> None:
    if wants_json(is_json):
        print_json({"file": file, **asdict(result)}, indent=None)
    else:
        click.echo(f"{verb} {file}: {result.rows:,} rows, {result.blobs:,} files ({result.bytes / 1e6:,.1f} MB)")
