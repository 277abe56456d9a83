"""Connection sessions: send frames to a client's WebSocket, and queue them while it is disconnected."""

import asyncio
import json
import logging
import uuid
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from lamina.api.runware.answers import Body

KEPT_S = 120.0  # as long as the vendor keeps results for a disconnected client
_MOST_WAITING, _MOST_WAITING_BYTES = 1000, 64 << 20
MOST_AT_WORK = 1000
_log = logging.getLogger(__name__)


class Session:
    """`id`: the connectionSessionUUID. `secret`: the API key, checked again for each task. `sdk`: see `Caller`."""

    def __init__(self, key_id: str, secret: str, sdk: str, is_dry: bool) -> None:
        self.id = str(uuid.uuid4())
        self.key_id, self.secret, self.sdk, self.is_dry = key_id, secret, sdk, is_dry
        self.socket: WebSocket | None = None
        self._at_work: set[asyncio.Task[None]] = set()
        self._waiting: deque[str] = deque()
        self._waiting_bytes = 0
        self._sending = asyncio.Lock()
        self._leaving: asyncio.TimerHandle | None = None

    @property
    def is_busy(self) -> bool:
        return bool(self._at_work)

    @property
    def is_full(self) -> bool:
        return len(self._at_work) >= MOST_AT_WORK

    def work(self, task: Coroutine[Any, Any, None]) -> None:
        """Starts the task concurrently; it continues if the WebSocket disconnects."""
        running = asyncio.create_task(task)
        self._at_work.add(running)
        running.add_done_callback(self._at_work.discard)

    async def resume(self, socket: WebSocket) -> None:
        """Makes `socket` the session's WebSocket and sends the queued frames to it first."""
        if self._leaving is not None:
            self._leaving.cancel()
        async with self._sending:
            self.socket = socket
            while self._waiting and await _sent(socket, self._waiting[0]):
                self._waiting_bytes -= len(self._waiting.popleft())

    async def send(self, body: Body) -> None:
        text = json.dumps(body, ensure_ascii=False)
        async with self._sending:
            if self.socket is None or not await _sent(self.socket, text):
                self._keep(text)

    def leave(self, socket: WebSocket, forget: Callable[[], object]) -> None:
        """Detaches `socket`, if it is still the session's. `forget` is called after `KEPT_S` without a WebSocket."""
        if self.socket is socket:
            self.socket = None
            self._leaving = asyncio.get_running_loop().call_later(KEPT_S, forget)

    def _keep(self, text: str) -> None:
        self._waiting.append(text)
        self._waiting_bytes += len(text)
        while len(self._waiting) > _MOST_WAITING or self._waiting_bytes > _MOST_WAITING_BYTES:
            self._waiting_bytes -= len(self._waiting.popleft())
            _log.warning("session %s: the queue is full, a frame was dropped; getResponse returns it", self.id)


class Sessions:
    """The sessions of this process. A client that connects to another process gets a new session, and gets earlier
    results with getResponse."""

    def __init__(self) -> None:
        self._by_id: dict[str, Session] = {}

    def begin(self, session: Session) -> Session:
        self._by_id[session.id] = session
        return session

    def resumed(self, session_id: str, key_id: str) -> Session | None:
        """The session, if it still exists and belongs to the key."""
        session = self._by_id.get(session_id)
        return session if session is not None and session.key_id == key_id else None

    def leave(self, session: Session, socket: WebSocket) -> None:
        """Detaches the WebSocket; the client may resume the session within `KEPT_S`."""
        session.leave(socket, lambda: self._by_id.pop(session.id, None))


async def _sent(socket: WebSocket, text: str) -> bool:
    try:
        await socket.send_text(text)
    except (WebSocketDisconnect, RuntimeError, OSError):  # disconnected, or disconnecting
        return False
    return True
