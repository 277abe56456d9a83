"""Brings a database from any older schema to this one, by Alembic, under a lock."""

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, exc

from lamina.core.errors import ErrorCode, LaminaError

_LOCK = 0x4C616D696E61  # "Lamina": one migrates, the others wait


def migrate(engine: Engine, to: str = "head") -> None:
    """Raises `LaminaError` (store_unavailable) where the database cannot be reached or is from a newer Lamina."""
    from alembic import command
    from alembic.util.exc import CommandError

    try:
        with engine.connect().execution_options(is_writing=True) as connection, connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(sa.text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            with _configured(connection) as config:
                command.upgrade(config, to)
    except CommandError as error:
        raise LaminaError(
            ErrorCode.STORE_UNAVAILABLE,
            f"The database was written by another version of Lamina: {error}.",
            "Use that version or a newer one, or restore a backup.",
        ) from None
    except (exc.OperationalError, exc.InterfaceError) as error:
        reason = str(error.orig or error).strip().splitlines()[0]
        raise LaminaError(
            ErrorCode.STORE_UNAVAILABLE, f"The database cannot be used: {reason}.", "Look whether it runs and has room."
        ) from None


def knows(revision: str) -> bool:
    """Whether it is one of the schemas up to this version's."""
    from alembic.script import ScriptDirectory

    return revision in {known.revision for known in ScriptDirectory(str(Path(__file__).parent)).walk_revisions()}


@contextlib.contextmanager
def _configured(connection: Connection) -> Generator[Any]:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    yield config
