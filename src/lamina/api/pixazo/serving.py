"""Submits the jobs of Pixazo's routes, finds them, or waits for their image."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from lamina.api.pixazo.access import base_url_of
from lamina.api.pixazo.answers import Edit, Generation
from lamina.api.pixazo.rendering import BARE, Address, check_id, parse_id, render_queued
from lamina.api.pixazo.translate import LAYERED, parse_webhook
from lamina.api.shared.context import ApiContext
from lamina.api.shared.waiting import WaitEnd, WaitOutcome, cancel_if_open, wait_for_result
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.job_results import PictureFile, PicturesResult
from lamina.core.jobs import Failure, Job, JobRequest, JobState
from lamina.core.keys import ApiKey
from lamina.files.sources import stored_inputs
from lamina.files.storage import address_of
from lamina.jobs.follow import view
from lamina.jobs.submit import submit
from lamina.service.service import Service

_WEBHOOK_HEADER = "X-Webhook-URL"
Render = Callable[[Job, PictureFile, Address], Generation | Edit]


async def answer_queued(
    request: Request,
    context: ApiContext,
    key: ApiKey,
    job_request: JobRequest,
    webhook: str | None = None,
    wanted_events: list[Any] | None = None,
) -> JSONResponse:
    """Responds with 202 (in the older layered API 200) and the status URL. Raises `LaminaError`."""
    url, events = parse_webhook(webhook, wanted_events, request.headers.get(_WEBHOOK_HEADER))
    is_bare = context.has_older_layers and job_request.extra["model_id"] == LAYERED
    extra = {**job_request.extra, BARE: True} if is_bare else job_request.extra
    job = await _submit(context, key, replace(job_request, extra=extra, webhook_url=url, webhook_events=events))
    return JSONResponse(render_queued(job, base_url_of(request, context)), 200 if is_bare else 202)


async def answer_with_picture(
    request: Request, context: ApiContext, key: ApiKey, job_request: JobRequest, render: Render
) -> JSONResponse:
    """Waits for the image and responds with 200. Raises `LaminaError`. A disconnect of the client cancels the job."""
    job = await _submit(context, key, job_request)
    ended = await _wait_for_job(request, context, key, job)
    if ended.state is not JobState.SUCCEEDED or not isinstance(ended.result, PicturesResult):
        raise _error_of(ended)
    return JSONResponse(render(ended, ended.result.pictures[0], addresses_of(context.service)))


async def own_job(context: ApiContext, key: ApiKey, request_id: str) -> Job:
    """The job of the key. Raises `LaminaError` (not_found), also for jobs of other keys."""
    job = (await view(context.service, key.id, parse_id(request_id))).job
    check_id(request_id, job)
    return job


def addresses_of(service: Service) -> Address:
    return lambda file_id, media_type: address_of(service, file_id, media_type)


async def _submit(context: ApiContext, key: ApiKey, job_request: JobRequest) -> Job:
    service = context.service
    return await submit(service, key, await stored_inputs(service, key, job_request))


async def _wait_for_job(request: Request, context: ApiContext, key: ApiKey, job: Job) -> Job:
    """The job once it has ended. However else the wait is over, the job is cancelled."""
    outcome = WaitOutcome(WaitEnd.DISCONNECTED)
    try:
        outcome = await wait_for_result(context, key.id, job.id, wait_s=context.result_wait_s, request=request)
    finally:
        if outcome.end is not WaitEnd.ENDED:
            await asyncio.shield(cancel_if_open(context.service, key.id, job.id))
    if outcome.end is WaitEnd.TIMED_OUT:
        raise LaminaError(
            ErrorCode.DEADLINE_PASSED,
            f"It did not end within {context.result_wait_s:g} s, and was cancelled.",
            "Try again later.",
        )
    if outcome.job is None:
        if context.is_closing.is_set():
            raise LaminaError(ErrorCode.CANCELLED, "The service is being stopped.", "Try again later.")
        raise ClientDisconnect
    return outcome.job


def _error_of(job: Job) -> LaminaError:
    failure = job.failure or Failure(ErrorCode.CANCELLED, "The request was cancelled.")
    code = ErrorCode(failure.code)
    if job.state is JobState.FAILED:
        return LaminaError(code, failure.message, failure.hint)
    return LaminaError(ErrorCode.ENGINE_CRASHED, failure.message, failure.hint)  # never the client's fault
