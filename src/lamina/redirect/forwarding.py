"""Forwards the requests of one connection, one by one, each with another path; answers come back as they are."""

import asyncio
import contextlib
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

_MOST_HEAD_BYTES = 1 << 16
_CHUNK_BYTES = 1 << 16
_CONNECT_S = 10.0
_NOT_FORWARDED = (b"proxy-connection", b"proxy-authorization", b"x-forwarded-proto", b"x-forwarded-for")


class NotHttp(ValueError):  # noqa: N818  (what was said, not what went wrong)
    """What came is no HTTP/1.1 that can be forwarded."""


@dataclass(frozen=True, slots=True)
class Target:
    """`prefix`: put before each path."""

    host: str
    port: int
    prefix: str


@dataclass(frozen=True, slots=True)
class Head:
    """The first line of a request and its headers, in their order."""

    method: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...]

    def every(self, name: bytes) -> list[bytes]:
        return [value for known, value in self.headers if known.lower() == name]

    def for_origin(self) -> "Head":
        """As a server wants it of what a proxy is given: without the origin, and for this one request."""
        parts = urlsplit(self.target)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        kept = tuple(one for one in self.headers if one[0].lower() != b"connection")
        return replace(self, target=path, headers=(*kept, (b"Connection", b"close")))

    def forwarded(self, prefix: str, scheme: str) -> bytes:
        kept = [one for one in self.headers if one[0].lower() not in _NOT_FORWARDED]
        lines = [b"%s: %s" % one for one in (*kept, (b"X-Forwarded-Proto", scheme.encode()))]
        first = f"{self.method} {prefix}{self.target} HTTP/1.1".encode("latin-1")
        return b"\r\n".join((first, *lines, b"", b""))


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """None where the connection ends before a request begins. Raises `NotHttp`, LimitOverrunError, EOFError."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial.strip():
            raise
        return None
    if len(raw) > _MOST_HEAD_BYTES:
        raise NotHttp
    first, *lines = raw.lstrip(b"\r\n")[:-4].split(b"\r\n")
    words = first.split(b" ")
    if len(words) != 3 or not words[2].startswith(b"HTTP/1.") or any(b":" not in line for line in lines):
        raise NotHttp
    headers = tuple((name, value.strip()) for name, _, value in (line.partition(b":") for line in lines))
    return Head(words[0].decode("latin-1"), words[1].decode("latin-1"), headers)


async def forward(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    target: Target,
    scheme: str,
    first: Head | None = None,
) -> None:
    """Until either side ends. `first`: a request whose head was read already."""
    head = first or await read_head(reader)
    if head is None:
        return
    try:
        there = asyncio.open_connection(target.host, target.port)
        there_reader, there_writer = await asyncio.wait_for(there, _CONNECT_S)
    except (OSError, TimeoutError):
        words = b"Lamina does not answer.\n"
        lines = b"Content-Type: text/plain\r\nConnection: close\r\nContent-Length: %d" % len(words)
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\n%s\r\n\r\n%s" % (lines, words))
        await writer.drain()
        return
    asking = asyncio.create_task(_ask(head, reader, there_writer, target.prefix, scheme))
    answering = asyncio.create_task(pipe(there_reader, writer))
    try:
        # A client that has hung up is not answered, so that the server sees it go; a server that has, hears no more.
        await asyncio.wait({asking, answering}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (asking, answering):
            task.cancel()
        there_writer.close()
        await asyncio.gather(asking, answering, return_exceptions=True)


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK_BYTES):
        writer.write(chunk)
        await writer.drain()
    with contextlib.suppress(OSError, NotImplementedError):
        if writer.can_write_eof():
            writer.write_eof()


async def _ask(
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
            raise NotHttp
        await _copy_chunks(reader, writer)
    elif lengths:
        length = lengths.pop()
        if lengths or not length.isdigit():
            raise NotHttp
        await _copy_bytes(reader, writer, int(length))


async def _copy_chunks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        line = await reader.readuntil(b"\r\n")
        try:
            size = int(line.split(b";")[0].strip(), 16)
        except ValueError:
            raise NotHttp from None
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
