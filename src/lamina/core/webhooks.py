"""The record of a webhook, or of another delivery, that is sent until the receiver accepts it."""

from dataclasses import dataclass

PENDING, DELIVERED, DEAD = "pending", "delivered", "dead"
UPLOAD = "upload"
"""The event of a delivery that uploads a result to the address in the request; others are those of `WebhookEvent`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One delivery. Times are in seconds since 1970.

    `id`: of the event; it stays the same for every attempt. `state`: `PENDING`, `DELIVERED` or `DEAD`. `attempts`: the
    number of attempts so far. `is_refused`: it was given up because its address may not be reached from here.
    """

    id: str
    job_id: str
    key_id: str
    event: str
    url: str
    state: str
    attempts: int
    next_at: float
    last_status: int | None
    last_error: str | None
    created_at: float
    ended_at: float | None
    is_refused: bool = False
