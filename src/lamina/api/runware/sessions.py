"""Connection sessions: what a client is to get goes to its socket, and waits while it has none."""

import asyncio
import json
import logging
import uuid
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

KEPT_S = 120.0  # as the vendor keeps the results of a client that has gone
_MOST_WAITING, _MOST_WAITING_BYTES = 1000, 64 << 20
MOST_AT_WORK = 1000
_log = logging.getLogger(__name__)


class Session:
    """`id`: the connectionSessionUUID. `secret`: of the key, looked up anew for each message. `sdk`: see `Caller`."""

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
        """Beside the rest; it goes on where the socket is lost."""
        running = asyncio.create_task(task)
        self._at_work.add(running)
        running.add_done_callback(self._at_work.discard)

    async def resume(self, socket: WebSocket) -> None:
        """From now on this is its socket, which gets first what has been waiting."""
        if self._leaving is not None:
            self._leaving.cancel()
        async with self._sending:
            self.socket = socket
            while self._waiting and await _sent(socket, self._waiting[0]):
                self._waiting_bytes -= len(self._waiting.popleft())

    async def send(self, frame: Mapping[str, Any]) -> None:
        text = json.dumps(frame, ensure_ascii=False)
        async with self._sending:
            if self.socket is None or not await _sent(self.socket, text):
                self._keep(text)

    def leave(self, socket: WebSocket, forget: Callable[[], object]) -> None:
        """Unless it has another one by now; `forget` is called when it has had none for `KEPT_S`."""
        if self.socket is socket:
            self.socket = None
            self._leaving = asyncio.get_running_loop().call_later(KEPT_S, forget)

    def _keep(self, text: str) -> None:
        self._waiting.append(text)
        self._waiting_bytes += len(text)
        while len(self._waiting) > _MOST_WAITING or self._waiting_bytes > _MOST_WAITING_BYTES:
            self._waiting_bytes -= len(self._waiting.popleft())
            _log.warning("session %s has more waiting than is kept; getResponse tells it", self.id)


class Sessions:
    """Those of this process; a client that comes to another one gets a new session, and asks with getResponse."""

    def __init__(self) -> None:
        self._by_id: dict[str, Session] = {}

    def begin(self, session: Session) -> Session:
        self._by_id[session.id] = session
        return session

    def resumed(self, session_id: str | None, key_id: str) -> Session | None:
        """The key's own, if it is still there."""
        session = self._by_id.get(session_id or "")
        return session if session is not None and session.key_id == key_id else None

    def leave(self, session: Session, socket: WebSocket) -> None:
        """Its client may come back for `KEPT_S`."""
        session.leave(socket, lambda: self._by_id.pop(session.id, None))


async def _sent(socket: WebSocket, text: str) -> bool:
    try:
        await socket.send_text(text)
    except (WebSocketDisconnect, RuntimeError, OSError):  # it is gone, or going
        return False
    return True
