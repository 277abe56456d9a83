"""Copies the inputs of a job to local files for its engine: files of the service from the blobs, others by URL."""

from pathlib import Path

from sqlalchemy import Connection

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.files import FileRecord
from lamina.core.jobs import FILE, InputRole, Job, JobInput
from lamina.files.media_types import media_type_of
from lamina.files.signed_urls import OwnFile, is_signed, own_file
from lamina.files.storage import keep
from lamina.jobs.training_charge import ARCHIVE_NAME
from lamina.service.service import Service
from lamina.store import files, jobs


async def gather_inputs(service: Service, job: Job, folder: Path) -> dict[InputRole, tuple[str, ...]]:
    """Paths in `folder` by role, in the order of the request. Raises `LaminaError`: address_refused, not_found, ..."""
    gathered: dict[InputRole, tuple[str, ...]] = {}
    for number, job_input in enumerate(job.request.inputs):
        path = folder / f"in-{number}"
        await _gather(service, job, job_input, path)
        gathered[job_input.role] = (*gathered.get(job_input.role, ()), str(path))
    return gathered


async def _gather(service: Service, job: Job, job_input: JobInput, path: Path) -> None:
    record = await _own_record(service, job, job_input)
    if record is None:
        fetcher = service.patient_fetcher if job_input.role is InputRole.ARCHIVE else service.fetcher
        await fetcher.fetch(job_input.source, path)
        if job_input.role is InputRole.ARCHIVE:
            await _keep_archive(service, job, path)
    else:
        await service.blobs.fetch_to(record.sha256, path)


async def _keep_archive(service: Service, job: Job, path: Path) -> None:
    """Keeps the archive, so that a later attempt trains on the same content even if the URL is gone."""
    record = await keep(service, job.key_id, path, name=ARCHIVE_NAME, media_type=media_type_of(path), job_id=job.id)

    def work(connection: Connection) -> None:
        if jobs.locked_run(connection, job.id, job.attempt) is not None:
            files.insert(connection, record)

    await service.database.write(work)


async def _own_record(service: Service, job: Job, job_input: JobInput) -> FileRecord | None:
    """The file of the service that the input names, or that an earlier attempt has kept; None for other URLs."""
    if job_input.source.startswith(FILE):
        file_id, owner = job_input.source.removeprefix(FILE), job.key_id
    else:
        own = own_file(job_input.source, (service.base_url, *service.base_urls))
        if own is None:
            return await _kept_archive(service, job) if job_input.role is InputRole.ARCHIVE else None
        _check_signature(service, own)
        file_id, owner = own.file_id, None
    record = await service.database.read(lambda connection: files.by_id(connection, file_id, owner))
    if record is None:
        raise LaminaError(ErrorCode.NOT_FOUND, f"There is no file {file_id}.", "It may have expired: upload it again.")
    return record


async def _kept_archive(service: Service, job: Job) -> FileRecord | None:
    kept = await service.database.read(lambda connection: files.of_job(connection, job.id))
    return next((file for file in kept if file.name == ARCHIVE_NAME), None)


def _check_signature(service: Service, own: OwnFile) -> None:
    if not is_signed(service.secret, own.file_id, own.expires, own.signature, service.clock()):
        raise LaminaError(
            ErrorCode.NOT_FOUND,
            "The URL of the file has expired, or its signature is invalid.",
            "Request the file or the result again for a new URL.",
        )
