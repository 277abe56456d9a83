"""The routes of the queue, distinguished by path: submit, status, status stream, result and cancel."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from lamina.api.fal.access import key_for_app
from lamina.api.fal.errors import Answer, Refused, refusal
from lamina.api.fal.fal_route import FalRoute
from lamina.api.fal.headers import parse_options, parse_switch
from lamina.api.fal.hosts import ORIGIN
from lamina.api.fal.rendering import Links, endpoint_of_job, render_log, render_status, render_submitted
from lamina.api.fal.routes.run import known_endpoint
from lamina.api.fal.submit import read_json, result_response, submit_input
from lamina.api.fal.translate import DIALECT
from lamina.api.shared.context import ApiContext, context_of
from lamina.api.shared.parsing import is_id
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import Job, JobEvent
from lamina.core.keys import ApiKey, Scope
from lamina.jobs.cancel import cancel
from lamina.jobs.follow import JobView, happened, view

router = APIRouter(prefix="/fal/queue", route_class=FalRoute, include_in_schema=False)

_PATH = re.compile(r"(?P<app>.+?)/requests/(?P<id>[^/]+)(?:/(?P<action>.+))?")
_PING_S, _POLL_S = 15.0, 0.25


@dataclass(frozen=True, slots=True)
class QueuePath:
    """A parsed path of the queue. `action`: "" (the result), "status", "status/stream" or "cancel"."""

    app: str
    request_id: str
    action: str


@router.post("/{path:path}")
async def submit_or_cancel(request: Request, path: str) -> Response:
    queue_path = parse_queue_path(path)
    if queue_path is not None:
        return await _respond(request, queue_path)
    endpoint = known_endpoint(path.strip("/"))
    service, key = context_of(request).service, await key_for_app(request, endpoint.app, Scope.WRITE)
    options = parse_options(request.headers, request.query_params)
    job = await submit_input(service, key, endpoint, await read_json(request), options, is_deferred=True)
    shown = await view(service, key.id, job.id)
    body = render_submitted(Links(_root(request), endpoint.app, job.id), shown.position or 0)
    return JSONResponse(body, headers={"x-fal-request-id": job.id})


@router.api_route("/{path:path}", methods=["GET", "PUT"])
async def follow_or_cancel(request: Request, path: str) -> Response:
    return await _respond(request, parse_queue_path(path))


def parse_queue_path(path: str) -> QueuePath | None:
    """Parses `{owner}/{alias}[/...]/requests/{id}[/...]`, with or without a trailing slash; None for an app's path."""
    path_match = _PATH.fullmatch(path.strip("/"))
    if path_match is None:
        return None
    action = path_match["action"] or ""
    return QueuePath(
        "/".join(path_match["app"].split("/")[:2]), path_match["id"], "" if action == "response" else action
    )


async def _respond(request: Request, queue_path: QueuePath | None) -> Response:
    if queue_path is None:
        raise Refused(refusal(405, "Method Not Allowed"))
    match request.method, queue_path.action:
        case "GET", "":
            return await _result(request, queue_path)
        case "GET", "status":
            return await _status(request, queue_path)
        case "GET", "status/stream":
            return await _status_stream(request, queue_path)
        case "PUT" | "POST", "cancel":
            return await _cancel(request, queue_path)
        case _, "" | "status" | "status/stream" | "cancel":
            raise Refused(refusal(405, "Method Not Allowed"))
        case _:
            raise Refused(refusal(404, "Not Found"))


async def _result(request: Request, queue_path: QueuePath) -> Response:
    _, shown, links = await _own_request(request, queue_path, Scope.READ)
    if not shown.job.state.is_open:
        return await result_response(context_of(request).service, shown.job)
    body = {
        "detail": "Request is still in progress",
        "request_id": links.request_id,
        "response_url": links.response_url,
        "status_url": links.status_url,
        "cancel_url": links.cancel_url,
    }
    return JSONResponse(body, 400, {"x-fal-request-id": links.request_id})


async def _status(request: Request, queue_path: QueuePath) -> Response:
    _, shown, links = await _own_request(request, queue_path, Scope.READ)
    has_logs = parse_switch(request.query_params.get("logs"))
    logs = render_log(await happened(context_of(request).service, shown.job.id)) if has_logs else []
    status = 202 if shown.job.state.is_open else 200
    return JSONResponse(render_status(shown, links, logs), status, {"x-fal-request-id": shown.job.id})


async def _status_stream(request: Request, queue_path: QueuePath) -> Response:
    key, shown, links = await _own_request(request, queue_path, Scope.READ)
    has_logs = parse_switch(request.query_params.get("logs"))
    stream = _statuses(context_of(request), key, links, has_logs)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "x-fal-request-id": shown.job.id}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


async def _statuses(context: ApiContext, key: ApiKey, links: Links, has_logs: bool) -> AsyncIterator[bytes]:
    """Yields an event for each change until the job has ended. Each event contains only the new log lines."""
    service, last_state, idle_s, events = context.service, None, 0.0, list[JobEvent]()
    while not context.is_closing.is_set():
        shown = await view(service, key.id, links.request_id)
        new_events = await happened(service, links.request_id, events[-1].number if events else 0) if has_logs else []
        logs = render_log([*events, *new_events])[len(render_log(events)) :]
        events += new_events
        status = render_status(shown, links, logs)
        if logs or (status["status"], status.get("queue_position")) != last_state:
            last_state, idle_s = (status["status"], status.get("queue_position")), 0.0
            yield f"data: {json.dumps(status)}\n\n".encode()
        if not shown.job.state.is_open:
            return
        if idle_s >= _PING_S:
            idle_s = 0.0
            yield b": ping\n\n"
        idle_s += _POLL_S
        await service.signals.wait(links.request_id, _POLL_S)


async def _cancel(request: Request, queue_path: QueuePath) -> Response:
    key, shown, _ = await _own_request(request, queue_path, Scope.WRITE)
    try:
        job = await cancel(context_of(request).service, key.id, shown.job.id)
    except LaminaError as error:
        if error.code is not ErrorCode.STATE_CONFLICT:
            raise
        raise Refused(Answer(400, {"status": "ALREADY_COMPLETED"})) from None
    id_header = {"x-fal-request-id": job.id}
    if job.state.is_open:
        return JSONResponse({"status": "CANCELLATION_REQUESTED", "success": True}, 202, id_header)
    return JSONResponse({"status": "OK", "success": True}, 200, id_header)


async def _own_request(request: Request, queue_path: QueuePath, scope: Scope) -> tuple[ApiKey, JobView, Links]:
    """Raises `Refused` with fal's own body if the request does not exist or belongs to another key."""
    key = await key_for_app(request, queue_path.app, scope)
    try:
        if not is_id(queue_path.request_id):
            raise LaminaError(ErrorCode.NOT_FOUND, "There is no such request.")
        shown = await view(context_of(request).service, key.id, queue_path.request_id)
    except LaminaError as error:
        if error.code is not ErrorCode.NOT_FOUND:
            raise
        raise _not_found() from None
    if not _is_fals(shown.job):
        raise _not_found()
    endpoint = endpoint_of_job(shown.job)
    return key, shown, Links(_root(request), endpoint.app if endpoint else queue_path.app, shown.job.id)


def _is_fals(job: Job) -> bool:
    """A job whose data was deleted no longer has a dialect, and is accepted."""
    return job.request.dialect == DIALECT or not job.request.has_task


def _root(request: Request) -> str:
    """The base URL of the queue as this client reaches it. fal's Python client uses these URLs unchanged."""
    origin: Any = request.scope.get(ORIGIN)
    if origin is not None:
        return str(origin)
    public = urlsplit(context_of(request).service.base_url)
    is_public = public.netloc == request.headers.get("host")
    base = context_of(request).service.base_url if is_public else str(request.base_url).rstrip("/")
    return f"{base}/fal/queue"


def _not_found() -> Refused:
    return Refused(Answer(404, {"status": "NOT_FOUND"}))
