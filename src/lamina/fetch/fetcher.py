"""Downloads users' URLs and sends requests to them, with limits on addresses, time and size."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urljoin

import httpcore2
from httpcore2 import AsyncConnectionPool, AsyncNetworkBackend, Response, default_ssl_context

from lamina.core.errors import ErrorCode, LaminaError
from lamina.fetch.content_encodings import Decoder
from lamina.fetch.pinned import PinnedBackend, Resolver, resolve_by_system
from lamina.fetch.targets import Target, check_reach, parse_target, refused, shown

_REDIRECTS = (301, 302, 303, 307, 308)
_MAX_REDIRECTS = 5
_CONNECT_S = 5.0
_ANSWER_BYTES = 1024
_GET_HEADERS = {"User-Agent": "lamina", "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}
_NETWORK_ERRORS = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol,
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A downloaded file. `url`: the URL after all redirects. `size`: in bytes. `content_type`: from the response
    header, in lower case and without parameters, or empty; the content may be of another type. `name`: the last segment
    of the URL's path as a safe file name."""

    url: str
    size: int
    content_type: str
    name: str


class Answer(NamedTuple):
    """A response. `body`: at most its first 1,024 bytes."""

    status: int
    body: bytes


class Fetcher:
    """Sends HTTP(S) requests on behalf of users, without cookies, credentials or a proxy."""

    def __init__(
        self,
        allow_private_urls: bool = False,
        max_bytes: int = 100 << 20,
        timeout_s: float = 30,
        resolver: Resolver = resolve_by_system,
        connector: AsyncNetworkBackend | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """`timeout_s`: for a whole fetch including redirects. `connector` opens connections to IP addresses; tests pass
        one that stays on the local machine."""
        self.allow_private_urls = allow_private_urls
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s
        self._backend = PinnedBackend(allow_private=allow_private_urls, resolver=resolver, connector=connector)
        self._ssl_context = ssl_context or default_ssl_context()

    def check(self, url: str) -> None:
        """Raises `LaminaError` (address_refused) if the URL is refused even without resolving its host name."""
        check_reach(parse_target(url), allow_private=self.allow_private_urls)

    async def fetch(self, url: str, to: Path) -> Fetched:
        """Downloads `url` to the file `to`, which is removed if this fails.

        Follows at most 5 redirects. The target of each is checked like the user's URL.
        Raises LaminaError: address_refused, address_unreachable, input_too_large.
        """
        target = parse_target(url)
        async with self._limited(target, self._timeout_s):
            try:
                return await self._follow(target, to)
            except BaseException:
                to.unlink(missing_ok=True)
                raise

    async def send(self, method: str, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> Answer:
        """Sends `body`, for example by POST or PUT. Redirects are not followed: their status is returned.

        Raises LaminaError: address_refused, address_unreachable.
        """
        target = parse_target(url)
        request_headers = {"User-Agent": "lamina", **headers, "Accept-Encoding": "identity", "Connection": "close"}
        async with self._limited(target, timeout_s), self._response(method, target, request_headers, body) as response:
            start = bytearray()
            async with aclosing(response.aiter_stream()) as chunks:
                async for chunk in chunks:
                    start += chunk[:_ANSWER_BYTES]
                    if len(start) >= _ANSWER_BYTES:
                        break
            return Answer(response.status, bytes(start[:_ANSWER_BYTES]))

    async def _follow(self, first: Target, to: Path) -> Fetched:
        target, is_redirected = first, False
        try:
            for _ in range(_MAX_REDIRECTS + 1):
                async with self._response("GET", target, _GET_HEADERS) as response:
                    if response.status not in _REDIRECTS:
                        return await self._save(response, target, to)
                    location = _header(response, b"location")
                if not location:
                    raise _unreachable(target, "its redirect has no Location header")
                is_redirected = True
                target = _next(target, location)
        except LaminaError as error:
            if not is_redirected:
                raise
            message = f"The address {shown(first.url)} redirects. {error.message}"
            raise LaminaError(error.code, message, error.hint) from error
        raise _unreachable(first, f"it redirects more than {_MAX_REDIRECTS} times")

    async def _save(self, response: Response, target: Target, to: Path) -> Fetched:
        if not 200 <= response.status < 300:
            raise _unreachable(target, f"the server answered {response.status}")
        length = _header(response, b"content-length")
        if length.isdecimal() and int(length) > self._max_bytes:
            raise self._too_large(target)
        decoder = Decoder(_header(response, b"content-encoding"), shown(target.url))
        size = await self._write(response, decoder, target, to)
        content_type = _header(response, b"content-type").partition(";")[0].strip().lower()
        return Fetched(target.url, size, content_type, _name(target))

    async def _write(self, response: Response, decoder: Decoder, target: Target, to: Path) -> int:
        received = written = 0
        with to.open("wb") as file:
            async with aclosing(response.aiter_stream()) as chunks:
                async for chunk in chunks:
                    received += len(chunk)
                    for piece in decoder.decode(chunk):
                        written += len(piece)
                        if max(received, written) > self._max_bytes:
                            raise self._too_large(target)
                        await asyncio.to_thread(file.write, piece)
            rest = decoder.finish()
            written += len(rest)
            if written > self._max_bytes:
                raise self._too_large(target)
            file.write(rest)
        return written

    @asynccontextmanager
    async def _response(
        self, method: str, target: Target, headers: Mapping[str, str], body: bytes | None = None
    ) -> AsyncGenerator[Response]:
        """Sends a request on a new connection, so that the host name is resolved and checked for each request."""
        url = httpcore2.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
        request_headers = [
            ("Host", target.authority),
            *((name, text) for name, text in headers.items() if name.lower() != "host"),
        ]
        timeouts = {"timeout": {"connect": _CONNECT_S}}
        pool = AsyncConnectionPool(ssl_context=self._ssl_context, network_backend=self._backend)
        async with (
            pool,
            pool.stream(method, url, headers=request_headers, content=body, extensions=timeouts) as response,
        ):
            yield response

    @asynccontextmanager
    async def _limited(self, target: Target, timeout_s: float) -> AsyncGenerator[None]:
        """Limits the time and converts network errors to `LaminaError`."""
        try:
            async with asyncio.timeout(timeout_s):
                yield
        except TimeoutError as error:
            raise _unreachable(target, f"it took longer than {timeout_s:g} s") from error
        except _NETWORK_ERRORS as error:
            raise _unreachable(target, _reason(error)) from error

    def _too_large(self, target: Target) -> LaminaError:
        return LaminaError(
            ErrorCode.INPUT_TOO_LARGE,
            f"The file at {shown(target.url)} is larger than the limit of {self._max_bytes:,} bytes.",
            "Use a smaller file.",
        )


def _next(target: Target, location: str) -> Target:
    try:
        return parse_target(urljoin(target.url, location.strip()))
    except ValueError as error:
        raise refused(location, "it cannot be read") from error


def _unreachable(target: Target, why: str) -> LaminaError:
    return LaminaError(
        ErrorCode.ADDRESS_UNREACHABLE,
        f"The address {shown(target.url)} could not be fetched: {why}.",
        "Check that it can be reached from where Lamina runs, or upload the file.",
    )


def _reason(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return f"TLS failed ({getattr(cause, 'verify_message', '') or cause.reason})"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpcore2.ConnectError | httpcore2.ConnectTimeout):
        return "the connection failed"
    if isinstance(error, httpcore2.ProtocolError):
        return "the response is not valid HTTP or is incomplete"
    return "the connection was lost"


def _header(response: Response, name: bytes) -> str:
    """The value of the header, or an empty string."""
    for key, text in response.headers:
        if key.lower() == name:
            return text.decode(errors="replace")
    return ""


def _name(target: Target) -> str:
    last = unquote(target.path.partition("?")[0]).rpartition("/")[2]
    safe_name = "".join(character if character.isalnum() or character in "._- " else "_" for character in last[-120:])
    return safe_name.strip(". ") or "file"
