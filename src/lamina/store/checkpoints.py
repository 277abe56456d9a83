"""Stores the newest checkpoints of trainings, from which any agent can resume; their contents are in `blobs`."""

from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.store.tables import checkpoints

_C = checkpoints.c
_OF_JOB = sa.select(checkpoints).where(_C.job_id == sa.bindparam("of_job")).order_by(_C.step.desc())


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointRecord:
    """`step`: number of finished steps. `attempt`: the job's attempt that wrote it. `layers`: layers of each example
    (1 for edits). `name`: the trainer's name for the file. `sha256`: of the content, in hexadecimal. `size`: bytes.
    `engine`: the engine that did the steps; "" if unknown.
    """

    job_id: str
    step: int
    attempt: int
    layers: int
    name: str
    sha256: str
    size: int
    created_at: float
    engine: str = ""


def insert(connection: Connection, checkpoint: CheckpointRecord) -> bool:
    """Returns False and writes nothing if there is a checkpoint of this or a later step.

    The caller must hold a lock on the job's row.
    """
    newest = latest(connection, checkpoint.job_id)
    if newest is not None and newest.step >= checkpoint.step:
        return False
    connection.execute(checkpoints.insert(), asdict(checkpoint))
    return True


def of_job(connection: Connection, job_id: str) -> list[CheckpointRecord]:
    """Newest first."""
    return [CheckpointRecord(**row) for row in connection.execute(_OF_JOB, {"of_job": job_id}).mappings()]


def latest(connection: Connection, job_id: str) -> CheckpointRecord | None:
    return next(iter(of_job(connection, job_id)), None)


def keep_latest(connection: Connection, job_id: str, count: int) -> None:
    """Remove all but the newest `count` checkpoints."""
    for old in of_job(connection, job_id)[count:]:
        remove(connection, job_id, old.step)


def remove(connection: Connection, job_id: str, step: int) -> None:
    connection.execute(checkpoints.delete().where(_C.job_id == job_id, _C.step == step))


def remove_all(connection: Connection, job_id: str) -> None:
    connection.execute(checkpoints.delete().where(_C.job_id == job_id))
