"""The routes that answer with the result itself: run, and stream."""

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
_SENT_AT_ONCE_S = 5.0  # what goes wrong in this time still has a status of its own
_HEARD_S = 5.0
_QUIET_S = 15.0  # proxies and clients give up on a stream that says nothing for long
_cancelling: set[asyncio.Task[None]] = set()
_RETRIED = (502, 503, 504)  # by fal's clients, which send the whole POST again


@router.api_route("/{path:path}", methods=["POST", "GET"])
async def run(request: Request, path: str) -> Response:
    path = path.strip("/")
    is_stream = path.endswith(_STREAM)
    endpoint = known_endpoint(path.removesuffix(_STREAM))
    context, key = context_of(request), await key_for_app(request, endpoint.app, Scope.WRITE)
    options = parse_options(request.headers, request.query_params)
    body = dict(request.query_params) if request.method == "GET" else await read_json(request)
    job = await submit_input(context.service, key, endpoint, body, options, is_deferred=False)
    job = await wait_for_job(request, context, key, job, _SENT_AT_ONCE_S if is_stream else float("inf"))
    if is_stream and (job.state.is_open or job.result is not None):
        return _streamed(context, key, job)
    if job.state.is_open:
        words = "The server is about to end; ask the queue for the result of this request."
        raise Refused(refusal(500, words, "internal_error"))
    response = await result_response(context.service, job)
    if response.status_code in _RETRIED and "X-Fal-Request-Timeout-Type" not in response.headers:
        response.status_code = 500
    return response


@router.websocket("/{path:path}")
async def realtime(socket: WebSocket, path: str) -> None:
    """No Qwen model of fal's offers it; clients are told before they send anything."""
    reason = f"Realtime is not offered by {path.strip('/').removesuffix(_REALTIME)}. Use run, stream or the queue."
    with contextlib.suppress(WebSocketDisconnect):  # it may hang up at any moment
        await socket.accept()
        await socket.send_json({"type": "x-fal-error", "error": "NOT_SUPPORTED", "reason": reason})
        with contextlib.suppress(TimeoutError):  # until it has read that, or said something itself
            await asyncio.wait_for(socket.receive(), _HEARD_S)
        await socket.close(1003, reason[:120])


def known_endpoint(path: str) -> Endpoint:
    """Raises `Refused` as fal words it: another app, or no such path of this one."""
    endpoint = endpoint_of(path)
    if endpoint is not None:
        return endpoint
    app = "/".join(path.split("/")[:2])
    raise no_such_path(path.removeprefix(app).strip("/")) if app in APPS else no_such_app(path)


def _streamed(context: ApiContext, key: ApiKey, job: Job) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "x-fal-request-id": job.id}
    return StreamingResponse(_events(context, key, job), media_type="text/event-stream", headers=headers)


async def _events(context: ApiContext, key: ApiKey, job: Job) -> AsyncIterator[bytes]:
    """One event, the whole output; of what fails now, the body that its error has."""
    try:
        while job.state.is_open and not context.is_closing.is_set():
            job = await ended(context.service, key.id, job.id, _QUIET_S)
            if job.state.is_open:
                yield b": still at work\n\n"
    except (asyncio.CancelledError, GeneratorExit):  # the client has hung up; nothing more can be awaited here
        _cancelling.add(task := asyncio.create_task(cancel_if_open(context.service, key.id, job.id)))
        task.add_done_callback(_cancelling.discard)
        raise
    answer = await asyncio.shield(answer_of(context.service, job))
    yield f"data: {json.dumps(dict(answer.body))}\n\n".encode()
