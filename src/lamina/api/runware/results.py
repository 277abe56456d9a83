"""Finds the jobs of a task, and renders their results with URLs or contents of their files."""

from functools import partial

from lamina.api.runware.answers import Image
from lamina.api.runware.rendering import needs_contents, render_images, result_files
from lamina.api.runware.wire import MAX_RESULTS
from lamina.core.jobs import Job
from lamina.files.storage import address_of, own_file, read_content
from lamina.jobs.find import jobs_by_idempotency_keys
from lamina.service.service import Service


def job_name(task_uuid: str, number: int) -> str:
    """The idempotency key of the job for one result of a task."""
    return f"runware/{task_uuid.lower()}/{number}"


def job_names(task_uuid: str) -> list[str]:
    """The idempotency keys for all results that a task may have."""
    return [job_name(task_uuid, number) for number in range(MAX_RESULTS)]


async def jobs_of(service: Service, key_id: str, task_uuid: str) -> list[Job]:
    """The jobs of the task in the order of its results; empty if the key has no such task."""
    names = job_names(task_uuid)
    jobs = await jobs_by_idempotency_keys(service, key_id, names)
    return [jobs[name] for name in names if name in jobs]


async def read_results(service: Service, job: Job) -> list[Image]:
    """The results of a job that has succeeded. Raises `LaminaError` (not_found) if a file has been deleted."""
    files = result_files(job) if needs_contents(job) else ()
    contents = {file.file: await file_content(service, job.key_id, file.file) for file in files}
    return render_images(job, partial(address_of, service), contents)


async def file_content(service: Service, key_id: str, file_id: str) -> bytes:
    return await read_content(service, await own_file(service, key_id, file_id))
