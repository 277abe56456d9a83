"""Command-line options of the service commands: database, storage and address, and the settings they produce."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

if TYPE_CHECKING:
    from lamina.settings import Settings
    from lamina.store.database import Database

LOG_LEVELS = ("debug", "info", "warning", "error")  # as in lamina.settings.checks, which --help need not import

data_option = click.option(
    "--data", metavar="DIR", help="Data folder of the service (default: lamina/service in XDG_DATA_HOME)."
)
_STORE_OPTIONS = (
    data_option,
    click.option(
        "--database",
        metavar="URL",
        help="Database, as postgresql://USER@HOST/NAME or sqlite:///PATH (default: SQLite in the data folder).",
    ),
)
_FILE_OPTIONS = (
    click.option(
        "--storage",
        metavar="URL",
        help="Storage for files, such as s3://BUCKET/PREFIX (default: files in the data folder).",
    ),
)

log_level_option = click.option(
    "--log-level", type=click.Choice(LOG_LEVELS), help="Minimum level of the log messages (default: info)."
)
url_option = click.option(
    "--url", metavar="URL", help="URL of the service (default: from the settings, else http://127.0.0.1:8080)."
)


def store_options(command: Callable[..., Any], may_be_new: bool = False) -> Callable[..., Any]:
    """Add --data and --database to a command, whose function receives an open `Database` as `database`.

    `may_be_new`: create a missing database instead of raising an error. The database is closed after the command.
    """

    @functools.wraps(command)
    def with_database(data: str | None, database: str | None, **arguments: Any) -> Any:
        from lamina.server.stores import check_service_is_there, open_database

        settings = settings_of(data=data, database=database)
        if not may_be_new:
            check_service_is_there(settings)
        store: Database = open_database(settings)
        try:
            return command(database=store, **arguments)
        finally:
            store.close()

    return _with(_STORE_OPTIONS, with_database)


def service_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --data, --database and --storage to a command, whose function receives them under these names."""
    return _with((*_STORE_OPTIONS, *_FILE_OPTIONS), command)


def settings_of(**flags: object) -> "Settings":
    """The settings in force; flags that are not None override them. Raises `LaminaError` (settings_invalid)."""
    from lamina.settings import current

    return current(**flags)


def url_of(settings: "Settings", url: str | None = None) -> str:
    """The URL of the service for clients on this machine, without a trailing slash; `url` overrides the settings.

    Raises click.BadParameter if `url` is not an http or https URL.
    """
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise click.BadParameter(f"{url!r} is not a URL such as http://HOST or https://HOST.", param_hint="--url")
    return (url or settings.base_url or f"http://127.0.0.1:{settings.port}").rstrip("/")


def _with(options: tuple[Callable[..., Any], ...], command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command
