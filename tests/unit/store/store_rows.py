"""Rows for the tests of the store."""

from typing import Any

from sqlalchemy import Connection

from lamina.core.ids import new_id
from lamina.core.jobs import Job, JobRequest, JobState
from lamina.core.keys import ApiKey
from lamina.core.tasks import DecomposeTask
from lamina.store import jobs, keys, wallets


def added_key(connection: Connection, name: str = "") -> ApiKey:
    key = ApiKey(id=new_id(), prefix="lam_abcdefgh", name=name, created_at=1.0)
    keys.insert(connection, key, secret_hash=key.id)
    wallets.open_wallet(connection, key.id)
    return key


def added_job(connection: Connection, key: ApiKey, priority: int = 0, **changes: Any) -> Job:
    request = JobRequest(**{"task": DecomposeTask(), "model": "a-model", "priority": priority, **changes})
    job = Job(
        id=new_id(),
        key_id=key.id,
        request=request,
        state=JobState.QUEUED,
        attempt=0,
        created_at=100.0,
        queued_at=100.0,
        price_micros=5,
    )
    jobs.insert(connection, job, start_by=None, idempotency_key=None, body_hash=None)
    return job
