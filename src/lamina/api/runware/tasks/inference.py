"""The imageInference task: submits its jobs, and returns their results or, if asynchronous, an acknowledgement."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from lamina.api.runware.access import Caller
from lamina.api.runware.answers import Acknowledgement, Answer
from lamina.api.runware.errors import RunwareError, error_of, parameter_error, task_conflict
from lamina.api.runware.loras import read_trained_loras, read_uploaded_loras
from lamina.api.runware.rendering import failure_of
from lamina.api.runware.results import job_name, job_names, read_results
from lamina.api.runware.task_fields import TaskFields
from lamina.api.runware.task_records import read_task
from lamina.api.runware.translate import Inference, parse_inference
from lamina.api.runware.wire import IMAGE_INFERENCE
from lamina.api.shared.waiting import wait_for_result
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import Job, JobRequest
from lamina.core.keys import Scope
from lamina.core.money import MICROS
from lamina.files.sources import stored_inputs
from lamina.jobs.find import jobs_by_idempotency_keys
from lamina.jobs.submit import submit_each

_RANDOM_SEED_BITS = 32
_INPUT_ERRORS = ("invalidReferenceImage", "valueTooLarge", "mediaNotFound")


async def image_inference(caller: Caller, task: TaskFields) -> AsyncIterator[Sequence[Answer] | RunwareError]:
    caller.require(Scope.WRITE)
    loras = await read_trained_loras(caller) | await read_uploaded_loras(caller) if "lora" in task else {}
    inference = await asyncio.to_thread(parse_inference, task, loras, secrets.randbits(_RANDOM_SEED_BITS))
    _check_target_urls(caller, inference.requests[0])
    acknowledgement = Acknowledgement(taskType=IMAGE_INFERENCE, taskUUID=task.task_uuid)
    if caller.is_dry:
        acknowledgement["cost"] = sum(map(caller.service.pricing.most, inference.requests)) / MICROS
        yield [acknowledgement]
        return
    await _check_unused(caller, task)
    jobs = await _submit(caller, task, inference)
    if inference.is_async:
        yield [acknowledgement]
        return
    async for job in _ended_jobs(caller, jobs):
        failure = failure_of(job)
        yield await read_results(caller.service, job) if failure is None else failure


def _check_target_urls(caller: Caller, request: JobRequest) -> None:
    for parameter, url in (("webhookURL", request.webhook_url), ("uploadEndpoint", request.upload_url)):
        try:
            if url is not None:
                caller.service.fetcher.check(url)
        except LaminaError as error:
            raise parameter_error("invalidParameter", str(error), parameter) from error


async def _check_unused(caller: Caller, task: TaskFields) -> None:
    """An early check, before inputs are stored; the database enforces uniqueness."""
    names = [job_name(task.task_uuid, 0)]
    has_jobs = bool(await jobs_by_idempotency_keys(caller.service, caller.key.id, names))
    if has_jobs or await read_task(caller, task.task_uuid) is not None:
        raise _conflict(task)


async def _submit(caller: Caller, task: TaskFields, inference: Inference) -> list[Job]:
    """All results of a task have the same input images, which are stored once."""
    names = job_names(task.task_uuid)[: len(inference.requests)]
    try:
        first = await stored_inputs(caller.service, caller.key, inference.requests[0])
        requests = [replace(request, inputs=first.inputs) for request in inference.requests]
        return await submit_each(caller.service, caller.key, requests, names, inference.notes)
    except LaminaError as error:
        if error.code is ErrorCode.IDEMPOTENCY_CONFLICT:
            raise _conflict(task) from error
        converted = error_of(error)
        if converted.code in _INPUT_ERRORS:
            converted.details["parameter"] = "inputs"
        raise converted from error


async def _ended_jobs(caller: Caller, jobs: Sequence[Job]) -> AsyncIterator[Job]:
    """Yields the jobs as they end; in their original order if all results are sent in one response."""
    waiting = [asyncio.create_task(_wait_until_ended(caller, job)) for job in jobs]
    try:
        for waiter in asyncio.as_completed(waiting) if caller.is_streamed else waiting:
            yield await waiter
    finally:
        for waiter in waiting:
            waiter.cancel()


async def _wait_until_ended(caller: Caller, job: Job) -> Job:
    outcome = await wait_for_result(caller.context, caller.key.id, job.id)
    if outcome.job is None:
        raise RunwareError(
            "serviceUnavailable", "The service is shutting down; the task continues. Get its result with getResponse."
        )
    return outcome.job


def _conflict(task: TaskFields) -> RunwareError:
    return task_conflict(IMAGE_INFERENCE, task.task_uuid, task.text("deliveryMethod", "sync"))
