"""Procrastinate's tables in our database: made by whoever comes first, brought up to date with the library."""

import re
from importlib import resources
from importlib.metadata import version

import sqlalchemy as sa
from sqlalchemy import Connection

_LOCK = 0x50524F43  # "PROC": one makes the tables, the others wait
_MARK = "procrastinate "


def apply_schema(connection: Connection) -> None:
    """Nothing, where they are there and of this version of the library."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    installed = version("procrastinate")
    is_there, mark = connection.execute(
        sa.text(
            "select to_regclass('procrastinate_jobs') is not null, obj_description(to_regclass('procrastinate_jobs'))"
        )
    ).one()
    if is_there and not (mark or "").startswith(_MARK):
        return  # somebody else's: they keep it up to date
    scripts = _migrations(mark.removeprefix(_MARK), installed) if is_there else [_script("schema.sql")]
    for script in scripts:
        _run(connection, script)
    if scripts:
        _run(connection, f"comment on table procrastinate_jobs is '{_MARK}{installed}'")


def _migrations(since: str, until: str) -> list[str]:
    """The library names them by the version that they came with: 03.04.00_50_what_it_does.sql."""
    folder = resources.files("procrastinate.sql") / "migrations"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return [_script(f"migrations/{name}") for name in names if _numbers(since) < _numbers(name) <= _numbers(until)]


def _numbers(text: str) -> tuple[int, ...]:
    """The first three: of "3.10.0", and of "03.04.00_50_…"."""
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


def _script(name: str) -> str:
    return (resources.files("procrastinate.sql") / name).read_text("utf-8")


def _run(connection: Connection, script: str) -> None:
    # Without parameters, so that psycopg takes several statements at once and leaves "%" alone.
    connection.execution_options(no_parameters=True).exec_driver_sql(script)
