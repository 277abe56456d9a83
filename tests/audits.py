"""Compares the totals that the database keeps with the sums of the rows that they count."""

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.store.tables import files, keys, ledger, upload_parts, wallets


def wrong_balances(connection: Connection) -> list[tuple[str, int, int]]:
    """(key, balance, sum of its ledger) wherever the two differ. It should always be empty."""
    total = sa.func.coalesce(sa.func.sum(ledger.c.amount_micros), 0)
    sums = (
        sa.select(wallets.c.key_id, wallets.c.balance_micros, total)
        .join(ledger, ledger.c.key_id == wallets.c.key_id, isouter=True)
        .group_by(wallets.c.key_id, wallets.c.balance_micros)
        .having(wallets.c.balance_micros != total)
    )
    return [(row[0], int(row[1]), int(row[2])) for row in connection.execute(sums)]


def wrong_counts(connection: Connection) -> list[tuple[str, int, int]]:
    """(key, its count, the sum of its files and parts) wherever the two differ. It should always be empty."""
    uploads = sa.select(files.c.key_id, files.c.size).where(files.c.job_id.is_(None))
    stored = uploads.union_all(sa.select(upload_parts.c.key_id, upload_parts.c.size)).subquery()
    total = sa.select(sa.func.coalesce(sa.func.sum(stored.c.size), 0)).where(stored.c.key_id == keys.c.id)
    rows = connection.execute(sa.select(keys.c.id, keys.c.stored_bytes, total.scalar_subquery()))
    return [(row[0], int(row[1]), int(row[2])) for row in rows if int(row[1]) != int(row[2])]
