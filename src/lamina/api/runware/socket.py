"""The WebSocket: authenticates a client, reads its messages, and sends responses as they are ready."""

import asyncio
import json

from starlette.websockets import WebSocket, WebSocketDisconnect

from lamina.accounts.keys import authenticate
from lamina.api.runware.access import Caller
from lamina.api.runware.answers import Authenticated, Body
from lamina.api.runware.errors import RunwareError, authentication_error, missing_key
from lamina.api.runware.fields import check
from lamina.api.runware.messages import Frame, error_frame, parse_message, run_task
from lamina.api.runware.sessions import Session, Sessions
from lamina.api.runware.task_fields import TaskFields
from lamina.api.runware.tasks.pings import PONG
from lamina.api.runware.wire import AUTHENTICATION, PING, TASKS
from lamina.api.shared.context import ApiContext
from lamina.core.errors import LaminaError
from lamina.core.keys import Scope

IDLE_S = 120.0
_LONG_MESSAGE_LENGTH = 1 << 20
_TIMEOUT_CODE = 1001


class Connection:
    """One WebSocket. Every message gets a response; it ends when the client disconnects or is idle for too long."""

    def __init__(self, socket: WebSocket, context: ApiContext, sessions: Sessions) -> None:
        self._socket, self._context, self._sessions = socket, context, sessions
        self._session: Session | None = None
        self._sdk = socket.headers.get("x-sdk-name") or socket.query_params.get("sdk", "")
        self._is_dry = socket.query_params.get("dryRun") == "1"

    async def serve(self) -> None:
        """Serves the WebSocket until it is closed."""
        await self._socket.accept()
        try:
            while (message := await self._receive()) is not None:
                await self._answer(message)
        except WebSocketDisconnect:
            pass
        finally:
            if self._session is not None:
                self._sessions.detach(self._session, self._socket)

    async def _receive(self) -> str | bytes | None:
        """The next message; None if the client has disconnected, or if it was idle and no task is running."""
        while True:
            try:
                message = await asyncio.wait_for(self._socket.receive(), IDLE_S)
            except TimeoutError:
                if self._session is not None and self._session.is_busy:
                    continue
                await self._socket.close(_TIMEOUT_CODE, "idle timeout")
                return None
            if message["type"] == "websocket.disconnect":
                return None
            text = message.get("text")
            return message.get("bytes") or b"" if text is None else text

    async def _answer(self, message: str | bytes) -> None:
        try:
            is_long = len(message) > _LONG_MESSAGE_LENGTH
            tasks = await asyncio.to_thread(parse_message, message) if is_long else parse_message(message)
        except RunwareError as error:
            await self._send(Frame(error=error).body())
            return
        for task in tasks:
            if task.task_type == AUTHENTICATION:
                await self._authenticate(task)
            elif task.task_type == PING:
                await self._send(Frame([PONG]).body())
            else:
                await self._begin(task)

    async def _authenticate(self, task: TaskFields) -> None:
        """Errors are sent without a taskUUID: clients ignore those that name a task."""
        try:
            check(task, TASKS[AUTHENTICATION])
            key = await authenticate(self._context.service, task.text("apiKey"), Scope.READ)
        except (LaminaError, RunwareError) as error:
            await self._send(Frame(error=authentication_error(error), task_type=AUTHENTICATION).body())
            return
        if self._session is not None:
            self._sessions.detach(self._session, self._socket)
        session = self._sessions.find(task.text("connectionSessionUUID"), key.id)
        if session is None:
            session = self._sessions.add(Session(key.id, task.text("apiKey"), self._sdk, self._is_dry))
        self._session = session
        confirmation = Authenticated(taskType=AUTHENTICATION, connectionSessionUUID=session.id)
        await self._socket.send_text(json.dumps(Frame([confirmation]).body()))
        await session.resume(self._socket)

    async def _begin(self, task: TaskFields) -> None:
        session = self._session
        if session is None:
            await self._send(error_frame(task, missing_key()).body())
        elif session.is_full:
            error = RunwareError("rateLimitExceeded", "Too many tasks of this connection are running.")
            await self._send(error_frame(task, error).body())
        else:
            session.start(self._run(session, task))

    async def _run(self, session: Session, task: TaskFields) -> None:
        try:
            key = await authenticate(self._context.service, session.secret, Scope.READ)
        except LaminaError as error:
            await session.send(error_frame(task, authentication_error(error)).body())
            return
        caller = Caller(context=self._context, key=key, is_streamed=True, sdk=session.sdk, is_dry=session.is_dry)
        async for frame in run_task(caller, task):
            await session.send(frame.body())

    async def _send(self, body: Body) -> None:
        if self._session is not None:
            await self._session.send(body)
        else:
            await self._socket.send_json(body)
