"""API keys: their scopes and limits."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """`read`: see the key's own jobs, files and wallet. `write`: submit, cancel, delete and upload."""

    READ = "read"
    WRITE = "write"


ALL_SCOPES = frozenset(Scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key without its secret. `prefix`: the first characters of the secret, to recognize the key by.

    `is_metered`: its jobs are paid from its wallet. `per_minute`: limit of jobs submitted per minute. `at_once`: limit
    of open jobs. `models`: allowed models of the catalog, and trainers. None is no limit for these three.
    `max_stored_bytes`: limit of all uploads together; None is the limit in the settings, 0 is no limit.
    Times are seconds since 1970.
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
