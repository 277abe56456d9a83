"""The pipes of a running engine process: a queue of messages for each run, its log, and its exit."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Self, cast

from lamina.worker.line_splitter import Lines, LogTail
from lamina.worker.protocol import Ready, RunMessage, RunOutcome, Unrecognized, decode_received

_MOST_MESSAGE_BYTES = 1 << 24
_MOST_SHOWN_BYTES = 1000  # of a line that is no message
_LAST_OUTPUT_S = 1.0
_STDIN, _STDOUT, _STDERR = 0, 1, 2

Message = Ready | RunMessage | RunOutcome | Unrecognized
_Inbox = asyncio.Queue[Message | None]


class EnginePipes(asyncio.SubprocessProtocol):
    """One process from start to exit. `exit_code`: negative for a signal, None while it runs.

    `is_killed`: whether it was killed from here; `ended` is set when it has exited. `is_output_closed`: it can send no
    more messages, which is so a moment before it exits. `runs_at_end`: how many runs were subscribed when it exited.
    """

    def __init__(self, on_log: Callable[[str], None], on_exit: Callable[[Self], None] = lambda _: None) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_exit = on_exit
        self._inboxes: dict[int | None, _Inbox] = {None: asyncio.Queue()}  # the first message may come at once
        self._lines = Lines(_MOST_MESSAGE_BYTES)
        self.log = LogTail(on_log, self._loop.time)
        self._open = {_STDOUT, _STDERR}
        self._transport: asyncio.SubprocessTransport
        self.pid = 0
        self.exit_code: int | None = None
        self.is_killed = self.is_output_closed = False
        self.runs_at_end = 0
        self.ended = asyncio.Event()

    @classmethod
    async def opened(
        cls,
        command: Sequence[str],
        environment: Mapping[str, str] | None,
        on_log: Callable[[str], None],
        on_exit: Callable[[Self], None] = lambda _: None,
    ) -> Self:
        """Starts the command. `on_exit`: called when it has exited and its output is read. Raises OSError if it cannot
        be started.
        """
        loop = asyncio.get_running_loop()
        _, pipes = await loop.subprocess_exec(lambda: cls(on_log, on_exit), *command, env=environment)
        return pipes

    @contextlib.contextmanager
    def subscribed(self, run: int | None) -> Generator[None]:
        """Queues the messages of the run (None: of no run) for `next`; those of other runs are dropped."""
        inbox = self._inboxes.setdefault(run, asyncio.Queue())
        if self.ended.is_set():
            inbox.put_nowait(None)
        try:
            yield
        finally:
            del self._inboxes[run]

    async def next(self, run: int | None, within_s: float) -> Message | None:
        """The next message of the run (None: of no run); None, every time, when the process has exited.

        Raises TimeoutError if none comes in time.
        """
        inbox = self._inboxes[run]
        async with asyncio.timeout(within_s):
            message = await inbox.get()
        if message is None:
            inbox.put_nowait(None)
        return message

    def send(self, line: bytes) -> None:
        """Does nothing if the process has exited, which `next` reports."""
        pipe = cast("asyncio.WriteTransport | None", self._transport.get_pipe_transport(_STDIN))
        if pipe is not None and not pipe.is_closing():
            pipe.write(line)

    def kill(self) -> None:
        self.is_killed = True
        self._send_kill()

    def _send_kill(self) -> None:
        if self.exit_code is None:
            # Not the transport's own kill, which may reap the process before asyncio's child watcher does.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.SubprocessTransport, transport)
        self.pid = self._transport.get_pid()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == _STDERR:
            self.log.feed(data)
            return
        for line in self._lines.fed(data):
            received = decode_received(line)
            if received is None:
                self.log.feed(line[:_MOST_SHOWN_BYTES] + b"\n")
            elif (inbox := self._inboxes.get(received.run)) is not None:
                inbox.put_nowait(received.message)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002
        self._open.discard(fd)
        if fd == _STDOUT:
            self.is_output_closed = True
            self._send_kill()
        if self.exit_code is not None and not self._open:
            self._end()

    def process_exited(self) -> None:
        self.exit_code = self._transport.get_returncode()
        if self._open:  # its last output is still coming, or a child of it holds the pipes
            self._loop.call_later(_LAST_OUTPUT_S, self._end)
        else:
            self._end()

    def _end(self) -> None:
        if not self.ended.is_set():
            self.ended.set()
            self.runs_at_end = sum(run is not None for run in self._inboxes)
            self._on_exit(self)
            for inbox in self._inboxes.values():
                inbox.put_nowait(None)
            self._transport.close()
