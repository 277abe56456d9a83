"""Jobs as Runware's clients read them: results, states while polling, failures."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lamina.api.runware.errors import RunwareError, error_of_failure
from lamina.api.runware.translate import JPG, TIFF
from lamina.api.runware.uuids import render_uuid
from lamina.core.job_results import PictureFile, PicturesResult, ResultFile, StackResult
from lamina.core.jobs import Job, JobState
from lamina.core.money import MICROS

TASK_TYPE = "imageInference"
Address = Callable[[str, str, float | None], str]
"""(the file's id, its media type, until when: seconds since 1970) -> where it can be fetched."""
Contents = Mapping[str, bytes]
"""By the file's id, of those whose bytes go into the answer."""


def result_files(job: Job) -> Sequence[ResultFile]:
    """The files that count as a result, of a job that has succeeded."""
    result, wanted = job.result, job.request.extra.get("format")
    if not isinstance(result, PicturesResult):
        return ()
    if not isinstance(result, StackResult) or wanted == JPG:
        return result.pictures
    if wanted == TIFF:
        return () if result.pages is None else (result.pages,)
    return result.layers


def upload_file(job: Job) -> ResultFile | None:
    """What is put to the uploadEndpoint: of layers, one file with all of them."""
    if isinstance(job.result, StackResult) and job.request.extra.get("format") != JPG:
        return job.result.pages
    return next(iter(result_files(job)), None)


def needs_contents(job: Job) -> bool:
    return any(output != "URL" for output in job.request.extra.get("outputs", ()))


def render_items(job: Job, address: Address, contents: Contents) -> list[dict[str, Any]]:
    """The results of a job that has succeeded: one, or one a layer."""
    return [
        _render_item(job, file, number, address, contents) for number, file in enumerate(result_files(job))
    ]  # fmt: skip


def render_acknowledgement(task_uuid: str) -> dict[str, Any]:
    return {"taskType": TASK_TYPE, "taskUUID": task_uuid}


def render_progress(job: Job) -> dict[str, Any]:
    """Of a job that has not ended. The older Python SDK looks at no item without an imageUUID."""
    return {
        **render_acknowledgement(job.request.extra["task_uuid"]),
        "status": "processing",
        "imageUUID": render_uuid(job.id),
        "progress": int(job.progress.share * 100) if job.state is not JobState.QUEUED else 0,
    }


def failure_of(job: Job) -> RunwareError | None:
    """None of a job that has succeeded, or may yet."""
    if job.state.is_open or (job.state is JobState.SUCCEEDED and job.result is not None):
        return None
    return error_of_failure(job.failure, job.state)


def _render_item(job: Job, file: ResultFile, number: int, address: Address, contents: Contents) -> dict[str, Any]:
    extra = job.request.extra
    item: dict[str, Any] = {
        "taskType": TASK_TYPE,
        "taskUUID": extra["task_uuid"],
        "imageUUID": render_uuid(file.file),
        **_located(job, file, address, contents),
        "seed": extra["seed"],
    }
    is_flagged = file.is_flagged if isinstance(file, PictureFile) else _is_flagged(job)
    if extra.get("tells_safety") or is_flagged:
        item["NSFWContent"] = is_flagged
    if extra.get("tells_cost"):
        item["cost"] = 0 if number else job.cost_micros / MICROS  # layers are paid for together
    return item


def _is_flagged(job: Job) -> bool:
    return isinstance(job.result, PicturesResult) and job.result.is_flagged


def _located(job: Job, file: ResultFile, address: Address, contents: Contents) -> dict[str, Any]:
    extra, media_type = job.request.extra, file.content_type
    ttl_s = extra.get("ttl_s")
    until = None if ttl_s is None or job.ended_at is None else job.ended_at + ttl_s
    located: dict[str, Any] = {}
    for output in extra["outputs"]:
        if output == "URL":
            located["imageURL"] = address(file.file, media_type, until)
            continue
        text = base64.b64encode(contents[file.file]).decode()
        if output == "base64Data":
            located["imageBase64Data"] = text
        else:
            located["imageDataURI"] = f"data:{media_type};base64,{text}"
    return located
