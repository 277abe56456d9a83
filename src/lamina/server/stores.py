"""Opens the database that the settings name, and brings its schema up to date."""

import os
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from lamina.core.errors import ErrorCode, LaminaError
from lamina.settings import Settings, data_folder
from lamina.store.database import Database
from lamina.store.migrations import migrate

_OWNER_ONLY = 0o700  # the database holds secrets


def open_database(settings: Settings) -> Database:
    """Made if it is not there. Raises `LaminaError`: store_unavailable, settings_invalid."""
    if settings.database is None:
        url = f"sqlite:///{made_folder(data_folder(settings)) / 'lamina.db'}"
    else:
        url = _checked(settings.database)
    database = Database(url)
    try:
        migrate(database.engine)
    except BaseException:
        database.close()
        raise
    return database


def made_folder(folder: Path) -> Path:
    """Raises `LaminaError` (store_unavailable) where it cannot be made or written to."""
    try:
        folder.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(folder, error.strerror or str(error)) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _unusable(folder, "it is read-only")
    return folder


def password_of(settings: Settings) -> str:
    """What no log may show; empty where there is none."""
    return str(make_url(_checked(settings.database)).password or "") if settings.database else ""


def _checked(url: str) -> str:
    try:
        make_url(url)
    except ArgumentError:
        raise LaminaError(
            ErrorCode.SETTINGS_INVALID,
            "The setting database is no URL.",
            "Give postgresql://USER@HOST/NAME or sqlite:///PATH.",
        ) from None
    return url


def _unusable(folder: Path, why: str) -> LaminaError:
    return LaminaError(
        ErrorCode.STORE_UNAVAILABLE,
        f"The folder for data, {folder}, cannot be used: {why}.",
        "Make it writable, or name another: --data FOLDER.",
    )
