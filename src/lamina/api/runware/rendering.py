"""Converts jobs to Runware's JSON: results, progress and errors."""

import base64
from collections.abc import Callable, Mapping, Sequence

from lamina.api.runware.answers import Image, ImageOutputs, Progress
from lamina.api.runware.errors import RunwareError, error_of_failure
from lamina.api.runware.response_options import ResponseOptions, response_options
from lamina.api.runware.translate import JPG, TIFF
from lamina.api.runware.uuids import render_uuid
from lamina.api.runware.wire import IMAGE_INFERENCE
from lamina.core.job_results import PictureFile, PicturesResult, ResultFile, StackResult
from lamina.core.jobs import Job, JobState
from lamina.core.money import MICROS

Address = Callable[[str, str, float | None], str]
"""(file id, media type, expiry in seconds since 1970) -> URL of the file."""
Contents = Mapping[str, bytes]
"""File contents by file id, for files that are part of the response."""


def result_files(job: Job) -> Sequence[ResultFile]:
    """The result files of a job that has succeeded."""
    result, output_format = job.result, response_options(job).format
    if not isinstance(result, PicturesResult):
        return ()
    if not isinstance(result, StackResult) or output_format == JPG:
        return result.pictures
    if output_format == TIFF:
        return () if result.pages is None else (result.pages,)
    return result.layers


def upload_file(job: Job) -> ResultFile | None:
    """The file to upload to the uploadEndpoint; layers are uploaded as one file."""
    if isinstance(job.result, StackResult) and response_options(job).format != JPG:
        return job.result.pages
    return next(iter(result_files(job)), None)


def needs_contents(job: Job) -> bool:
    return any(output != "URL" for output in response_options(job).outputs)


def render_images(job: Job, address: Address, contents: Contents) -> list[Image]:
    """The results of a job that has succeeded: one, or one for each layer."""
    files = enumerate(result_files(job))
    return [_render_image(job, file, number, address, contents) for number, file in files]


def render_progress(job: Job) -> Progress:
    """The progress of a job that has not ended. The older Python SDK ignores items without an imageUUID."""
    return {
        "taskType": IMAGE_INFERENCE,
        "taskUUID": response_options(job).task_uuid,
        "status": "processing",
        "imageUUID": render_uuid(job.id),
        "progress": int(job.progress.share * 100) if job.state is not JobState.QUEUED else 0,
    }


def failure_of(job: Job) -> RunwareError | None:
    """The error of a failed job; None if the job has succeeded or has not ended."""
    if job.state.is_open or (job.state is JobState.SUCCEEDED and job.result is not None):
        return None
    return error_of_failure(job.failure, job.state)


def _render_image(job: Job, file: ResultFile, number: int, address: Address, contents: Contents) -> Image:
    options = response_options(job)
    until = None if options.ttl_s is None or job.ended_at is None else job.ended_at + options.ttl_s
    url = address(file.file, file.content_type, until)
    item: Image = {
        "taskType": IMAGE_INFERENCE,
        "taskUUID": options.task_uuid,
        "imageUUID": render_uuid(file.file),
        **_render_outputs(options, file, url, contents),
        "seed": options.seed,
    }
    flagged = file if isinstance(file, PictureFile) else job.result
    is_flagged = isinstance(flagged, PictureFile | PicturesResult) and flagged.is_flagged
    if options.tells_safety or is_flagged:
        item["NSFWContent"] = is_flagged
    if options.tells_cost:
        item["cost"] = 0 if number else job.cost_micros / MICROS  # the first layer has the cost of all
    return item


def _render_outputs(options: ResponseOptions, file: ResultFile, url: str, contents: Contents) -> ImageOutputs:
    rendered: ImageOutputs = {}
    for output in options.outputs:
        if output == "URL":
            rendered["imageURL"] = url
            continue
        text = base64.b64encode(contents[file.file]).decode()
        if output == "base64Data":
            rendered["imageBase64Data"] = text
        else:
            rendered["imageDataURI"] = f"data:{file.content_type};base64,{text}"
    return rendered
