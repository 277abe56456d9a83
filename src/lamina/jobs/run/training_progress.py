"""Stores the checkpoints and samples of a training, and restores a checkpoint for the next attempt."""

import logging
from pathlib import Path

from sqlalchemy import Connection

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import Job
from lamina.files.storage import keep, result_lifetime_s
from lamina.service.service import Service
from lamina.store import checkpoints, events, files, jobs
from lamina.store.checkpoints import CheckpointRecord
from lamina.worker.protocol import Checkpoint, Sample

_KEPT = 2  # the last one and, should its content be lost, the one before
_PNG = "image/png"
_log = logging.getLogger(__name__)


async def keep_checkpoint(service: Service, job: Job, checkpoint: Checkpoint) -> None:
    """Stores the content as a blob and, if the attempt is still the latest, a record of it. The local file is deleted.

    If the store is unavailable, only this checkpoint is lost and the training continues.
    """
    path = Path(checkpoint.path)
    try:
        stored = await service.blobs.put(path)
        record = CheckpointRecord(
            job_id=job.id,
            step=checkpoint.step,
            attempt=job.attempt,
            layers=checkpoint.layers,
            name=checkpoint.name,
            sha256=stored.sha256,
            size=stored.size,
            created_at=service.clock(),
            engine=checkpoint.engine,
        )
        await service.database.write(lambda connection: _recorded(connection, record))
    except LaminaError as error:
        _log.warning("the checkpoint of step %d could not be stored: %s", checkpoint.step, error)
    else:
        service.signals.changed(job.id)
    finally:
        path.unlink(missing_ok=True)


async def keep_sample(service: Service, job: Job, sample: Sample) -> None:
    """Stores the sample as a file of the job, with an event that names it, if the attempt is still the latest."""
    try:
        name, lifetime_s = Path(sample.path).name, result_lifetime_s(service, job.request)
        file = await keep(
            service,
            job.key_id,
            Path(sample.path),
            name=name,
            media_type=_PNG,
            job_id=job.id,
            lifetime_s=lifetime_s,
        )

        def work(connection: Connection) -> None:
            if jobs.locked_run(connection, job.id, job.attempt) is not None:
                files.insert(connection, file)
                shown = {"step": sample.step, "file": file.id, "content_type": _PNG, "size": file.size}
                events.append(connection, job.id, "sample", shown, service.clock())

        await service.database.write(work)
    except (LaminaError, OSError) as error:
        _log.warning("the sample of step %d could not be stored: %s", sample.step, error)
    else:
        service.signals.changed(job.id)


async def restore_checkpoint(service: Service, job: Job, folder: Path) -> int:
    """Copies the last checkpoint of the job into `folder`, if there is one. Returns the steps done by then, or 0.

    A checkpoint whose content is missing is removed, and the one before it is tried.
    """
    for checkpoint in await service.database.read(lambda connection: checkpoints.of_job(connection, job.id)):
        try:
            await service.blobs.fetch_to(checkpoint.sha256, folder / checkpoint.name)
        except LaminaError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            _log.warning("the content of the checkpoint of step %d is missing: %s", checkpoint.step, error)
            await service.database.write(lambda connection, step=checkpoint.step: _forgotten(connection, job, step))
        else:
            return checkpoint.step
    return 0


def _recorded(connection: Connection, record: CheckpointRecord) -> None:
    if jobs.locked_run(connection, record.job_id, record.attempt) is None:
        return
    if checkpoints.insert(connection, record):
        checkpoints.keep_latest(connection, record.job_id, _KEPT)
        events.append(connection, record.job_id, "checkpoint", {"step": record.step}, record.created_at)


def _forgotten(connection: Connection, job: Job, step: int) -> None:
    if jobs.locked_run(connection, job.id, job.attempt) is not None:
        checkpoints.remove(connection, job.id, step)
