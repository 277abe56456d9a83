"""What a training that ends is charged, and what stays of it where it did not get to its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from lamina.core.ids import new_id
from lamina.core.jobs import Job, JobState
from lamina.core.stand_ins import ENGINE
from lamina.files.storage import result_lifetime_s
from lamina.service.service import Service
from lamina.store import checkpoints, files
from lamina.store.checkpoints import CheckpointRecord
from lamina.store.files import FileRecord

STEPS_DONE, LAYER_COUNT, LAST_CHECKPOINT = "steps_done", "layer_count", "last_checkpoint"
"""In a training's result: steps, layers of each example, and the last checkpoint's file if it was stopped."""

ARCHIVE_NAME = "archive to learn from"
"""Of the file in which an archive from elsewhere is kept for later attempts."""

_MEDIA_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Settlement:
    """`charge_micros`, `result`, `made`: what the end of the job is to be written with."""

    charge_micros: int
    result: Mapping[str, Any] | None
    made: Sequence[FileRecord]


def settled_training(
    connection: Connection,
    service: Service,
    job: Job,
    state: JobState,
    result: Mapping[str, Any] | None,
    made: Sequence[FileRecord],
) -> Settlement:
    """Of a training that comes into `state`: charged by what was done if it succeeded or its user stopped it.

    Nothing is written yet. One that was stopped keeps its last checkpoint as a file.
    """
    if state not in (JobState.SUCCEEDED, JobState.CANCELLED):
        return Settlement(0, result, made)
    if state is JobState.CANCELLED and (last := checkpoints.latest(connection, job.id)) is not None:
        result, made = _with_checkpoint(service, job, last, result or {}, made)
    known = result or {}
    steps, layers = int(known.get(STEPS_DONE, 0)), int(known.get(LAYER_COUNT, 1))
    charge = service.pricing.of_training(job.request, steps, layers, state is JobState.SUCCEEDED)
    return Settlement(charge, result, made)


def forget_progress(connection: Connection, job_id: str) -> None:
    """What only a further attempt would need."""
    checkpoints.remove_all(connection, job_id)
    files.remove(connection, [file.id for file in files.of_job(connection, job_id) if file.name == ARCHIVE_NAME])


def _with_checkpoint(
    service: Service, job: Job, last: CheckpointRecord, result: Mapping[str, Any], made: Sequence[FileRecord]
) -> tuple[Mapping[str, Any], Sequence[FileRecord]]:
    now, lifetime_s = service.clock(), result_lifetime_s(service, job.request)
    expires_at = None if lifetime_s is None else now + lifetime_s
    file = FileRecord(new_id(), job.key_id, job.id, last.sha256, last.size, _MEDIA_TYPE, last.name, now, expires_at)
    shown = {"file": file.id, "content_type": file.media_type, "size": file.size, "step": last.step}
    done = {STEPS_DONE: last.step, LAYER_COUNT: last.layers, ENGINE: last.engine}
    return {**done, **result, LAST_CHECKPOINT: shown}, (*made, file)
