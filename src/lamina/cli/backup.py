"""`lamina backup` and `lamina restore`: a whole service in one file, and out of it again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lamina.cli.exits import DONE
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
@click.option("--json", "is_json", is_flag=True, help="Print JSON, as where stdout is not a terminal.")
def backup(file: str, data: str | None, database: str | None, storage: str | None, is_json: bool) -> int:
    """Write a whole service to FILE: jobs, keys, wallets, webhooks, secrets, and the files that they speak of.

    The service may go on meanwhile; what is in FILE is what there was at one moment. FILE is a tar archive that only
    you can read: keep it like a key, since it holds the service's secrets.

    \b
      lamina backup lamina-2026-11-25.tar
    """
    from lamina.server.stores import check_service_is_there
    from lamina.service.backup import back_up

    check_service_is_there(settings_of(data=data, database=database, storage=storage))
    done = _copied(back_up, file, data, database, storage)
    _tell("wrote", file, done, is_json)
    if done.missing:
        click.echo(f"lamina: {done.missing} files were not in the storage; their rows are in {file}.", err=True)
    return DONE


@click.command()
@click.argument("file", metavar="FILE")
@service_options
@click.option("--json", "is_json", is_flag=True, help="Print JSON, as where stdout is not a terminal.")
def restore(file: str, data: str | None, database: str | None, storage: str | None, is_json: bool) -> int:
    """Read a service from FILE, which lamina backup wrote, into an empty place.

    The database may be of another kind than the one that FILE is from, and the storage, too: this is also how to move
    from SQLite to Postgres and back. All of FILE is checked before anything is written. Stop the old service first, or
    both will do what is open.

    \b
      lamina restore lamina-2026-11-25.tar --data new/
      lamina restore lamina-2026-11-25.tar --database postgresql://lamina@db/lamina --storage s3://lamina
    """
    from lamina.service.backup import restore as restored

    _tell("restored", file, _copied(restored, file, data, database, storage), is_json)
    return DONE


def _copied(copy: "Copy", file: str, data: str | None, database: str | None, storage: str | None) -> "BackedUp":
    from lamina.server.stores import open_files, reached_database

    settings = settings_of(data=data, database=database, storage=storage)
    store = reached_database(settings)
    try:
        return asyncio.run(_awaited(copy(store, open_files(settings), Path(file))))
    finally:
        store.close()


async def _awaited(done: "Awaitable[BackedUp]") -> "BackedUp":
    return await done


def _tell(verb: str, file: str, done: "BackedUp", is_json: bool) -> None:
    if wants_json(is_json):
        print_json({"file": file, **asdict(done)}, indent=None)
    else:
        click.echo(f"{verb} {file}: {done.rows:,} rows, {done.blobs:,} files of {done.bytes / 1e6:,.1f} MB")
