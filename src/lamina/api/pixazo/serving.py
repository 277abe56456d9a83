"""What the routes do alike: queue a job, show it, or wait for its picture."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from lamina.api.pixazo.access import Gateway, base_url_of
from lamina.api.pixazo.rendering import BARE, Address, check_id, parse_id, render_queued
from lamina.api.pixazo.translate import LAYERED, parse_webhook
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.job_results import PictureFile, PicturesResult
from lamina.core.jobs import Failure, Job, JobRequest, JobState
from lamina.core.keys import ApiKey
from lamina.files.sources import stored_inputs
from lamina.files.storage import address_of
from lamina.jobs.follow import view
from lamina.jobs.submit import submit
from lamina.jobs.wait import attended
from lamina.service.service import Service

_WEBHOOK_HEADER = "X-Webhook-URL"
Render = Callable[[Job, PictureFile, Address], dict[str, Any]]


async def answer_queued(
    request: Request,
    gateway: Gateway,
    key: ApiKey,
    asked: JobRequest,
    webhook: str | None = None,
    wanted_events: list[Any] | None = None,
) -> JSONResponse:
    """202 and where to ask for it; of the older layered API 200. Raises `LaminaError`."""
    url, events = parse_webhook(webhook, wanted_events, request.headers.get(_WEBHOOK_HEADER))
    is_bare = gateway.has_older_layers and asked.extra["model_id"] == LAYERED
    extra = {**asked.extra, BARE: True} if is_bare else asked.extra
    job = await _submitted(gateway, key, replace(asked, extra=extra, webhook_url=url, webhook_events=events))
    return JSONResponse(render_queued(job, base_url_of(request, gateway)), 200 if is_bare else 202)


async def answer_with_picture(
    request: Request, gateway: Gateway, key: ApiKey, asked: JobRequest, render: Render
) -> JSONResponse:
    """200 and the picture, once it is there. Raises `LaminaError`; a client that leaves takes its job with it."""
    job = await _submitted(gateway, key, asked)
    ended = await attended(gateway.service, key.id, job.id, gateway.wait_s, _left(request, gateway))
    if ended is None:
        if gateway.is_closing.is_set():
            raise LaminaError(ErrorCode.CANCELLED, "The service is being stopped.", "Try again later.")
        raise ClientDisconnect
    if ended.state is not JobState.SUCCEEDED or not isinstance(ended.result, PicturesResult):
        raise _ended_badly(ended)
    return JSONResponse(render(ended, ended.result.pictures[0], addresses_of(gateway.service)))


async def own_job(gateway: Gateway, key: ApiKey, request_id: str) -> Job:
    """Raises `LaminaError` (not_found), for another key's, too."""
    job = (await view(gateway.service, key.id, parse_id(request_id))).job
    check_id(request_id, job)
    return job


def addresses_of(service: Service) -> Address:
    return lambda file_id, media_type: address_of(service, file_id, media_type)


async def _submitted(gateway: Gateway, key: ApiKey, asked: JobRequest) -> Job:
    service = gateway.service
    return await submit(service, key, await stored_inputs(service, key, asked))


async def _left(request: Request, gateway: Gateway) -> None:
    """Returns when the client has left, or this process is to end."""
    leaving = [asyncio.create_task(_disconnected(request)), asyncio.create_task(gateway.is_closing.wait())]
    try:
        await asyncio.wait(leaving, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in leaving:
            task.cancel()


async def _disconnected(request: Request) -> None:
    with contextlib.suppress(ClientDisconnect):
        while (await request.receive())["type"] != "http.disconnect":
            pass


def _ended_badly(job: Job) -> LaminaError:
    failure = job.failure or Failure(ErrorCode.CANCELLED, "The request was cancelled.")
    code = ErrorCode(failure.code)
    if job.state is JobState.FAILED:
        return LaminaError(code, failure.message, failure.hint)
    return LaminaError(ErrorCode.ENGINE_CRASHED, failure.message, failure.hint)  # never the client's fault
