"""Converts jobs to Runware's JSON: results, progress and errors."""

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
"""(file id, media type, expiry in seconds since 1970) -> URL of the file."""
Contents = Mapping[str, bytes]
"""File contents by file id, for files that are part of the response."""


def result_files(job: Job) -> Sequence[ResultFile]:
    """The result files of a job that has succeeded."""
    result, output_format = job.result, job.request.extra.get("format")
    if not isinstance(result, PicturesResult):
        return ()
    if not isinstance(result, StackResult) or output_format == JPG:
        return result.pictures
    if output_format == TIFF:
        return () if result.pages is None else (result.pages,)
    return result.layers


def upload_file(job: Job) -> ResultFile | None:
    """The file to upload to the uploadEndpoint; layers are uploaded as one file."""
    if isinstance(job.result, StackResult) and job.request.extra.get("format") != JPG:
        return job.result.pages
    return next(iter(result_files(job)), None)


def needs_contents(job: Job) -> bool:
    return any(output != "URL" for output in job.request.extra.get("outputs", ()))


def render_items(job: Job, address: Address, contents: Contents) -> list[dict[str, Any]]:
    """The results of a job that has succeeded: one, or one for each layer."""
    return [
        _render_item(job, file, number, address, contents) for number, file in enumerate(result_files(job))
    ]  # fmt: skip


def render_acknowledgement(task_uuid: str) -> dict[str, Any]:
    return {"taskType": TASK_TYPE, "taskUUID": task_uuid}


def render_progress(job: Job) -> dict[str, Any]:
    """The progress of a job that has not ended. The older Python SDK ignores items without an imageUUID."""
    return {
        **render_acknowledgement(job.request.extra["task_uuid"]),
        "status": "processing",
        "imageUUID": render_uuid(job.id),
        "progress": int(job.progress.share * 100) if job.state is not JobState.QUEUED else 0,
    }


def failure_of(job: Job) -> RunwareError | None:
    """The error of a failed job; None if the job has succeeded or has not ended."""
    if job.state.is_open or (job.state is JobState.SUCCEEDED and job.result is not None):
        return None
    return error_of_failure(job.failure, job.state)


def _render_item(job: Job, file: ResultFile, number: int, address: Address, contents: Contents) -> dict[str, Any]:
    extra = job.request.extra
    item: dict[str, Any] = {
        "taskType": TASK_TYPE,
        "taskUUID": extra["task_uuid"],
        "imageUUID": render_uuid(file.file),
        **_render_outputs(job, file, address, contents),
        "seed": extra["seed"],
    }
    is_flagged = file.is_flagged if isinstance(file, PictureFile) else _is_flagged(job)
    if extra.get("tells_safety") or is_flagged:
        item["NSFWContent"] = is_flagged
    if extra.get("tells_cost"):
        item["cost"] = 0 if number else job.cost_micros / MICROS  # the first layer has the cost of all
    return item


def _is_flagged(job: Job) -> bool:
    return isinstance(job.result, PicturesResult) and job.result.is_flagged


def _render_outputs(job: Job, file: ResultFile, address: Address, contents: Contents) -> dict[str, Any]:
    extra, media_type = job.request.extra, file.content_type
    ttl_s = extra.get("ttl_s")
    until = None if ttl_s is None or job.ended_at is None else job.ended_at + ttl_s
    outputs: dict[str, Any] = {}
    for output in extra["outputs"]:
        if output == "URL":
            outputs["imageURL"] = address(file.file, media_type, until)
            continue
        text = base64.b64encode(contents[file.file]).decode()
        if output == "base64Data":
            outputs["imageBase64Data"] = text
        else:
            outputs["imageDataURI"] = f"data:{media_type};base64,{text}"
    return outputs
