"""Creates Procrastinate's tables in our database and migrates them to the installed version of the library.

Procrastinate (as of 3.10) can create its schema, but leaves migrations to the operator. A comment on its jobs table
records the version that the tables were made by.
"""

import re
from importlib import resources
from importlib.metadata import version

import sqlalchemy as sa
from sqlalchemy import Connection

_LOCK = 0x50524F43  # "PROC": one process creates or migrates the tables, the others wait
_MARK = "procrastinate "


def apply_schema(connection: Connection) -> None:
    """Does nothing if the tables exist and are up to date, or if they were not created by Lamina."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    installed = version("procrastinate")
    exists, mark = connection.execute(
        sa.text(
            "select to_regclass('procrastinate_jobs') is not null, obj_description(to_regclass('procrastinate_jobs'))"
        )
    ).one()
    if exists and not (mark or "").startswith(_MARK):
        return  # another program created them and upgrades them
    scripts = _migrations(mark.removeprefix(_MARK), installed) if exists else [_script("schema.sql")]
    for script in scripts:
        _run(connection, script)
    if scripts:
        _run(connection, f"comment on table procrastinate_jobs is '{_MARK}{installed}'")


def _migrations(after: str, up_to: str) -> list[str]:
    """The scripts of the versions between. Their names begin with the version: 03.04.00_50_what_it_does.sql."""
    folder = resources.files("procrastinate.sql") / "migrations"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return [
        _script(f"migrations/{name}")
        for name in names
        if _version_numbers(after) < _version_numbers(name) <= _version_numbers(up_to)
    ]


def _version_numbers(text: str) -> tuple[int, ...]:
    """The first three numbers: (3, 10, 0) of "3.10.0", (3, 4, 0) of "03.04.00_50_what_it_does.sql"."""
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


def _script(name: str) -> str:
    return (resources.files("procrastinate.sql") / name).read_text("utf-8")


def _run(connection: Connection, script: str) -> None:
    # Without parameters, psycopg accepts several statements at once and does not interpret "%".
    connection.execution_options(no_parameters=True).exec_driver_sql(script)
