"""Converts jobs to Pixazo's JSON; pure functions."""

import json
import re
from collections.abc import Callable, Sequence

from lamina.api.pixazo.answers import Choice, Edit, Generation, Media, Queued, RequestStatus
from lamina.api.pixazo.translate import DIALECT, LAYERED
from lamina.api.shared.parsing import ID_PATTERN
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.job_results import PictureFile, PicturesResult, Result, ResultFile, StackResult, TrainingResult
from lamina.core.jobs import Job, JobState, WebhookEvent
from lamina.core.times import render_time

STATUS_PATH = "/v2/requests/status"
RESULT_PATH = f"/{LAYERED}/v1/{LAYERED}-request-result"
BARE = "is_bare"
"""A key in a request's `extra`: its id has no model name, as in the older layered API."""

Address = Callable[[str, str], str]
"""(file id, media type) -> signed URL."""

STATES = {
    JobState.QUEUED: "QUEUED",
    JobState.RUNNING: "PROCESSING",
    JobState.SUCCEEDED: "COMPLETED",
    JobState.FAILED: "FAILED",
    JobState.CANCELLED: "FAILED",  # the vendor has no status for it
    JobState.ERRORED: "ERROR",
}
_OLDER_STATES = {"QUEUED": "IN_QUEUE", "PROCESSING": "IN_PROGRESS"}  # fal's names, which the page of the older API has
_ID = re.compile(rf"(?:(?P<model>[a-z0-9-]{{1,64}})_)?(?P<job>{ID_PATTERN})")


def render_queued(job: Job, base_url: str) -> Queued:
    """The response to a submission. `base_url`: the base URL by which the client reached the API."""
    request_id = render_id(job)
    response_url = f"{base_url}{RESULT_PATH}/{request_id}"
    if job.request.extra.get(BARE):
        return {"status": "IN_QUEUE", "request_id": request_id, "response_url": response_url}
    polling_url = f"{base_url}{STATUS_PATH}/{request_id}"
    queued: Queued = {"request_id": request_id, "status": "QUEUED", "polling_url": polling_url}
    if _model_id(job) == LAYERED:
        queued["response_url"] = response_url
    return queued


def render_status(job: Job, address: Address) -> RequestStatus:
    """The universal status of a job."""
    return {
        "request_id": render_id(job),
        "status": STATES[job.state],
        "model_id": _model_id(job),
        "error": _render_failure(job),
        "output": _render_output(job, address),
        "created_at": render_time(job.created_at),
        "updated_at": render_time(job.ended_at or job.started_at or job.created_at),
        "completed_at": None if job.ended_at is None else render_time(job.ended_at),
    }


def render_result(job: Job, address: Address) -> RequestStatus:
    """The result in the layered API: the universal status, and the images as in fal's API."""
    body = render_status(job, address)
    if job.request.extra.get(BARE):
        body["status"] = _OLDER_STATES.get(body["status"], body["status"])
    if body["output"] is not None:
        body["images"] = [{"url": url} for url in body["output"]["media_url"]]
    return body


def render_webhook_body(event: str, job: Job, address: Address) -> bytes:
    """The body of a webhook. A `started` webhook has the status PROCESSING even if the job has ended since."""
    body = render_status(job, address)
    if event == WebhookEvent.STARTED:
        body["status"] = "PROCESSING"
        body["error"] = body["output"] = body["completed_at"] = None
    return json.dumps(body).encode()


def render_generation(job: Job, picture: PictureFile, address: Address) -> Generation:
    """The response of the synchronous generation route: the fields from both of the vendor's pages on it."""
    url = address(picture.file, picture.content_type)
    return {
        "output": {
            "choices": [_render_choice(url)],
            "task_metric": {"TOTAL": 1, "FAILED": 0, "SUCCEEDED": 1},
        },
        "usage": {"width": picture.width, "image_count": 1, "height": picture.height},
        "request_id": job.id,
        "images": [{"file_name": f"{_model_id(job)}-{job.id}.png", "content_type": picture.content_type, "url": url}],
        "description": "",
    }


def render_edit(job: Job, picture: PictureFile, address: Address) -> Edit:
    """The response of the synchronous edit route."""
    url = address(picture.file, picture.content_type)
    return {
        "status_code": 200,
        "request_id": job.id,
        "code": "",
        "message": "",
        "output": {"text": None, "finish_reason": None, "choices": [_render_choice(url)]},
        "usage": {
            "input_tokens": 0,
            "output_tokens": 0,
            "width": picture.width,
            "image_count": 1,
            "height": picture.height,
        },
    }


def render_id(job: Job) -> str:
    """`<model>_<uuid>`, or the uuid alone."""
    return job.id if job.request.extra.get(BARE) else f"{_model_id(job)}_{job.id}"


def parse_id(request_id: str) -> str:
    """The job's id from either form of a request id. Raises `LaminaError` (not_found)."""
    id_match = _ID.fullmatch(request_id)
    if id_match is None:
        raise no_such_request()
    return id_match["job"]


def check_id(request_id: str, job: Job) -> None:
    """Raises `LaminaError` (not_found) if the id names another model, or the job was submitted through another API."""
    id_match = _ID.fullmatch(request_id)
    is_forgotten = not job.request.has_task
    is_ours = job.request.dialect == DIALECT and id_match is not None and id_match["model"] in (None, _model_id(job))
    if not (is_ours or is_forgotten):
        raise no_such_request()


def no_such_request() -> LaminaError:
    return LaminaError(ErrorCode.NOT_FOUND, "There is no such request.")


def _model_id(job: Job) -> str:
    return str(job.request.extra.get("model_id", job.request.model))


def _render_failure(job: Job) -> str | None:
    if job.failure is not None:
        return f"{job.failure.message} {job.failure.hint}".strip()
    return "The request was cancelled." if job.state is JobState.CANCELLED else None


def _render_output(job: Job, address: Address) -> Media | None:
    """The URLs of the results: layers in order from the bottom, images, or the LoRA of a training."""
    if job.state is not JobState.SUCCEEDED or job.result is None:
        return None
    files = _files(job.result)
    media_type = files[0].content_type if files else "application/octet-stream"
    return {"media_url": [address(file.file, file.content_type) for file in files], "media_type": media_type}


def _files(result: Result) -> Sequence[ResultFile]:
    match result:
        case StackResult():
            return result.layers
        case PicturesResult():
            return result.pictures
        case TrainingResult():
            return () if result.lora is None else (result.lora,)


def _render_choice(url: str) -> Choice:
    return {"finish_reason": "stop", "message": {"role": "assistant", "content": [{"image": url}]}}
