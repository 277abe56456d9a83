"""The schema: what migrations make is what the code expects, from nothing, twice, and from every older schema."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import lamina.store.migrations as migrations
from lamina.core.errors import ErrorCode, LaminaError
from lamina.store.database import Database
from lamina.store.migrations import migrate
from lamina.store.tables import metadata

Opened = Callable[[str], Database]

SCRIPTS = Config()
SCRIPTS.set_main_option("script_location", str(Path(migrations.__file__).parent))
REVISIONS = [script.revision for script in reversed(list(ScriptDirectory.from_config(SCRIPTS).walk_revisions()))]


def differences(database: Database) -> list[Any]:
    ours = set(metadata.tables)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"compare_type": True, "include_name": lambda name, kind, _parents: kind != "table" or name in ours},
        )
        return compare_metadata(context, metadata)


def test_an_empty_database_gets_the_tables_that_the_code_expects(empty_url: str, opened: Opened) -> None:
    database = opened(empty_url)
    migrate(database.engine)
    assert differences(database) == []


def test_migrating_again_changes_nothing(empty_url: str, opened: Opened) -> None:
    database = opened(empty_url)
    migrate(database.engine)
    add_rows(database, "head")
    migrate(database.engine)
    assert differences(database) == []
    assert rows(database, "wallets") == [{"key_id": "key-1", "balance_micros": 7}]


def test_a_wallet_cannot_fall_below_zero_whoever_writes(empty_url: str, opened: Opened) -> None:
    database = opened(empty_url)
    migrate(database.engine)
    add_rows(database, "head")
    with pytest.raises(sa.exc.IntegrityError), database.engine.begin() as connection:
        connection.execute(sa.text("update wallets set balance_micros = -1"))


@pytest.mark.parametrize("revision", REVISIONS)
def test_rows_of_every_older_schema_are_kept(revision: str, empty_url: str, opened: Opened) -> None:
    database = opened(empty_url)
    migrate(database.engine, revision)
    add_rows(database, revision)
    before = {name: rows(database, name) for name in ("keys", "wallets", "ledger")}
    migrate(database.engine)
    assert differences(database) == []
    for name, kept in before.items():
        for old, new in zip(kept, rows(database, name), strict=True):
            assert {column: new[column] for column in old if column in new} == {
                column: value for column, value in old.items() if column in new
            }


def test_a_database_of_a_newer_lamina_is_refused(empty_url: str, opened: Opened) -> None:
    database = opened(empty_url)
    migrate(database.engine)
    with database.engine.begin() as connection:
        connection.execute(sa.text("update alembic_version set version_num = '9999'"))
    with pytest.raises(LaminaError, match="another version of Lamina") as caught:
        migrate(database.engine)
    assert caught.value.code is ErrorCode.STORE_UNAVAILABLE


def test_two_who_migrate_at_the_same_time_both_succeed(empty_url: str, opened: Opened) -> None:
    from concurrent.futures import ThreadPoolExecutor

    databases = [opened(empty_url) for _ in range(3)]
    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda database: migrate(database.engine), databases))
    assert differences(databases[0]) == []


def test_a_database_that_cannot_be_reached_is_said_plainly(opened: Opened, tmp_path: Path) -> None:
    database = opened(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}")
    with pytest.raises(LaminaError, match="cannot be used") as caught:
        migrate(database.engine)
    assert caught.value.code is ErrorCode.STORE_UNAVAILABLE


def add_rows(database: Database, revision: str) -> None:
    """One in each of a few tables, as they are in that revision: required columns get a value of their type."""
    here = sa.MetaData()
    here.reflect(database.engine)
    known = {
        "keys": {"id": "key-1", "secret_hash": f"hash of {revision}"},
        "wallets": {"key_id": "key-1", "balance_micros": 7},
        "ledger": {"key_id": "key-1", "amount_micros": 7},
    }
    with database.engine.begin() as connection:
        for name, values in known.items():
            table = here.tables[name]
            required = {
                column.name: filler(column)
                for column in table.c
                if not column.nullable and column.name not in values and not (column.primary_key and name == "ledger")
            }
            connection.execute(table.insert(), {**required, **values})


def filler(column: sa.Column[Any]) -> object:
    kind = column.type.python_type
    return {str: "x", int: 1, float: 1.0, bool: False, bytes: b"x"}.get(kind, {})


def rows(database: Database, table: str) -> list[dict[str, Any]]:
    with database.engine.connect() as connection:
        return [dict(row) for row in connection.execute(sa.text(f"select * from {table}")).mappings()]  # noqa: S608
