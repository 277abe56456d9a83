"""How far a training has come: its newest checkpoints, as contents that `blobs` keeps, from which any agent goes on."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.store.tables import checkpoints

_C = checkpoints.c
_OF_JOB = sa.select(checkpoints).where(_C.job_id == sa.bindparam("of_job")).order_by(_C.step.desc())


@dataclass(frozen=True, slots=True)
class CheckpointRecord:
    """`step`: how many are done; `attempt`: of the job, that came so far; `layers`: of each example, 1 of an edit.

    `name`: of the file, as its trainer calls it; `sha256`: of its content, in hexadecimal; `size`: bytes.
    `engine`: that did the steps; "" where it was not told.
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
    """False, and nothing is written, where the job had come as far before. Whoever calls it holds the job's row."""
    newest = latest(connection, checkpoint.job_id)
    if newest is not None and newest.step >= checkpoint.step:
        return False
    row = {name: getattr(checkpoint, name) for name in checkpoints.c.keys()}  # noqa: SIM118  (a collection of columns)
    connection.execute(checkpoints.insert(), row)
    return True


def of_job(connection: Connection, job_id: str) -> list[CheckpointRecord]:
    """The latest first."""
    return [CheckpointRecord(*row) for row in connection.execute(_OF_JOB, {"of_job": job_id})]


def latest(connection: Connection, job_id: str) -> CheckpointRecord | None:
    return next(iter(of_job(connection, job_id)), None)


def keep_latest(connection: Connection, job_id: str, count: int) -> None:
    """The others are forgotten."""
    for old in of_job(connection, job_id)[count:]:
        remove(connection, job_id, old.step)


def remove(connection: Connection, job_id: str, step: int) -> None:
    connection.execute(checkpoints.delete().where(_C.job_id == job_id, _C.step == step))


def remove_all(connection: Connection, job_id: str) -> None:
    connection.execute(checkpoints.delete().where(_C.job_id == job_id))
