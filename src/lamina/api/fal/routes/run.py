"""The routes whose response is the result itself: run and stream."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse

from lamina.api.fal.access import key_for_app
from lamina.api.fal.endpoints import APPS, Endpoint, endpoint_of
from lamina.api.fal.errors import Refused, refusal
from lamina.api.fal.fal_route import FalRoute, no_such_app, no_such_path
from lamina.api.fal.headers import parse_options
from lamina.api.fal.submit import answer_of, read_json, result_response, submit_input, wait_for_job
from lamina.api.shared.context import ApiContext, context_of
from lamina.api.shared.waiting import cancel_if_open
from lamina.core.jobs import Job
from lamina.core.keys import ApiKey, Scope
from lamina.jobs.follow import ended

router = APIRouter(prefix="/fal/run", route_class=FalRoute, include_in_schema=False)

_STREAM, _REALTIME = "/stream", "/realtime"
_FAILURE_WAIT_S = 5.0  # failures within this time are answered with their own HTTP status
_CLOSE_DELAY_S = 5.0
_PING_S = 15.0  # seconds between keep-alive comments, since proxies and clients close idle streams
_cancelling: set[asyncio.Task[None]] = set()
_RETRIED_STATUSES = (502, 503, 504)  # after these statuses fal's clients repeat the whole POST


@router.api_route("/{path:path}", methods=["POST", "GET"])
async def run(request: Request, path: str) -> Response:
    path = path.strip("/")
    is_stream = path.endswith(_STREAM)
    endpoint = known_endpoint(path.removesuffix(_STREAM))
    context, key = context_of(request), await key_for_app(request, endpoint.app, Scope.WRITE)
    options = parse_options(request.headers, request.query_params)
    body = dict(request.query_params) if request.method == "GET" else await read_json(request)
    job = await submit_input(context.service, key, endpoint, body, options, is_deferred=False)
    job = await wait_for_job(request, context, key, job, _FAILURE_WAIT_S if is_stream else float("inf"))
    if is_stream and (job.state.is_open or job.result is not None):
        return _streamed(context, key, job)
    if job.state.is_open:
        message = "The server is shutting down. Get the result of this request from the queue."
        raise Refused(refusal(500, message, "internal_error"))
    response = await result_response(context.service, job)
    if response.status_code in _RETRIED_STATUSES and "X-Fal-Request-Timeout-Type" not in response.headers:
        response.status_code = 500
    return response


@router.websocket("/{path:path}")
async def realtime(socket: WebSocket, path: str) -> None:
    """fal offers realtime for no Qwen model; clients get an error before they send anything."""
    reason = f"Realtime is not offered by {path.strip('/').removesuffix(_REALTIME)}. Use run, stream or the queue."
    with contextlib.suppress(WebSocketDisconnect):  # the client may disconnect at any moment
        await socket.accept()
        await socket.send_json({"type": "x-fal-error", "error": "NOT_SUPPORTED", "reason": reason})
        with contextlib.suppress(TimeoutError):  # gives the client time to read the error
            await asyncio.wait_for(socket.receive(), _CLOSE_DELAY_S)
        await socket.close(1003, reason[:120])


def known_endpoint(path: str) -> Endpoint:
    """Raises `Refused` in fal's words if the app, or the path within the app, does not exist."""
    endpoint = endpoint_of(path)
    if endpoint is not None:
        return endpoint
    app = "/".join(path.split("/")[:2])
    raise no_such_path(path.removeprefix(app).strip("/")) if app in APPS else no_such_app(path)


def _streamed(context: ApiContext, key: ApiKey, job: Job) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "x-fal-request-id": job.id}
    return StreamingResponse(_events(context, key, job), media_type="text/event-stream", headers=headers)


async def _events(context: ApiContext, key: ApiKey, job: Job) -> AsyncIterator[bytes]:
    """Yields a single event: the complete output, or the body of the error if the job fails."""
    try:
        while job.state.is_open and not context.is_closing.is_set():
            job = await ended(context.service, key.id, job.id, _PING_S)
            if job.state.is_open:
                yield b": still running\n\n"
    except (asyncio.CancelledError, GeneratorExit):  # the client has disconnected; nothing can be awaited here any more
        _cancelling.add(task := asyncio.create_task(cancel_if_open(context.service, key.id, job.id)))
        task.add_done_callback(_cancelling.discard)
        raise
    answer = await asyncio.shield(answer_of(context.service, job))
    yield f"data: {json.dumps(answer.body)}\n\n".encode()
