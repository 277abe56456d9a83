"""Opens the database and the storage that the settings name, and brings the schema up to date."""

import asyncio
import os
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from lamina.core.errors import ErrorCode, LaminaError
from lamina.settings import Settings, data_folder
from lamina.store.blobs import Blobs, open_blobs
from lamina.store.database import Database
from lamina.store.migrations import migrate

_OWNER_ONLY = 0o700  # the database holds secrets


def open_database(settings: Settings) -> Database:
    """Creates the database if it does not exist. Raises `LaminaError`: store_unavailable, settings_invalid."""
    database = reached_database(settings)
    try:
        migrate(database.engine)
    except BaseException:
        database.close()
        raise
    return database


def reached_database(settings: Settings) -> Database:
    """The database as it is, possibly without tables. Raises as `open_database` does."""
    if settings.database is not None:
        return Database(_checked(settings.database))
    made_folder(data_folder(settings))
    return Database(f"sqlite:///{_sqlite_file(settings)}")


def open_files(settings: Settings) -> Blobs:
    """Raises `LaminaError`: store_unavailable, settings_invalid."""
    return open_blobs(settings.storage or str(data_folder(settings) / "files"))


def check_files(settings: Settings) -> None:
    """Raises `LaminaError` (store_unavailable) with the reason if the storage in the settings is unusable: without it
    a service would accept jobs and lose their results.
    """
    if settings.storage is not None:
        asyncio.run(open_files(settings).check())


def check_service_is_there(settings: Settings) -> None:
    """Raises `LaminaError` (input_not_found) if there is no database yet."""
    if settings.database is None and not _sqlite_file(settings).exists():
        raise LaminaError(
            ErrorCode.INPUT_NOT_FOUND,
            f"There is no service in {data_folder(settings)}.",
            "Give the folder or the database that lamina serve uses: --data FOLDER, --database URL.",
        )


def made_folder(folder: Path) -> Path:
    """Creates the folder. Raises `LaminaError` (store_unavailable) if that fails or it is read-only."""
    try:
        folder.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(folder, error.strerror or str(error)) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _unusable(folder, "it is read-only")
    return folder


def password_of(settings: Settings) -> str:
    """The password of the database, which must not be logged; empty if there is none."""
    return str(make_url(_checked(settings.database)).password or "") if settings.database else ""


def place_words(settings: Settings) -> list[str]:
    """Lines with the places where jobs and files are stored, without the password."""
    database = make_url(_checked(settings.database)).set(password=None) if settings.database else None
    return [
        f"Data    {data_folder(settings)}",
        *([f"Store   {database}"] if database is not None else []),
        *([f"Files   {settings.storage}"] if settings.storage else []),
    ]


def _sqlite_file(settings: Settings) -> Path:
    return data_folder(settings) / "lamina.db"


def _checked(url: str) -> str:
    try:
        make_url(url)
    except ArgumentError:
        raise LaminaError(
            ErrorCode.SETTINGS_INVALID,
            "The setting database is not a URL.",
            "Give postgresql://USER@HOST/NAME or sqlite:///PATH.",
        ) from None
    return url


def _unusable(folder: Path, why: str) -> LaminaError:
    return LaminaError(
        ErrorCode.STORE_UNAVAILABLE,
        f"The folder for data, {folder}, cannot be used: {why}.",
        "Make it writable, or name another: --data FOLDER.",
    )
