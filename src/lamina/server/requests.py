"""Gives every request an id, a size limit, a log line, metrics and security headers."""

import logging
import re
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.ids import new_id
from lamina.core.log_context import logged_as, with_fields
from lamina.server.error_formats import REQUEST_ID, edge_at, is_file_sent
from lamina.server.metrics import OTHER, Metrics

CLIENT_GONE = 499  # nginx's status for a client that closed the connection; never sent

_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_LONGEST_PATH = 500
_log = logging.getLogger(__name__)


class RequestMiddleware:
    """Pure ASGI, so that streams pass through unbuffered. It must be outside of all other middleware that responds, and
    inside of that which rewrites paths, and of Starlette's own, which answers exceptions with plain text.
    """

    def __init__(
        self, app: ASGIApp, *, metrics: Metrics, max_body_bytes: int, max_file_bytes: int | None = None
    ) -> None:
        """`max_file_bytes`: for a body that is a file, which is streamed to disk; None is the limit of all others."""
        self._app = app
        self._metrics = metrics
        self._max_body_bytes = max_body_bytes
        self._max_file_bytes = max_body_bytes if max_file_bytes is None else max_file_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        with logged_as(request_id=request_id):
            if scope["type"] == "websocket":
                await self._app(scope, receive, send)
                return
            max_body_bytes = self._max_file_bytes if is_file_sent(scope) else self._max_body_bytes
            exchange = _Exchange(scope, receive, send, request_id, max_body_bytes)
            try:
                await self._serve(exchange)
            finally:  # cancelled requests count, too
                self._record(exchange)

    async def _serve(self, exchange: "_Exchange") -> None:
        if exchange.is_announced_too_large():
            await exchange.refuse()
            return
        try:
            await self._app(exchange.scope, exchange.receive, exchange.send)
        except ClientDisconnect:
            return
        except Exception:
            if not exchange.is_too_large:
                _log.exception("a request failed unexpectedly")
                self._metrics.request_crashed(route_template(exchange.scope))
                if exchange.has_started:
                    raise  # the server closes the connection: a partial response must not look complete
                await exchange.answer(edge_at(exchange.scope["method"], exchange.path).crash())
                return
            if exchange.has_started:
                raise
        if exchange.is_too_large and not exchange.has_started:
            await exchange.refuse()

    def _record(self, exchange: "_Exchange") -> None:
        took_s = time.perf_counter() - exchange.began_s
        method = exchange.scope["method"]
        status = exchange.status or CLIENT_GONE
        counted_s = exchange.first_byte_s if exchange.is_event_stream and exchange.first_byte_s is not None else took_s
        self._metrics.request_answered(route_template(exchange.scope), method, status, counted_s)
        fields = with_fields(
            method=method, path=exchange.path[:_LONGEST_PATH], status=status, duration_ms=round(took_s * 1000, 1)
        )
        _log.log(logging.ERROR if status >= 500 else logging.INFO, "request", extra=fields)


def route_template(scope: Scope) -> str:
    """The path of the route, such as "/v1/jobs/{id}", after routing; "other" if no route matched."""
    # FastAPI keeps the routes of an included router without its prefix, and the full path here
    included = scope.get("fastapi", {}).get("effective_route_context")
    path = getattr(included, "path", None)
    if isinstance(path, str):
        return str(scope.get("root_path", "")) + path
    path = getattr(scope.get("route"), "path", None)
    return OTHER if not isinstance(path, str) else str(scope.get("root_path", "")) + path


class _Exchange:
    """One request and its response. `first_byte_s`: the time from the request to the head of the response."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, request_id: str, max_body_bytes: int) -> None:
        self.scope = scope
        self.path: str = scope["path"]  # a router changes it in the scope
        self.began_s = time.perf_counter()
        self.status: int | None = None
        self.first_byte_s: float | None = None
        self.is_event_stream = False
        self.is_too_large = False
        self._receive = receive
        self._send = send
        self._request_id = request_id
        self._max_body_bytes = max_body_bytes
        self._body_bytes = 0

    @property
    def has_started(self) -> bool:
        return self.status is not None

    def is_announced_too_large(self) -> bool:
        length = Headers(scope=self.scope).get("content-length", "")
        return length.isdecimal() and int(length[:20]) > self._max_body_bytes

    async def receive(self) -> Message:
        message = await self._receive()
        self._body_bytes += len(message.get("body", b""))
        if self._body_bytes > self._max_body_bytes:
            self.is_too_large = True
            raise _BodyTooLargeError
        return message

    async def send(self, message: Message) -> None:
        if self.is_too_large and not self.has_started:
            return  # frameworks convert what `receive` raised; `refuse` sends the real error
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.first_byte_s = time.perf_counter() - self.began_s
            self._complete(message)
        await self._send(message)

    async def refuse(self) -> None:
        self.is_too_large = False
        error = LaminaError(
            ErrorCode.INPUT_TOO_LARGE,
            f"The request's body is larger than {self._max_body_bytes} bytes.",
            "Upload large files separately and refer to them in the request, or make them smaller.",
        )
        response = edge_at(self.scope["method"], self.path).refusal(error)
        response.headers["Connection"] = "close"  # the rest of the body is not read
        await self.answer(response)

    async def answer(self, response: Response) -> None:
        await response(self.scope, self._receive, self.send)

    def _complete(self, message: Message) -> None:
        message.setdefault("headers", [])
        headers = MutableHeaders(scope=message)
        headers[REQUEST_ID] = self._request_id
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "no-referrer")
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        self.is_event_stream = media_type == "text/event-stream"
        if media_type == "application/json" or media_type.endswith("+json"):
            headers.setdefault("Cache-Control", "no-store")


class _BodyTooLargeError(Exception):
    """Stops the reading of a body that exceeds its limit."""


def _request_id(scope: Scope) -> str:
    """The id that the client sent, if it is safe for logs and headers."""
    sent_id = Headers(scope=scope).get(REQUEST_ID, "")
    return sent_id if _SAFE_ID.fullmatch(sent_id) else new_id()
