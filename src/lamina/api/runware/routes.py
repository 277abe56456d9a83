"""Runware's routes: a WebSocket and a POST route, both under three paths."""

import asyncio
import json
import uuid
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response, WebSocket
from starlette.datastructures import Headers

from lamina.accounts.keys import authenticate
from lamina.api.runware.access import Caller
from lamina.api.runware.conversation import Frame, parse_message, run_task
from lamina.api.runware.errors import RunwareError, crash, error_of, invalid_key, missing_key
from lamina.api.runware.sessions import Sessions
from lamina.api.runware.socket import AUTHENTICATION, Conversation
from lamina.api.shared.context import context_of
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.keys import ApiKey, Scope
from lamina.service.service import Service

PATHS = ("/v1", "/runware/v1", "/")
_BEARER = "bearer "
_DRY_RUN = "x-runware-dry-run"


router = APIRouter(include_in_schema=False)
ROUTERS = (router,)


async def converse(socket: WebSocket) -> None:
    context = context_of(socket)
    sessions: Sessions = socket.app.state.runware_sessions
    await Conversation(socket, context, sessions).hold()


async def answer_post(request: Request) -> Response:
    context = context_of(request)
    try:
        tasks = await asyncio.to_thread(parse_message, await request.body())
        key, tasks, has_authentication = await _authenticated(context.service, request.headers, tasks)
    except RunwareError as error:
        return render_body([Frame(error=error)])
    except LaminaError as error:
        converted = invalid_key() if error.code is ErrorCode.KEY_INVALID else error_of(error)
        return render_body([Frame(error=converted, task_type=AUTHENTICATION)])
    sdk, is_dry = request.headers.get("x-sdk-name", ""), request.headers.get(_DRY_RUN) == "1"
    caller = Caller(context=context, key=key, sdk=sdk, is_dry=is_dry)
    frames_by_task = await asyncio.gather(*(_all_frames(caller, task) for task in tasks))
    frames = [frame for task_frames in frames_by_task for frame in task_frames]
    if has_authentication and not tasks:
        frames = [Frame(({"taskType": AUTHENTICATION, "connectionSessionUUID": str(uuid.uuid4())},))]
    return render_body(frames)


for _path in PATHS:
    router.add_api_websocket_route(_path, converse)
    router.add_api_route(_path, answer_post, methods=["POST"], response_class=Response)


def is_runware_request(method: str, path: str) -> bool:
    return method == "POST" and path in PATHS


def render_body(frames: Sequence[Frame]) -> Response:
    """Renders data and errors in one body. `errors` is omitted if empty, since clients take it for an error."""
    body: dict[str, Any] = {}
    data = [item for frame in frames for item in frame.data]
    errors = [error for frame in frames if frame.error is not None for error in frame.body()["errors"]]
    if data or not errors:
        body["data"] = data
    if errors:
        body["errors"] = errors
    failed = next((frame.error.status for frame in frames if frame.error is not None), HTTPStatus.OK)
    return Response(
        json.dumps(body, ensure_ascii=False), HTTPStatus.OK if data else failed, media_type="application/json"
    )


def render_refusal(error: LaminaError) -> Response:
    return render_body([Frame(error=error_of(error))])


def render_crash() -> Response:
    return render_body([Frame(error=crash())])


async def _authenticated(
    service: Service, headers: Headers, tasks: list[dict[str, Any]]
) -> tuple[ApiKey, list[dict[str, Any]], bool]:
    """(key, tasks without the authentication task, whether there was one)."""
    has_authentication = tasks[0].get("taskType") == AUTHENTICATION
    rest = tasks[1:] if has_authentication else tasks
    authorization = headers.get("authorization", "")
    secret = authorization[len(_BEARER) :].strip() if authorization.lower().startswith(_BEARER) else ""
    if not secret and has_authentication and isinstance(tasks[0].get("apiKey"), str):
        secret = tasks[0]["apiKey"]
    if not secret:
        raise missing_key()
    return await authenticate(service, secret, Scope.READ), rest, has_authentication


async def _all_frames(caller: Caller, task: Mapping[str, Any]) -> list[Frame]:
    return [frame async for frame in run_task(caller, task)]
