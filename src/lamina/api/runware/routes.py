"""Runware's routes: a WebSocket and a POST route, both under three paths."""

import asyncio
import json
import uuid
from collections.abc import Sequence
from http import HTTPStatus

from fastapi import APIRouter, Request, Response, WebSocket
from starlette.datastructures import Headers

from lamina.accounts.keys import authenticate
from lamina.api.runware.access import Caller
from lamina.api.runware.answers import Authenticated
from lamina.api.runware.errors import RunwareError, authentication_error, crash, error_of, missing_key
from lamina.api.runware.messages import Frame, parse_message, render_frames, run_task
from lamina.api.runware.sessions import Sessions
from lamina.api.runware.socket import Connection
from lamina.api.runware.task_fields import TaskFields
from lamina.api.runware.wire import AUTHENTICATION
from lamina.api.shared.context import context_of
from lamina.core.errors import LaminaError
from lamina.core.keys import ApiKey, Scope
from lamina.service.service import Service

PATHS = ("/v1", "/runware/v1", "/")
_BEARER = "bearer "
_DRY_RUN = "x-runware-dry-run"


router = APIRouter(include_in_schema=False)
ROUTERS = (router,)


async def serve_socket(socket: WebSocket) -> None:
    sessions: Sessions = socket.app.state.runware_sessions
    await Connection(socket, context_of(socket), sessions).serve()


async def answer_post(request: Request) -> Response:
    context = context_of(request)
    try:
        tasks = await asyncio.to_thread(parse_message, await request.body())
        key, tasks, has_authentication = await _authenticated(context.service, request.headers, tasks)
    except RunwareError as error:
        return render_body([Frame(error=error)])
    except LaminaError as error:
        return render_body([Frame(error=authentication_error(error), task_type=AUTHENTICATION)])
    sdk, is_dry = request.headers.get("x-sdk-name", ""), request.headers.get(_DRY_RUN) == "1"
    caller = Caller(context=context, key=key, sdk=sdk, is_dry=is_dry)
    frames_by_task = await asyncio.gather(*(_all_frames(caller, task) for task in tasks))
    frames = [frame for task_frames in frames_by_task for frame in task_frames]
    if has_authentication and not tasks:
        session_uuid = str(uuid.uuid4())
        frames = [Frame([Authenticated(taskType=AUTHENTICATION, connectionSessionUUID=session_uuid)])]
    return render_body(frames)


for _path in PATHS:
    router.add_api_websocket_route(_path, serve_socket)
    router.add_api_route(_path, answer_post, methods=["POST"], response_class=Response)


def is_runware_request(method: str, path: str) -> bool:
    return method == "POST" and path in PATHS


def render_body(frames: Sequence[Frame]) -> Response:
    """The status is that of the first error if there is no data."""
    errors = [frame.error for frame in frames if frame.error is not None]
    has_data = any(frame.data for frame in frames)
    status = errors[0].status if errors and not has_data else HTTPStatus.OK
    return Response(json.dumps(render_frames(frames), ensure_ascii=False), status, media_type="application/json")


def render_refusal(error: LaminaError) -> Response:
    return render_body([Frame(error=error_of(error))])


def render_crash() -> Response:
    return render_body([Frame(error=crash())])


async def _authenticated(
    service: Service, headers: Headers, tasks: list[TaskFields]
) -> tuple[ApiKey, list[TaskFields], bool]:
    """(key, tasks without the authentication task, whether there was one)."""
    has_authentication = tasks[0].task_type == AUTHENTICATION
    rest = tasks[1:] if has_authentication else tasks
    authorization = headers.get("authorization", "")
    secret = authorization[len(_BEARER) :].strip() if authorization.lower().startswith(_BEARER) else ""
    if not secret and has_authentication:
        secret = tasks[0].text("apiKey")
    if not secret:
        raise missing_key()
    return await authenticate(service, secret, Scope.READ), rest, has_authentication


async def _all_frames(caller: Caller, task: TaskFields) -> list[Frame]:
    return [frame async for frame in run_task(caller, task)]
