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

RESUMABLE_S = 120.0  # as long as the vendor keeps results for a disconnected client
_MAX_QUEUED, _MAX_QUEUED_BYTES = 1000, 64 << 20
MAX_RUNNING_TASKS = 1000
_log = logging.getLogger(__name__)


class Session:
    """`id`: the connectionSessionUUID. `secret`: the API key, checked again for each task. `sdk`: see `Caller`."""

    def __init__(self, key_id: str, secret: str, sdk: str, is_dry: bool) -> None:
        self.id = str(uuid.uuid4())
        self.key_id, self.secret, self.sdk, self.is_dry = key_id, secret, sdk, is_dry
        self.socket: WebSocket | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._queue: deque[str] = deque()
        self._queued_bytes = 0
        self._sending = asyncio.Lock()
        self._expiry: asyncio.TimerHandle | None = None

    @property
    def is_busy(self) -> bool:
        return bool(self._running)

    @property
    def is_full(self) -> bool:
        return len(self._running) >= MAX_RUNNING_TASKS

    def start(self, task: Coroutine[Any, Any, None]) -> None:
        """Starts the task concurrently; it continues if the WebSocket disconnects."""
        running = asyncio.create_task(task)
        self._running.add(running)
        running.add_done_callback(self._running.discard)

    async def resume(self, socket: WebSocket) -> None:
        """Makes `socket` the session's WebSocket and sends the queued frames to it first."""
        if self._expiry is not None:
            self._expiry.cancel()
        async with self._sending:
            self.socket = socket
            while self._queue and await _try_send(socket, self._queue[0]):
                self._queued_bytes -= len(self._queue.popleft())

    async def send(self, body: Body) -> None:
        text = json.dumps(body, ensure_ascii=False)
        async with self._sending:
            if self.socket is None or not await _try_send(self.socket, text):
                self._enqueue(text)

    def detach(self, socket: WebSocket, on_expiry: Callable[[], object]) -> None:
        """Detaches `socket`, if it is still the session's. `on_expiry` is called after `RESUMABLE_S` without a
        WebSocket.
        """
        if self.socket is socket:
            self.socket = None
            self._expiry = asyncio.get_running_loop().call_later(RESUMABLE_S, on_expiry)

    def _enqueue(self, text: str) -> None:
        self._queue.append(text)
        self._queued_bytes += len(text)
        while len(self._queue) > _MAX_QUEUED or self._queued_bytes > _MAX_QUEUED_BYTES:
            self._queued_bytes -= len(self._queue.popleft())
            _log.warning("session %s: the queue is full, a frame was dropped; getResponse returns it", self.id)


class Sessions:
    """The sessions of this process. A client that connects to another process gets a new session, and gets earlier
    results with getResponse."""

    def __init__(self) -> None:
        self._by_id: dict[str, Session] = {}

    def add(self, session: Session) -> Session:
        self._by_id[session.id] = session
        return session

    def find(self, session_id: str, key_id: str) -> Session | None:
        """The session, if it still exists and belongs to the key."""
        session = self._by_id.get(session_id)
        return session if session is not None and session.key_id == key_id else None

    def detach(self, session: Session, socket: WebSocket) -> None:
        """Detaches the WebSocket; the client may resume the session within `RESUMABLE_S`."""
        session.detach(socket, lambda: self._by_id.pop(session.id, None))


async def _try_send(socket: WebSocket, text: str) -> bool:
    """Returns whether the text was sent."""
    try:
        await socket.send_text(text)
    except (WebSocketDisconnect, RuntimeError, OSError):  # disconnected, or disconnecting
        return False
    return True
