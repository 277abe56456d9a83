"""Fetches what a stack is made from, or a layer replaced with: a job's stack, a file, a URL or a `data:` URI."""

import asyncio
from pathlib import Path

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.job_results import StackResult
from lamina.core.jobs import FILE, JOB, Job, JobState
from lamina.core.tasks import TaskKind
from lamina.fetch.data_uri import decode, is_data_uri
from lamina.files.signed_urls import own_file as own_file_of
from lamina.files.storage import own_file, signed_file
from lamina.jobs.follow import view
from lamina.service.service import Service


async def fetch(service: Service, key_id: str, source: str, to: Path) -> None:
    """Writes the content of a source to a file.

    Raises `LaminaError`: not_found, state_conflict (a job that has no stack yet), address_refused, address_unreachable,
    input_too_large, input_corrupt.
    """
    if source.startswith(JOB):
        job = (await view(service, key_id, source.removeprefix(JOB))).job
        record = await own_file(service, key_id, stack_file(job))
        await service.blobs.fetch_to(record.sha256, to)
    elif source.startswith(FILE):
        record = await own_file(service, key_id, source.removeprefix(FILE))
        await service.blobs.fetch_to(record.sha256, to)
    elif is_data_uri(source):
        content, _ = await asyncio.to_thread(decode, source, service.limits.max_upload_bytes)
        await asyncio.to_thread(to.write_bytes, content)
    else:
        own = own_file_of(source, (service.base_url, *service.base_urls))
        if own is None:
            await service.fetcher.fetch(source, to)
            return
        record = await signed_file(service, own.file_id, own.expires, own.signature)
        await service.blobs.fetch_to(record.sha256, to)


def stack_file(job: Job) -> str:
    """The id of the file that keeps everything of a stack. Raises `LaminaError`: not_found, state_conflict."""
    if job.request.kind is not TaskKind.DECOMPOSE:
        raise LaminaError(ErrorCode.NOT_FOUND, f"Job {job.id} makes no stack.", "Take a picture apart for one.")
    if job.state is not JobState.SUCCEEDED:
        raise LaminaError(
            ErrorCode.STATE_CONFLICT,
            f"There is no stack of job {job.id}: it is {job.state}.",
            "Wait until it succeeds.",
        )
    if not isinstance(job.result, StackResult) or job.result.stack is None:
        raise LaminaError(
            ErrorCode.NOT_FOUND, f"The stack of job {job.id} was removed.", "Take the picture apart again."
        )
    return job.result.stack.file
