"""Brings what a job is given to where its engine can read it: own files from the blobs, others by their address."""

from pathlib import Path

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import InputRole, Job, JobInput
from lamina.service.service import Service
from lamina.service.signed_urls import OwnFile, is_signed, own_file
from lamina.store import files
from lamina.store.files import FileRecord

_FILE = "file:"


async def gathered_inputs(service: Service, job: Job, folder: Path) -> dict[InputRole, tuple[str, ...]]:
    """Paths in `folder`, by role, in the request's order. Raises `LaminaError`: address_refused, not_found, ..."""
    gathered: dict[InputRole, tuple[str, ...]] = {}
    for number, one in enumerate(job.request.inputs):
        path = folder / f"in-{number}"
        await _gather(service, job, one, path)
        gathered[one.role] = (*gathered.get(one.role, ()), str(path))
    return gathered


async def _gather(service: Service, job: Job, one: JobInput, path: Path) -> None:
    record = await _own_record(service, job, one)
    if record is None:
        fetcher = service.patient_fetcher if one.role is InputRole.ARCHIVE else service.fetcher
        await fetcher.fetch(one.source, path)
    else:
        await service.blobs.fetch_to(record.sha256, path)


async def _own_record(service: Service, job: Job, one: JobInput) -> FileRecord | None:
    """The file that is meant, if it is one of ours; None for an address elsewhere."""
    if one.source.startswith(_FILE):
        file_id, owner = one.source.removeprefix(_FILE), job.key_id
    else:
        own = own_file(one.source, (service.base_url, *service.base_urls))
        if own is None:
            return None
        _check_signature(service, own)
        file_id, owner = own.file_id, None
    record = await service.database.read(lambda connection: files.by_id(connection, file_id, owner))
    if record is None:
        raise LaminaError(ErrorCode.NOT_FOUND, f"There is no file {file_id}.", "It may have expired: upload it again.")
    return record


def _check_signature(service: Service, own: OwnFile) -> None:
    if not is_signed(service.secret, own.file_id, own.expires, own.signature, service.clock()):
        raise LaminaError(
            ErrorCode.NOT_FOUND,
            "The address of the file has expired, or is not as it was given out.",
            "Ask for it again.",
        )
