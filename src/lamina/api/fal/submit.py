"""Submits the jobs of fal's requests, waits for them, and builds the responses."""

import asyncio
import base64
import contextlib
import secrets
from dataclasses import replace
from typing import Any

from fastapi import Request, Response
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from lamina.api.fal.endpoints import Endpoint
from lamina.api.fal.errors import Answer, answer_to_failure, detail, detail_of_error, is_inputs_fault, refusal
from lamina.api.fal.rendering import endpoint_of_job, made_files, render_output
from lamina.api.fal.translate import InvalidInput, RequestOptions, parse_input, refused_request
from lamina.api.fal.wire import Detail
from lamina.api.shared.context import ApiContext
from lamina.api.shared.parsing import parse_json
from lamina.api.shared.waiting import WaitEnd, cancel_if_open, wait_for_result
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.job_results import TrainingResult
from lamina.core.jobs import Failure, Job, JobInput, JobRequest, JobState
from lamina.core.keys import ApiKey
from lamina.core.tasks import EditTask, GenerateTask
from lamina.files.lora_sources import check_lora_source
from lamina.files.loras import own_lora
from lamina.files.sources import stored_inputs
from lamina.files.storage import address_of, own_file, read_content
from lamina.jobs.follow import queue_length
from lamina.jobs.reject import submit_refused
from lamina.jobs.retention import forget
from lamina.jobs.submit import submit
from lamina.service.service import Service

_SEED_RANGE = 2**31  # fal's seeds may be larger, but JavaScript would lose digits
_REFUSED = Failure(ErrorCode.TASK_INVALID, "The input is invalid.", "The result contains the details.")


async def read_json(request: Request) -> Any:
    """The body. Raises `InvalidInput` if it is not JSON (RFC 8259, which excludes NaN)."""
    try:
        return parse_json(await request.body())
    except (ValueError, RecursionError):
        raise InvalidInput([detail(("body",), "JSON decode error", "json_invalid")]) from None


async def submit_input(
    service: Service, key: ApiKey, endpoint: Endpoint, body: object, options: RequestOptions, is_deferred: bool
) -> Job:
    """Submits a new job. `is_deferred`: an invalid input gives a job that has failed, instead of an error.

    Raises `InvalidInput`; `LaminaError`: limit_reached, funds_insufficient, key_forbidden.
    """
    await _check_queue(service, options)
    try:
        request = await _stored(
            service, key, endpoint, parse_input(endpoint, body, options, secrets.randbelow(_SEED_RANGE))
        )
    except InvalidInput as invalid:
        if not is_deferred:
            raise
        return await submit_refused(service, key, refused_request(endpoint, invalid.details, options), _REFUSED)
    return await submit(service, key, request)


async def wait_for_job(
    request: Request, context: ApiContext, key: ApiKey, job: Job, within_s: float = float("inf")
) -> Job:
    """The job once it has ended; or as it is after `within_s` seconds, or when the server is about to shut down.

    If the client disconnects, the job is cancelled, and ClientDisconnect is raised.
    """
    outcome = await wait_for_result(context, key.id, job.id, wait_s=within_s, request=request)
    if outcome.end is WaitEnd.DISCONNECTED:
        await cancel_if_open(context.service, key.id, job.id)
        raise ClientDisconnect
    return outcome.job or job


async def result_response(service: Service, job: Job) -> Response:
    """The response for a job that has ended. In sync mode the job's data is deleted after the response."""
    answer = await answer_of(service, job)
    response = JSONResponse(answer.body, answer.status, {**answer.headers, "x-fal-request-id": job.id})
    if is_sync(job) and answer.status == 200:
        response.background = BackgroundTask(_forget, service, job)
    return response


async def answer_of(service: Service, job: Job) -> Answer:
    """The result or the error of a job as the endpoint's response, whose body is also the payload of webhooks."""
    endpoint = endpoint_of_job(job)
    if job.state is not JobState.SUCCEEDED:
        return answer_to_failure(endpoint, job)
    if endpoint is None or job.result is None:
        return refusal(404, "The result of this request has been deleted.")
    files = made_files(job)
    if is_sync(job):
        uris = {file.file: await _data_uri(service, job, file.file) for file in files}
        output = render_output(endpoint, job, lambda file_id, _: uris[file_id])
    else:
        output = render_output(endpoint, job, lambda file_id, kind: address_of(service, file_id, kind))
    return Answer(200, output, {"X-Fal-Billable-Units": str(_units(job))})


def _units(job: Job) -> int:
    """The units that fal bills: images for generations and edits, steps (times layers) for trainings, otherwise 1; 0 if
    the job is free."""
    if job.is_free:
        return 0
    if isinstance(job.result, TrainingResult):
        return job.result.steps_done * job.result.layer_count
    return len(made_files(job)) if isinstance(job.request.task, GenerateTask | EditTask) else 1


def is_sync(job: Job) -> bool:
    return bool(job.request.extra.get("is_sync"))


async def _stored(service: Service, key: ApiKey, endpoint: Endpoint, request: JobRequest) -> JobRequest:
    """The request with each `data:` URI stored as a file. Raises `InvalidInput`."""
    stored: list[JobInput] = []
    details: list[Detail] = []
    has_image_list = "image_urls" in endpoint.field_names
    for number, job_input in enumerate(request.inputs):
        try:
            stored += (await stored_inputs(service, key, replace(request, inputs=(job_input,)))).inputs
        except LaminaError as error:
            if not is_inputs_fault(error.code):
                raise
            details.append(detail_of_error(endpoint, error, ("body", "image_urls", number) if has_image_list else None))
    for number, lora in enumerate(request.loras):
        try:
            check_lora_source(lora.path)
            await own_lora(service, key.id, lora.path)
        except LaminaError as error:
            if error.code is ErrorCode.STORE_UNAVAILABLE:
                raise
            details.append(detail_of_error(endpoint, error, ("body", "loras", number, "path")))
    if details:
        raise InvalidInput(details)
    return replace(request, inputs=tuple(stored))


async def _check_queue(service: Service, options: RequestOptions) -> None:
    """Raises `LaminaError` (limit_reached) if the queue is too long; fal's clients may retry, as no job was created."""
    if options.most_waiting is not None and (waiting := await queue_length(service)) > options.most_waiting:
        raise LaminaError(
            ErrorCode.LIMIT_REACHED,
            f"{waiting} requests are queued, more than this request's fal_max_queue_length of {options.most_waiting}.",
            "Try again later, or increase fal_max_queue_length.",
        )


async def _data_uri(service: Service, job: Job, file_id: str) -> str:
    record = await own_file(service, job.key_id, file_id)
    encoded = await asyncio.to_thread(base64.b64encode, await read_content(service, record))
    return f"data:{record.media_type};base64,{encoded.decode()}"


async def _forget(service: Service, job: Job) -> None:
    with contextlib.suppress(LaminaError):  # already deleted by another response; otherwise it expires
        await forget(service, job.key_id, job.id)
