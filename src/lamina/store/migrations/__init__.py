"""Migrates a database from any older schema to the present one with Alembic, under a lock."""

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, exc

from lamina.core.errors import ErrorCode, LaminaError

_LOCK = 0x4C616D696E61  # "Lamina": one process migrates, the others wait


def migrate(engine: Engine, to: str = "head") -> None:
    """Raises `LaminaError` (store_unavailable) if the database cannot be reached or is from a newer Lamina."""
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
            ErrorCode.STORE_UNAVAILABLE,
            f"The database cannot be used: {reason}.",
            "Check that it is running and has free space.",
        ) from None


def knows(revision: str) -> bool:
    """True if the revision is the present one or an older one."""
    from alembic.script import ScriptDirectory

    return revision in {script.revision for script in ScriptDirectory(str(Path(__file__).parent)).walk_revisions()}


@contextlib.contextmanager
def _configured(connection: Connection) -> Generator[Any]:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    yield config
