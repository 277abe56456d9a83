"""API keys: what one may do, and how much of it."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """`read`: see one's own jobs, files and wallet; `write`: submit, cancel, delete, upload."""

    READ = "read"
    WRITE = "write"


ALL_SCOPES = frozenset(Scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key without its secret. `prefix`: its first characters, to find it by. Times are seconds since 1970.

    `is_metered`: jobs are paid for from its wallet. `per_minute`: submits; `at_once`: open jobs; `models`: names in
    the catalog, and of trainers, that it may ask for; None is no limit. `max_stored_bytes`: of its uploads together;
    None is as the settings say, 0 no limit.
    """

    id: str
    prefix: str
    name: str
    created_at: float
    scopes: frozenset[Scope] = ALL_SCOPES
    is_metered: bool = False
    expires_at: float | None = None
    revoked_at: float | None = None
    per_minute: int | None = None
    at_once: int | None = None
    models: frozenset[str] | None = None
    max_stored_bytes: int | None = None

    def is_valid_at(self, now: float) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
