"""Finds jobs of an API key by the idempotency keys that they were submitted with."""

from collections.abc import Sequence

from lamina.core.jobs import Job
from lamina.service.service import Service
from lamina.store import jobs


async def jobs_by_idempotency_keys(service: Service, key_id: str, names: Sequence[str]) -> dict[str, Job]:
    """The jobs that exist, by idempotency key."""
    return await service.database.read(lambda connection: jobs.of_idempotency_keys(connection, key_id, list(names)))
