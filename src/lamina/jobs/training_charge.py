"""Computes what a training that ends is charged, and keeps the last checkpoint of one that was cancelled."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from lamina.core.files import FileRecord
from lamina.core.ids import new_id
from lamina.core.job_results import CheckpointFile, TrainingResult
from lamina.core.jobs import Job, JobState
from lamina.files.storage import result_lifetime_s
from lamina.service.service import Service
from lamina.store import checkpoints, files
from lamina.store.checkpoints import CheckpointRecord

ARCHIVE_NAME = "archive to learn from"
"""The name of the file that keeps an archive from a URL for later attempts."""

_MEDIA_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Settlement:
    """What the end of the job is written with. `made`: its files."""

    charge_micros: int
    result: TrainingResult | None
    made: Sequence[FileRecord]


def settled_training(
    connection: Connection,
    service: Service,
    job: Job,
    state: JobState,
    result: TrainingResult | None,
    made: Sequence[FileRecord],
) -> Settlement:
    """Of a training that comes into `state`: charged for the steps it did, if it succeeded or was cancelled.

    One that was cancelled keeps its last checkpoint as a file. Nothing is written yet.
    """
    if state not in (JobState.SUCCEEDED, JobState.CANCELLED):
        return Settlement(0, result, made)
    if state is JobState.CANCELLED and (last := checkpoints.latest(connection, job.id)) is not None:
        result, made = _with_checkpoint(service, job, last, result, made)
    steps, layers = (0, 1) if result is None else (result.steps_done, result.layer_count)
    charge = service.pricing.of_training(job.request, steps, layers, state is JobState.SUCCEEDED)
    return Settlement(charge, result, made)


def forget_progress(connection: Connection, job_id: str) -> None:
    """Removes what only a further attempt would need."""
    checkpoints.remove_all(connection, job_id)
    files.remove(connection, [file.id for file in files.of_job(connection, job_id) if file.name == ARCHIVE_NAME])


def _with_checkpoint(
    service: Service, job: Job, last: CheckpointRecord, result: TrainingResult | None, made: Sequence[FileRecord]
) -> tuple[TrainingResult, Sequence[FileRecord]]:
    now, lifetime_s = service.clock(), result_lifetime_s(service, job.request)
    file = FileRecord(
        id=new_id(),
        key_id=job.key_id,
        job_id=job.id,
        sha256=last.sha256,
        size=last.size,
        media_type=_MEDIA_TYPE,
        name=last.name,
        created_at=now,
        expires_at=None if lifetime_s is None else now + lifetime_s,
    )
    kept = CheckpointFile(file=file.id, content_type=file.media_type, size=file.size, step=last.step)
    charged = result or TrainingResult(steps_done=last.step, layer_count=last.layers, engine=last.engine)
    return replace(charged, last_checkpoint=kept), (*made, file)
