"""Money: the balance is the ledger's sum, never below zero, and each job is held for and settled once."""

import asyncio
import random

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection
from store_rows import added_key

from audits import wrong_balances
from lamina.core.keys import ApiKey
from lamina.store import wallets
from lamina.store.database import Database
from lamina.store.tables import wallets as wallets_table
from waiting import completed


def test_what_is_added_and_held_is_the_balance(connection: Connection, key: ApiKey) -> None:
    assert wallets.add(connection, key.id, wallets.TOP_UP, 100, 1.0, note="first")
    assert wallets.add(connection, key.id, wallets.HOLD, -30, 2.0, "job")
    assert wallets.add(connection, key.id, wallets.RELEASE, 30, 3.0, "job")
    assert wallets.balance_micros(connection, key.id) == 100
    assert [(one.kind, one.amount_micros) for one in wallets.entries(connection, key.id)] == [
        ("release", 30),
        ("hold", -30),
        ("top_up", 100),
    ]
    assert [one.kind for one in wallets.entries_of_job(connection, "job")] == ["hold", "release"]
    assert wrong_balances(connection) == []


def test_nothing_is_held_that_is_not_there(connection: Connection, key: ApiKey) -> None:
    wallets.add(connection, key.id, wallets.TOP_UP, 10, 1.0)
    assert not wallets.add(connection, key.id, wallets.HOLD, -11, 2.0, "job")
    assert wallets.add(connection, key.id, wallets.HOLD, -10, 3.0, "job")
    assert wallets.balance_micros(connection, key.id) == 0
    assert len(wallets.entries(connection, key.id)) == 2


def test_amounts_beyond_32_bits_are_kept(connection: Connection, key: ApiKey) -> None:
    wallets.add(connection, key.id, wallets.TOP_UP, 10**15, 1.0)
    assert wallets.add(connection, key.id, wallets.HOLD, -(10**15), 2.0, "job")


@pytest.mark.parametrize("kind", [wallets.HOLD, wallets.SETTLE, wallets.RELEASE])
def test_a_job_has_one_entry_of_a_kind(connection: Connection, key: ApiKey, kind: str) -> None:
    wallets.add(connection, key.id, wallets.TOP_UP, 10, 1.0)
    wallets.add(connection, key.id, kind, -1, 2.0, "job")
    with pytest.raises(sa.exc.IntegrityError), connection.begin_nested():
        wallets.add(connection, key.id, kind, -1, 3.0, "job")
    assert wallets.balance_micros(connection, key.id) == 9


def test_a_balance_that_is_not_its_ledgers_sum_is_found(connection: Connection, key: ApiKey) -> None:
    added_key(connection)
    wallets.add(connection, key.id, wallets.TOP_UP, 10, 1.0)
    connection.execute(wallets_table.update().where(wallets_table.c.key_id == key.id).values(balance_micros=11))
    assert wrong_balances(connection) == [(key.id, 11, 10)]


def test_many_at_once_never_take_more_than_there_is(database: Database) -> None:
    with database.engine.begin() as connection:
        key = added_key(connection)
        wallets.add(connection, key.id, wallets.TOP_UP, 100, 1.0)
    dice = random.Random(5)  # noqa: S311

    async def scenario() -> list[bool]:
        async def hold(n: int) -> bool:
            amount = -dice.randint(1, 20)
            return await database.write(
                lambda connection: wallets.add(connection, key.id, wallets.HOLD, amount, 2.0, f"job {n}")
            )

        return await asyncio.gather(*(hold(n) for n in range(40)))

    taken = completed(scenario())
    assert True in taken
    assert False in taken
    assert database.write_now(lambda connection: wallets.balance_micros(connection, key.id)) >= 0
    assert database.write_now(wrong_balances) == []
