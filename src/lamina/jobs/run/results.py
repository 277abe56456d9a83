"""Stores the files that a run has made, and makes the job's result refer to them."""

from dataclasses import fields, replace
from pathlib import Path

from lamina.core.files import FileRecord
from lamina.core.job_results import Result, ResultFile
from lamina.core.jobs import Job
from lamina.files.storage import keep, result_lifetime_s
from lamina.service.service import Service


async def store_result(service: Service, job: Job, result: Result, folder: Path) -> tuple[Result, list[FileRecord]]:
    """The result with the ids of its files in the service, and the records that are to be inserted together with the
    end of the job.

    `result`: of a run, its files by their names in `folder`. Raises `LaminaError`: storage_full, store_unavailable.
    """
    lifetime_s = result_lifetime_s(service, job.request)
    stored: dict[str, FileRecord] = {}
    for file in result.files:
        stored[file.file] = await keep(
            service,
            job.key_id,
            folder / file.file,
            name=file.file,
            media_type=file.content_type,
            job_id=job.id,
            lifetime_s=lifetime_s,
        )

    def reference(file: ResultFile) -> ResultFile:
        record = stored[file.file]
        return replace(file, file=record.id, content_type=record.media_type, size=record.size)

    def referring(value: object) -> object:
        match value:
            case ResultFile():
                return reference(value)
            case tuple():
                return tuple(map(referring, value))
            case _:
                return value

    changes = {field.name: referring(getattr(result, field.name)) for field in fields(result)}
    return replace(result, **changes), list(stored.values())
