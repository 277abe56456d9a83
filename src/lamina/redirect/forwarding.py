"""Forwards the HTTP requests of one connection with a path prefix; responses are copied unchanged."""

import asyncio
import contextlib
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

_MAX_HEAD_BYTES = 1 << 16
_CHUNK_BYTES = 1 << 16
_CONNECT_S = 10.0
_NOT_FORWARDED = (b"proxy-connection", b"proxy-authorization", b"x-forwarded-proto", b"x-forwarded-for")


class NotHttpError(ValueError):
    """The data is not an HTTP/1.1 request that can be forwarded."""


@dataclass(frozen=True, slots=True)
class Target:
    """The server to forward to. `prefix`: prepended to each path."""

    host: str
    port: int
    prefix: str


@dataclass(frozen=True, slots=True)
class Head:
    """The request line and the headers of a request, in their order."""

    method: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...]

    def every(self, name: bytes) -> list[bytes]:
        return [value for header, value in self.headers if header.lower() == name]

    def for_origin(self) -> "Head":
        """A proxy request as a request to the server itself: with a path instead of a URL, and `Connection: close`."""
        parts = urlsplit(self.target)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        kept = tuple(header for header in self.headers if header[0].lower() != b"connection")
        return replace(self, target=path, headers=(*kept, (b"Connection", b"close")))

    def forwarded(self, prefix: str, scheme: str) -> bytes:
        kept = [header for header in self.headers if header[0].lower() not in _NOT_FORWARDED]
        lines = [b"%s: %s" % header for header in (*kept, (b"X-Forwarded-Proto", scheme.encode()))]
        first = f"{self.method} {prefix}{self.target} HTTP/1.1".encode("latin-1")
        return b"\r\n".join((first, *lines, b"", b""))


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """None if the connection ends before a request begins. Raises `NotHttpError`, LimitOverrunError, EOFError."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial.strip():
            raise
        return None
    if len(raw) > _MAX_HEAD_BYTES:
        raise NotHttpError
    first, *lines = raw.lstrip(b"\r\n")[:-4].split(b"\r\n")
    parts = first.split(b" ")
    if len(parts) != 3 or not parts[2].startswith(b"HTTP/1.") or any(b":" not in line for line in lines):
        raise NotHttpError
    headers = tuple((name, value.strip()) for name, _, value in (line.partition(b":") for line in lines))
    return Head(parts[0].decode("latin-1"), parts[1].decode("latin-1"), headers)


async def forward(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    target: Target,
    scheme: str,
    first: Head | None = None,
) -> None:
    """Forwards requests until either side closes its connection. `first`: a request whose head is already read."""
    head = first or await read_head(reader)
    if head is None:
        return
    try:
        connecting = asyncio.open_connection(target.host, target.port)
        server_reader, server_writer = await asyncio.wait_for(connecting, _CONNECT_S)
    except (OSError, TimeoutError):
        message = b"The Lamina server does not respond.\n"
        lines = b"Content-Type: text/plain\r\nConnection: close\r\nContent-Length: %d" % len(message)
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\n%s\r\n\r\n%s" % (lines, message))
        await writer.drain()
        return
    requests = asyncio.create_task(_forward_requests(head, reader, server_writer, target.prefix, scheme))
    responses = asyncio.create_task(pipe(server_reader, writer))
    try:
        # When one side has closed its connection, the other connection is closed as well.
        await asyncio.wait({requests, responses}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (requests, responses):
            task.cancel()
        server_writer.close()
        await asyncio.gather(requests, responses, return_exceptions=True)


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK_BYTES):
        writer.write(chunk)
        await writer.drain()
    with contextlib.suppress(OSError, NotImplementedError):
        if writer.can_write_eof():
            writer.write_eof()


async def _forward_requests(
    first: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, prefix: str, scheme: str
) -> None:
    head: Head | None = first
    while head is not None:
        writer.write(head.forwarded(prefix, scheme))
        if head.every(b"upgrade"):
            await writer.drain()
            await pipe(reader, writer)
            return
        await _copy_body(head, reader, writer)
        await writer.drain()
        head = await read_head(reader)


async def _copy_body(head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    codings, lengths = head.every(b"transfer-encoding"), set(head.every(b"content-length"))
    if codings:
        if lengths or codings[-1].lower() != b"chunked":
            raise NotHttpError
        await _copy_chunks(reader, writer)
    elif lengths:
        length = lengths.pop()
        if lengths or not length.isdigit():
            raise NotHttpError
        await _copy_bytes(reader, writer, int(length))


async def _copy_chunks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        line = await reader.readuntil(b"\r\n")
        try:
            size = int(line.split(b";")[0].strip(), 16)
        except ValueError:
            raise NotHttpError from None
        writer.write(line)
        if size == 0:
            break
        await _copy_bytes(reader, writer, size + 2)
    while (line := await reader.readuntil(b"\r\n")) != b"\r\n":  # trailers
        writer.write(line)
    writer.write(b"\r\n")


async def _copy_bytes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, count: int) -> None:
    while count:
        chunk = await reader.read(min(count, _CHUNK_BYTES))
        if not chunk:
            raise EOFError
        count -= len(chunk)
        writer.write(chunk)
        await writer.drain()
