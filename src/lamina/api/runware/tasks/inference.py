"""The imageInference task: submits its jobs, and returns their results or, if asynchronous, an acknowledgement."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lamina.api.runware.access import Caller
from lamina.api.runware.errors import RunwareError, error_of, task_conflict
from lamina.api.runware.rendering import TASK_TYPE, failure_of, render_acknowledgement
from lamina.api.runware.results import job_name, job_names, results
from lamina.api.runware.task_records import is_known
from lamina.api.runware.tasks.lora_uploads import registered_loras
from lamina.api.runware.translate import Wanted, named_loras, parse_inference
from lamina.api.shared.waiting import wait_for_result
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import Job, JobRequest
from lamina.core.keys import Scope
from lamina.core.money import MICROS
from lamina.files.sources import stored_inputs
from lamina.jobs.find import jobs_by_idempotency_keys
from lamina.jobs.submit import submit_each

Data = Sequence[Mapping[str, Any]]
_DRAWN_SEED_BITS = 32
_TARGET_URLS = ("webhookURL", "uploadEndpoint")
_BAD_INPUTS = ("invalidReferenceImage", "valueTooLarge", "mediaNotFound")


async def image_inference(caller: Caller, task: Mapping[str, Any]) -> AsyncIterator[Data | RunwareError]:
    caller.require(Scope.WRITE)
    task_uuid = str(task["taskUUID"])
    loras = await registered_loras(caller, named_loras(task))
    inference = await asyncio.to_thread(parse_inference, task, loras, secrets.randbits(_DRAWN_SEED_BITS))
    _check_addresses(caller, task)
    if caller.is_dry:
        yield [_priced(caller, task_uuid, inference)]
        return
    await _check_unused(caller, task)
    jobs = await _submit(caller, task, inference)
    if inference.is_async:
        yield [render_acknowledgement(task_uuid)]
        return
    async for job in _as_they_end(caller, jobs):
        failure = failure_of(job)
        yield await results(caller.service, job) if failure is None else failure


def _check_addresses(caller: Caller, task: Mapping[str, Any]) -> None:
    for name in _TARGET_URLS:
        if name in task:
            try:
                caller.service.fetcher.check(task[name])
            except LaminaError as error:
                raise RunwareError("invalidParameter", str(error), parameter=name, type="string") from error


async def _check_unused(caller: Caller, task: Mapping[str, Any]) -> None:
    """An early check, before inputs are stored; the database enforces uniqueness."""
    task_uuid, key_id = str(task["taskUUID"]), caller.key.id
    name = job_name(task_uuid, 0)
    if await jobs_by_idempotency_keys(caller.service, key_id, [name]) or await is_known(caller, task_uuid):
        raise _conflict(task)


async def _submit(caller: Caller, task: Mapping[str, Any], inference: Wanted) -> list[Job]:
    names = job_names(str(task["taskUUID"]))[: len(inference.requests)]
    requests = await _with_stored_inputs(caller, inference.requests)
    try:
        return await submit_each(caller.service, caller.key, requests, names, inference.notes)
    except LaminaError as error:
        if error.code is ErrorCode.IDEMPOTENCY_CONFLICT:
            raise _conflict(task) from error
        raise _input_error(error) from error


async def _with_stored_inputs(caller: Caller, requests: Sequence[JobRequest]) -> list[JobRequest]:
    """All results of a task have the same input images, which are stored once."""
    try:
        first = await stored_inputs(caller.service, caller.key, requests[0])
    except LaminaError as error:
        raise _input_error(error) from error
    return [first, *(replace(request, inputs=first.inputs) for request in requests[1:])]


def _input_error(error: LaminaError) -> RunwareError:
    converted = error_of(error)
    if converted.code in _BAD_INPUTS:
        converted.details["parameter"] = "inputs"
    return converted


async def _as_they_end(caller: Caller, jobs: Sequence[Job]) -> AsyncIterator[Job]:
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


def _priced(caller: Caller, task_uuid: str, inference: Wanted) -> dict[str, Any]:
    cost = sum(caller.service.pricing.most(request) for request in inference.requests)
    return {**render_acknowledgement(task_uuid), "cost": cost / MICROS}


def _conflict(task: Mapping[str, Any]) -> RunwareError:
    return task_conflict(TASK_TYPE, str(task["taskUUID"]), task.get("deliveryMethod"))
