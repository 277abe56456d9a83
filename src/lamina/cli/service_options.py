"""The options of the commands that have to do with a service: its store, its address, and the settings they make."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

if TYPE_CHECKING:
    from lamina.settings import Settings
    from lamina.store.database import Database

LOG_LEVELS = ("debug", "info", "warning", "error")  # as in lamina.settings.checks, not loaded for the sake of --help
_STORE = (
    click.option("--data", metavar="DIR", help="The service's folder; lamina/service in XDG_DATA_HOME by default."),
    click.option("--database", metavar="URL", help="postgresql://USER@HOST/NAME; SQLite in the folder by default."),
)
_FILES = (
    click.option("--storage", metavar="URL", help="s3://BUCKET/PREFIX and its like; files in the folder by default."),
)

log_level_option = click.option(
    "--log-level", type=click.Choice(LOG_LEVELS), help="From which level on it logs; info by default."
)
address_option = click.option(
    "--url", metavar="URL", help="Where the service is; by the settings, http://127.0.0.1:8080, by default."
)


def store_options(command: Callable[..., Any], may_be_new: bool = False) -> Callable[..., Any]:
    """Adds them to a command, whose function takes an open `Database` as `database`, closed when it is done.

    `may_be_new`: a store that is not there is made, instead of an error that says so.
    """

    @functools.wraps(command)
    def opened(data: str | None, database: str | None, **arguments: Any) -> Any:
        from lamina.server.stores import check_service_is_there, open_database

        settings = settings_of(data=data, database=database)
        if not may_be_new:
            check_service_is_there(settings)
        store: Database = open_database(settings)
        try:
            return command(database=store, **arguments)
        finally:
            store.close()

    return _with(_STORE, opened)


def service_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds them, and where files are kept, to a command, whose function takes `data`, `database`, `storage`."""
    return _with((*_STORE, *_FILES), command)


def settings_of(**flags: object) -> "Settings":
    """Flags over what else says so. Raises `LaminaError` (settings_invalid)."""
    from lamina.settings import current

    return current(**flags)


def address_of(settings: "Settings", url: str | None = None) -> str:
    """Where clients on this machine reach the service, unless a flag says so; without a slash at its end.

    Raises click.BadParameter for a flag that is no such address.
    """
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise click.BadParameter(f"{url!r} is not http://HOST or https://HOST.", param_hint="--url")
    return (url or settings.base_url or f"http://127.0.0.1:{settings.port}").rstrip("/")


def _with(options: tuple[Callable[..., Any], ...], command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command
