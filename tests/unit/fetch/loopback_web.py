"""A make-believe internet on 127.0.0.1: names and public addresses are made up, and no packet leaves the machine."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ssl import SSLContext

from httpcore2 import SOCKET_OPTION, AnyIOBackend, AsyncNetworkBackend, AsyncNetworkStream

PUBLIC = "93.184.216.34"
PUBLIC_V6 = "2606:2800:220:1:248:1893:25c8:1946"


class Names:
    """A resolver that knows what it was told, and remembers what it was asked. A list of lists answers in turn."""

    def __init__(self, answers: dict[str, Sequence[str] | list[list[str]]] | None = None) -> None:
        self._answers = answers or {}
        self.asked: list[str] = []

    async def __call__(self, host: str, _port: int) -> Sequence[str]:
        self.asked.append(host)
        if host not in self._answers:
            raise OSError("no such name")
        answer = self._answers[host]
        if isinstance(answer[0], str):
            return [address for address in answer if isinstance(address, str)]
        return answer[min(self.asked.count(host), len(answer)) - 1]


class Wire(AsyncNetworkBackend):
    """A connector on which made-up public addresses are ports of 127.0.0.1; anywhere else it refuses to go."""

    def __init__(self, ports: dict[str, int] | None = None) -> None:
        self.ports = ports or {}
        self.asked: list[str] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        self.asked.append(host)
        assert host in self.ports, f"a packet to {host}:{port} would have left the machine"
        return await AnyIOBackend().connect_tcp("127.0.0.1", self.ports[host], timeout, local_address, socket_options)


@dataclass
class Asked:
    """One request that reached the server."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class Web:
    port: int = 0
    asked: list[Asked] = field(default_factory=list[Asked])


Respond = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(respond: Respond, tls: SSLContext | None = None) -> AsyncGenerator[Web]:
    """A server on 127.0.0.1 that hands each request to `respond`, then closes the connection."""
    web = Web()
    open_now: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_now.add(task)
        try:
            asked = await _request(reader)
            web.asked.append(asked)
            await respond(asked, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has had enough
        finally:
            writer.transport.abort() if writer.transport.is_closing() else writer.close()
            open_now.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    web.port = server.sockets[0].getsockname()[1]
    try:
        yield web
    finally:
        server.close()
        for task in list(open_now):
            task.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)
        await server.wait_closed()


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """A whole response; `content_type` stands for Content-Type."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {text}" for name, text in named.items())]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body


async def _request(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): text for name, _, text in (line.partition(": ") for line in lines)}
    return Asked(method, path, headers, await reader.readexactly(int(headers.get("content-length", "0"))))
