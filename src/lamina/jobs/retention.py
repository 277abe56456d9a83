"""Removes the contents of jobs, files and stacks: when a user asks for it, or after the retention time."""

import asyncio
import logging

from sqlalchemy import Connection

from lamina.core.errors import ErrorCode, LaminaError
from lamina.files.multipart import UPLOAD_S
from lamina.files.storage import remove
from lamina.jobs.follow import no_such_job
from lamina.service.service import Service
from lamina.store import checkpoints, events, files, jobs, records, stack_proposals, stacks, stored_bytes, upload_parts
from lamina.store.blobs import SWEEP_AFTER

_log = logging.getLogger(__name__)
_EVERY_S = 600.0
_PAGE = 200


async def forget(service: Service, key_id: str, job_id: str) -> None:
    """Removes the request, result and files of a job; its ledger entries stay.

    Raises `LaminaError`: not_found, state_conflict (it has not ended).
    """
    job = await service.database.read(lambda connection: jobs.by_id(connection, job_id, key_id))
    if job is None:
        raise no_such_job(job_id)
    if job.state.is_open:
        raise LaminaError(
            ErrorCode.STATE_CONFLICT, f"Job {job_id} has not ended.", "Cancel it first, or wait until it has ended."
        )
    await _forget_contents(service, job_id)


async def keep_forgetting(service: Service) -> None:
    """Removes what is older than `Limits` allow, every ten minutes, until this is cancelled."""
    while True:
        try:
            await forget_old(service)
            await sweep_blobs(service)
        except LaminaError as error:
            _log.warning("expired files were not removed, the next round tries again: %s", error)
        await asyncio.sleep(_EVERY_S)


async def forget_old(service: Service) -> None:
    now = service.clock()
    retention_s = service.limits.retention_s
    if retention_s is not None:
        for job_id in await service.database.read(lambda connection: jobs.ended_before(connection, now - retention_s)):
            await _forget_contents(service, job_id)
    await remove(service, await service.database.read(lambda connection: files.expired(connection, now)))
    await service.database.write(lambda connection: records.remove_expired(connection, now))
    for stack_id in await service.database.read(lambda connection: stacks.expired(connection, now)):
        await service.database.write(lambda connection, old=stack_id: stacks.remove_expired(connection, old, now))
    await service.database.write(lambda connection: _forget_parts(connection, now - UPLOAD_S))


def _forget_parts(connection: Connection, then: float) -> None:
    """Of uploads that were not completed."""
    stored_bytes.give_back(connection, upload_parts.remove_before(connection, then))


async def sweep_blobs(service: Service) -> int:
    """Deletes blobs that no file or stack refers to and that are older than a file takes to be written, and incomplete
    files of writers that were killed. Returns the number of deleted files.
    """
    page: list[str] = []
    deleted = await service.blobs.sweep_partial(service.clock())
    async for blob in service.blobs.list():
        if service.clock() - blob.last_modified.timestamp() > SWEEP_AFTER.total_seconds():
            page.append(blob.sha256)
        if len(page) == _PAGE:
            deleted += await _delete_unwanted(service, page)
            page = []
    return deleted + await _delete_unwanted(service, page)


async def _delete_unwanted(service: Service, hashes: list[str]) -> int:
    unwanted = await service.database.read(lambda connection: files.unwanted(connection, hashes))
    for sha256 in unwanted:
        await service.blobs.delete(sha256)
    return len(unwanted)


async def _forget_contents(service: Service, job_id: str) -> None:
    def work(connection: Connection) -> list[files.FileRecord]:
        jobs.forget_contents(connection, job_id)
        events.forget(connection, job_id)
        checkpoints.remove_all(connection, job_id)
        stack_proposals.remove(connection, job_id)
        return files.of_job(connection, job_id)

    await remove(service, await service.database.write(work))
