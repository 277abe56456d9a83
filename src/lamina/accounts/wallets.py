"""Reads the wallet of an API key: its balance, its ledger, and how much the key has used."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from lamina.core.wallets import LedgerEntry
from lamina.service.service import Service
from lamina.store import jobs, wallets


@dataclass(frozen=True, slots=True)
class Wallet:
    """`entries`: the newest lines of the ledger, the newest first."""

    balance_micros: int
    entries: Sequence[LedgerEntry]


@dataclass(frozen=True, slots=True)
class Usage:
    """What a key has used in a period: micro-dollars charged, and jobs submitted."""

    charged_micros: int
    job_count: int


async def read_wallet(service: Service, key_id: str, limit: int) -> Wallet:
    """The wallet with at most `limit` entries."""

    def work(connection: Connection) -> Wallet:
        return Wallet(wallets.balance_micros(connection, key_id), wallets.entries(connection, key_id, limit))

    return await service.database.read(work)


async def read_usage(service: Service, key_id: str, since: Sequence[float]) -> tuple[int, list[Usage]]:
    """The balance in micro-dollars, and the usage from each time in `since` (seconds since 1970) until now."""

    def work(connection: Connection) -> tuple[int, list[Usage]]:
        usages = [Usage(*jobs.usage_since(connection, key_id, start)) for start in since]
        return wallets.balance_micros(connection, key_id), usages

    return await service.database.read(work)
