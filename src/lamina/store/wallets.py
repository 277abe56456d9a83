"""Stores wallets: an append-only ledger, and a balance that changes in the same transaction."""

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.core.wallets import LedgerEntry
from lamina.store.tables import ledger, wallets

TOP_UP, HOLD, SETTLE, RELEASE = "top_up", "hold", "settle", "release"

_TAKE = (
    wallets.update()
    .where(
        wallets.c.key_id == sa.bindparam("of_key"),
        wallets.c.balance_micros + sa.bindparam("amount", type_=sa.BigInteger) >= 0,
    )
    .values(balance_micros=wallets.c.balance_micros + sa.bindparam("amount", type_=sa.BigInteger))
)
_OF_JOB = sa.select(ledger).where(ledger.c.job_id == sa.bindparam("of_job")).order_by(ledger.c.id)


def add(
    connection: Connection,
    key_id: str,
    kind: str,
    amount_micros: int,
    now: float,
    job_id: str | None = None,
    note: str = "",
) -> bool:
    """Add a ledger entry and change the balance. Returns False and writes nothing if the balance would become negative.

    A job has at most one entry of each kind: a second one raises `IntegrityError`.
    """
    if amount_micros and not connection.execute(_TAKE, {"of_key": key_id, "amount": amount_micros}).rowcount:
        return False
    entry = {"key_id": key_id, "job_id": job_id, "kind": kind, "amount_micros": amount_micros, "at": now, "note": note}
    connection.execute(ledger.insert(), entry)
    return True


def open_wallet(connection: Connection, key_id: str) -> None:
    connection.execute(wallets.insert(), {"key_id": key_id, "balance_micros": 0})


def balance_micros(connection: Connection, key_id: str) -> int:
    return connection.execute(sa.select(wallets.c.balance_micros).where(wallets.c.key_id == key_id)).scalar() or 0


def entries(connection: Connection, key_id: str, limit: int = 100) -> list[LedgerEntry]:
    """Newest first."""
    query = sa.select(ledger).where(ledger.c.key_id == key_id).order_by(ledger.c.id.desc()).limit(limit)
    return [LedgerEntry(**row) for row in connection.execute(query).mappings()]


def entries_of_job(connection: Connection, job_id: str) -> list[LedgerEntry]:
    return [LedgerEntry(**row) for row in connection.execute(_OF_JOB, {"of_job": job_id}).mappings()]
