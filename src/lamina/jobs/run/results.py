"""Stores the files that a run has made, and makes the job's result refer to them."""

from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from lamina.core.files import FileRecord
from lamina.core.job_results import PicturesResult, Result, ResultFile, StackResult, TrainingResult
from lamina.core.jobs import Job
from lamina.files.storage import keep, result_lifetime_s
from lamina.service.service import Service

F = TypeVar("F", bound=ResultFile)


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

    def reference(file: F) -> F:
        record = stored[file.file]
        return replace(file, file=record.id, content_type=record.media_type, size=record.size)

    def maybe(file: F | None) -> F | None:
        return None if file is None else reference(file)

    match result:
        case StackResult():
            referring = replace(
                result,
                stack=maybe(result.stack),
                layers=tuple(map(reference, result.layers)),
                flat=maybe(result.flat),
                pages=maybe(result.pages),
                pictures=tuple(map(reference, result.pictures)),
            )
        case PicturesResult():
            referring = replace(result, pictures=tuple(map(reference, result.pictures)))
        case TrainingResult():
            referring = replace(
                result, lora=maybe(result.lora), config=maybe(result.config), loss_plot=maybe(result.loss_plot)
            )
    return referring, list(stored.values())
