"""The ledger of a wallet: what was added to its balance and taken from it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One line of the ledger. `amount_micros`: what it adds to the balance, in micro-dollars; negative for a hold.

    `kind`: top_up, hold, settle or release. `at`: in seconds since 1970.
    """

    id: int
    key_id: str
    job_id: str | None
    kind: str
    amount_micros: int
    at: float
    note: str
