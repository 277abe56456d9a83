"""Units of work: kept whole or not at all, told of after the commit, and never at a neighbour's cost."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.core.errors import ErrorCode, LaminaError
from lamina.store.database import Database
from lamina.store.migrations import migrate
from lamina.store.tables import secrets, wallets
from stores import Postgres
from waiting import completed, joined

Opened = Callable[[str], Database]


def added(name: str) -> Callable[[Connection], str]:
    def work(connection: Connection) -> str:
        connection.execute(secrets.insert(), {"name": name, "value": b"x"})
        return name

    return work


def failing(name: str) -> Callable[[Connection], str]:
    def work(connection: Connection) -> str:
        added(name)(connection)
        raise ValueError(name)

    return work


def names(connection: Connection) -> set[str]:
    return set(connection.execute(sa.select(secrets.c.name)).scalars())


@pytest.fixture(params=["sqlite", "memory", "postgres"])
def any_database(request: pytest.FixtureRequest, opened: Opened, tmp_path: Path) -> Database:
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        return opened(server.new_database("lamina_template"))
    database = opened("sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path / 'lamina.db'}")
    migrate(database.engine)
    return database


def test_what_is_written_can_be_read(any_database: Database) -> None:
    async def scenario() -> set[str]:
        assert await any_database.write(added("one")) == "one"
        return await any_database.read(names)

    assert completed(scenario()) == {"one"}


def test_nothing_is_kept_of_a_unit_that_raises(any_database: Database) -> None:
    async def scenario() -> set[str]:
        with pytest.raises(ValueError, match="one"):
            await any_database.write(failing("one"))
        return await any_database.read(names)

    assert completed(scenario()) == set()


def test_one_that_fails_does_no_harm_to_its_neighbours(any_database: Database) -> None:
    async def scenario() -> tuple[list[object], set[str]]:
        units = [failing(f"bad {n}") if n % 3 == 0 else added(f"good {n}") for n in range(100)]
        outcomes = await asyncio.gather(*(any_database.write(unit) for unit in units), return_exceptions=True)
        return list(outcomes), await any_database.read(names)

    outcomes, kept = completed(scenario())
    good = {f"good {n}" for n in range(100) if n % 3}
    assert kept == good
    assert [str(outcome) for outcome in outcomes] == [f"bad {n}" if n % 3 == 0 else f"good {n}" for n in range(100)]
    assert all(isinstance(outcome, ValueError) == (n % 3 == 0) for n, outcome in enumerate(outcomes))


def test_one_that_breaks_a_constraint_does_no_harm_to_its_neighbours(any_database: Database) -> None:
    async def scenario() -> tuple[list[object], set[str]]:
        twice = [added("same"), added("one"), added("same"), added("two")]
        outcomes = await asyncio.gather(*(any_database.write(unit) for unit in twice), return_exceptions=True)
        return list(outcomes), await any_database.read(names)

    outcomes, kept = completed(scenario())
    assert kept == {"same", "one", "two"}
    assert sum(isinstance(outcome, sa.exc.IntegrityError) for outcome in outcomes) == 1


def test_readers_and_writers_do_not_wait_for_each_other(any_database: Database) -> None:
    async def scenario() -> int:
        writes = [any_database.write(added(f"n {n}")) for n in range(40)]
        reads = [any_database.read(names) for _ in range(40)]
        await asyncio.gather(*writes, *reads)
        return len(await any_database.read(names))

    assert completed(scenario()) == 40


def test_who_goes_away_while_it_waits_harms_nobody(any_database: Database) -> None:
    async def scenario() -> set[str]:
        release = threading.Event()
        slow = asyncio.ensure_future(any_database.write(lambda _connection: release.wait(10)))
        others = [asyncio.ensure_future(any_database.write(added(f"n {n}"))) for n in range(6)]
        await asyncio.sleep(0)
        slow.cancel()
        others[0].cancel()
        release.set()
        await asyncio.gather(slow, *others, return_exceptions=True)
        return await any_database.read(names)

    assert completed(scenario()) >= {f"n {n}" for n in range(1, 6)}


def test_results_come_after_the_commit(database_url: str, opened: Opened) -> None:
    one, other = opened(database_url), opened(database_url)

    async def scenario() -> None:
        async def write_and_look(n: int) -> None:
            name = await one.write(added(f"n {n}"))
            assert name in await other.read(names)

        await asyncio.gather(*(write_and_look(n) for n in range(30)))

    completed(scenario())


def test_a_commit_that_fails_is_told_to_everybody_in_it(opened: Opened, tmp_path: Path) -> None:
    database = opened(f"sqlite:///{tmp_path / 'lamina.db'}")
    migrate(database.engine)

    def breaks_the_commit(connection: Connection) -> None:
        connection.exec_driver_sql("pragma defer_foreign_keys = on")
        connection.execute(wallets.insert(), {"key_id": "nobody", "balance_micros": 0})

    async def scenario() -> tuple[list[object], set[str]]:
        began, release = threading.Event(), threading.Event()

        def keep_it_busy(_connection: Connection) -> None:
            began.set()
            release.wait(10)

        first = asyncio.ensure_future(database.write(keep_it_busy))
        await asyncio.to_thread(began.wait, 10)  # so that the others wait together
        batch = [asyncio.ensure_future(database.write(unit)) for unit in (added("a"), breaks_the_commit, added("b"))]
        await asyncio.sleep(0)
        release.set()
        await first
        outcomes = await asyncio.gather(*batch, return_exceptions=True)
        await database.write(added("after"))
        return list(outcomes), await database.read(names)

    outcomes, kept = completed(scenario())
    assert all(isinstance(outcome, sa.exc.IntegrityError) for outcome in outcomes)
    assert kept == {"after"}


def test_all_that_waits_is_done_before_it_closes(opened: Opened, tmp_path: Path) -> None:
    path = tmp_path / "lamina.db"
    database = opened(f"sqlite:///{path}")
    migrate(database.engine)
    threads = [threading.Thread(target=database.write_now, args=(added(f"n {n}"),)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        joined(thread)
    database.close()
    with pytest.raises(RuntimeError, match="closed"):
        database.write_now(added("late"))
    assert len(opened(f"sqlite:///{path}").write_now(names)) == 5


def test_two_transactions_that_lock_each_other_out_are_both_done(postgres: Postgres, opened: Opened) -> None:
    database = opened(postgres.new_database("lamina_template"))
    for name in ("a", "b"):
        database.write_now(added(name))
    both_hold_one = threading.Barrier(2)

    def locking(first: str, then: str) -> Callable[[Connection], None]:
        tries = iter([both_hold_one.wait])

        def work(connection: Connection) -> None:
            for name in (first, then):
                connection.execute(secrets.update().where(secrets.c.name == name).values(value=b"y"))
                if (wait := next(tries, None)) is not None:
                    wait(10)

        return work

    async def scenario() -> None:
        await asyncio.gather(database.write(locking("a", "b")), database.write(locking("b", "a")))

    completed(scenario())


def test_a_database_that_is_down_is_said_plainly(opened: Opened, tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    for url in ("postgresql://nobody@127.0.0.1:1/nothing", f"sqlite:///{tmp_path / 'no' / 'folder.db'}"):
        with pytest.raises(LaminaError, match="cannot be used") as caught:
            completed(opened(url).write(names))
        assert caught.value.code is ErrorCode.STORE_UNAVAILABLE


def test_an_unknown_kind_of_database_is_said_plainly() -> None:
    with pytest.raises(LaminaError, match="mysql") as caught:
        Database("mysql://localhost/lamina")
    assert caught.value.code is ErrorCode.STORE_UNAVAILABLE


def test_a_committed_row_survives_the_loss_of_power(opened: Opened, tmp_path: Path) -> None:
    database = opened(f"sqlite:///{tmp_path / 'lamina.db'}")
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("pragma journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("pragma synchronous").scalar() == 2  # FULL
