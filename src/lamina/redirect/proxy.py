"""A local HTTP proxy that terminates TLS for some hosts and forwards their requests; it passes or refuses others."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from lamina.redirect.authority import Authority
from lamina.redirect.forwarding import NotHttpError, Target, forward, pipe, read_head
from lamina.redirect.outbound_proxy import OutboundProxy

Others = Literal["pass", "refuse"]
_CONNECT_S, _HANDSHAKE_S, _HEAD_S = 10.0, 10.0, 60.0
_LIMIT_BYTES = 1 << 17
_BROKEN = (OSError, EOFError, asyncio.LimitOverrunError, ssl.SSLError, TimeoutError, NotHttpError)


@dataclass(frozen=True, slots=True)
class Proxy:
    """A running proxy. `port`: the port on which it listens."""

    port: int
    close: Callable[[], Awaitable[None]]


async def serve_proxy(
    authority: Authority,
    hosts: Mapping[str, str],
    others: Others = "pass",
    host: str = "127.0.0.1",
    port: int = 0,
    outbound_proxy: OutboundProxy | None = None,
) -> Proxy:
    """Starts a proxy for `HTTPS_PROXY` and `HTTP_PROXY`, which runs in this event loop until it is closed.

    `hosts`: the base URL to which requests to each host are forwarded, such as
    {"queue.fal.run": "http://127.0.0.1:8080/fal/queue"}; "*.fal.media" matches all its subdomains. A request keeps its
    Host header and gets X-Forwarded-Proto. `outbound_proxy`: how CONNECT requests reach other hosts; directly by
    default. Raises OSError if the port is in use.
    """
    targets = {name.lower(): _target(address) for name, address in hosts.items()}
    connections = _Connections(authority, targets, others, outbound_proxy or OutboundProxy())
    server = await asyncio.start_server(connections.serve, host, port, limit=_LIMIT_BYTES)

    async def close() -> None:
        server.close()
        await connections.stop()

    return Proxy(server.sockets[0].getsockname()[1], close)


class _Connections:
    def __init__(
        self, authority: Authority, targets: Mapping[str, Target], others: Others, outbound_proxy: OutboundProxy
    ) -> None:
        self._authority, self._targets, self._others, self._outbound_proxy = authority, targets, others, outbound_proxy
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  (asyncio runs this as a task)
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except _BROKEN:
            pass  # the client has disconnected or does not use HTTP: there is nobody to respond to
        except asyncio.CancelledError:
            pass  # cancelled by `stop`, which waits for this task
        finally:
            self._tasks.discard(task)
            writer.close()

    async def stop(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await asyncio.wait_for(read_head(reader), _HEAD_S)
        if head is None:
            return
        if head.method == "CONNECT":
            name, _, port = head.target.rpartition(":")
            await self._connect(name.strip("[]").lower(), int(port) if port.isdecimal() else 443, reader, writer)
            return
        address = urlsplit(head.target)
        if not address.hostname:
            await _refuse(writer, "400 Bad Request", "This is a proxy: set HTTPS_PROXY to its address.")
            return
        target = self._target_of(address.hostname)
        if target is None:
            target = Target(address.hostname, address.port or 80, "") if self._others == "pass" else None
        if target is None:
            await _refuse(writer, "403 Forbidden", f"Lamina lets nothing through to {address.hostname}.")
            return
        await forward(reader, writer, target, "http", head.for_origin())

    async def _connect(self, name: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = self._target_of(name)
        if target is not None:
            await _accept(writer)
            inner_reader, inner_writer = await _with_tls(writer, self._authority.context_for(name))
            try:
                await forward(inner_reader, inner_writer, target, "https")
            finally:
                inner_writer.close()
        elif self._others == "pass":
            await _tunnel(self._outbound_proxy, name, port, reader, writer)
        else:
            await _refuse(writer, "403 Forbidden", f"Lamina lets nothing through to {name}.")

    def _target_of(self, name: str) -> Target | None:
        name = name.lower()
        parents = (f"*.{name.split('.', count)[-1]}" for count in range(1, name.count(".") + 1))
        return next((self._targets[pattern] for pattern in (name, *parents) if pattern in self._targets), None)


async def _tunnel(
    outbound_proxy: OutboundProxy, name: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        streams = await asyncio.wait_for(outbound_proxy.connect(name, port), _CONNECT_S)
    except (OSError, TimeoutError) as error:
        await _refuse(writer, "502 Bad Gateway", f"{name}:{port} cannot be reached: {str(error) or 'no answer'}.")
        return
    await _accept(writer)
    server_reader, server_writer = streams
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(pipe(reader, server_writer))
            tasks.create_task(pipe(server_reader, writer))
    except* _BROKEN:
        pass
    finally:
        server_writer.close()


async def _with_tls(
    writer: asyncio.StreamWriter, context: ssl.SSLContext
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """New streams over TLS: the connection's own streams would still buffer its ciphertext (Python 3.11)."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(_LIMIT_BYTES)
    protocol = asyncio.StreamReaderProtocol(reader)
    transport = await loop.start_tls(
        writer.transport, protocol, context, server_side=True, ssl_handshake_timeout=_HANDSHAKE_S
    )
    if transport is None:
        raise ConnectionResetError
    protocol.connection_made(transport)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def _accept(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await writer.drain()


async def _refuse(writer: asyncio.StreamWriter, status: str, message: str) -> None:
    body = f"{message}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
    writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
    with contextlib.suppress(OSError):
        await writer.drain()


def _target(address: str) -> Target:
    parts = urlsplit(address)
    return Target(parts.hostname or "127.0.0.1", parts.port or 80, parts.path.rstrip("/"))
