"""What every request gets from the edge of the service, whatever it asks for."""

import asyncio
import io
import json
import logging
import re
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import APIRouter, Body, FastAPI, Request, UploadFile, WebSocket
from prometheus_client.parser import text_string_to_metric_families
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse

from lamina.core.log_context import log_fields
from lamina.server.logs import UVICORN_OPTIONS, JsonFormatter
from lamina.server.metrics import Metrics
from lamina.server.requests import RequestMiddleware
from waiting import completed

MAX_BODY_BYTES = 1000
SECRET = "hunter2"  # noqa: S105
VENDORS: dict[str, Callable[[Any], object]] = {
    "/fal/run/fal-ai/qwen-image": lambda body: body["error_type"],
    "/pixazo/a/b": lambda body: body["error"],
    "/v1": lambda body: body["errors"][0]["code"],
    "/runware/v1": lambda body: body["errors"][0]["code"],
    "/": lambda body: body["errors"][0]["code"],
}
"""Addresses of vendors' APIs, and where the word of an error is in their bodies."""


class Site:
    """A small service behind the middleware; `lines` is what it logged."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.app = FastAPI()
        self.go_on = asyncio.Event()
        self._stream = io.StringIO()
        self._handler = logging.StreamHandler(self._stream)
        self._handler.setFormatter(JsonFormatter())
        self._add_routes()
        self.app.add_middleware(RequestMiddleware, metrics=self.metrics, max_body_bytes=MAX_BODY_BYTES)

    def __enter__(self) -> "Site":
        logger = logging.getLogger("lamina")
        logger.addHandler(self._handler)
        logger.setLevel(logging.INFO)
        return self

    def __exit__(self, *_: object) -> None:
        logger = logging.getLogger("lamina")
        logger.removeHandler(self._handler)
        logger.setLevel(logging.NOTSET)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._stream.getvalue().splitlines()]

    def counted(self, name: str, **labels: str) -> float | None:
        families = text_string_to_metric_families(self.metrics.exposition().decode())
        samples = [sample for family in families for sample in family.samples]
        return next((sample.value for sample in samples if sample.name == name and sample.labels == labels), None)

    def _add_routes(self) -> None:
        router, mounted = APIRouter(), FastAPI()
        router.get("/jobs/{job_id}")(self._job)
        mounted.get("/pages/{name}")(self._job_page)
        self.app.include_router(router, prefix="/v1")
        self.app.mount("/studio", mounted)
        self.app.get("/plain")(lambda: PlainTextResponse("plain"))
        self.app.get("/kept")(lambda: JSONResponse({}, headers={"Cache-Control": "max-age=60"}))
        self.app.get("/crash")(self._crash)
        for path in VENDORS:
            self.app.post(path)(self._crash)
        self.app.get("/crash-late")(self._crash_late)
        self.app.get("/events")(self._events)
        self.app.post("/json")(self._json)
        self.app.post("/raw")(self._raw)
        self.app.post("/form")(self._form)
        self.app.websocket("/socket")(self._socket)

    async def _job(self, job_id: str) -> dict[str, object]:
        logging.getLogger("lamina.test").info("inside")
        return {"job_id": job_id, **log_fields()}

    async def _job_page(self, name: str) -> str:
        return name

    async def _crash(self) -> None:
        raise RuntimeError(f"password={SECRET}")

    async def _crash_late(self) -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"first"
            raise RuntimeError("late")

        return StreamingResponse(parts())

    async def _events(self) -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"data: 1\n\n"
            await self.go_on.wait()
            yield b"data: 2\n\n"

        return StreamingResponse(parts(), media_type="text/event-stream")

    async def _json(self, told: dict[str, Any] = Body()) -> int:  # noqa: B008
        return len(told)

    async def _raw(self, request: Request) -> int:
        return len(await request.body())

    async def _form(self, file: UploadFile) -> int:
        return len(await file.read())

    async def _socket(self, websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_json(dict(log_fields()))
        await websocket.close()


@pytest.fixture
def site() -> Generator[Site]:
    with Site() as site:
        yield site


def ask(site: Site, method: str, path: str, **rest: Any) -> httpx2.Response:
    async def go() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=site.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://lamina.test") as client:
            return await client.request(method, path, **rest)

    return completed(go())


def with_server(site: Site, work: Callable[[httpx2.AsyncClient], Awaitable[None]]) -> None:
    """`work` with a client of a real server on the loopback."""

    @asynccontextmanager
    async def served() -> AsyncIterator[int]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            config = uvicorn.Config(site.app, lifespan="off", ws="none", **UVICORN_OPTIONS)
            server = uvicorn.Server(config)
            running = asyncio.create_task(server.serve([listener]))
            try:
                yield listener.getsockname()[1]
            finally:
                server.should_exit = True
                await running

    async def go() -> None:
        async with served() as port, httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            await work(client)

    completed(go())


def test_a_request_gets_an_id_that_is_in_the_answer_and_in_every_log_line(site: Site) -> None:
    answer = ask(site, "GET", "/v1/jobs/1")
    request_id = answer.headers["x-request-id"]
    assert uuid.UUID(request_id).version == 7
    assert answer.json()["request_id"] == request_id
    assert [line["message"] for line in site.lines()] == ["inside", "request"]
    assert {line["request_id"] for line in site.lines()} == {request_id}


def test_a_clients_own_id_is_kept(site: Site) -> None:
    answer = ask(site, "GET", "/v1/jobs/1", headers={"X-Request-ID": "trace-0123.abc_DEF"})
    assert answer.headers["x-request-id"] == "trace-0123.abc_DEF"


@pytest.mark.parametrize("told", ["", "a b", 'a"b', "x" * 129, "<script>", "ä".encode()])
def test_an_id_that_does_not_belong_into_logs_is_not_kept(site: Site, told: str | bytes) -> None:
    answer = ask(site, "GET", "/v1/jobs/1", headers={"X-Request-ID": told})
    assert uuid.UUID(answer.headers["x-request-id"]).version == 7


def test_a_request_is_one_log_line_without_its_query(site: Site) -> None:
    ask(site, "GET", f"/plain?signature={SECRET}&prompt=cat", headers={"Authorization": f"Bearer {SECRET}"})
    (line,) = site.lines()
    assert (line["method"], line["path"], line["status"]) == ("GET", "/plain", 200)
    assert line["duration_ms"] >= 0
    assert SECRET not in str(line)
    assert "cat" not in str(line)


@pytest.mark.parametrize(
    ("path", "route", "status"),
    [
        ("/v1/jobs/1", "/v1/jobs/{job_id}", "200"),
        ("/studio/pages/one", "/studio/pages/{name}", "200"),
        ("/plain", "/plain", "200"),
        ("/nowhere/1", "other", "404"),
    ],
)
def test_requests_are_counted_by_the_template_of_their_route(site: Site, path: str, route: str, status: str) -> None:
    ask(site, "GET", path)
    assert site.counted("lamina_http_requests_total", route=route, method="GET", status=status) == 1
    assert site.counted("lamina_http_request_seconds_count", route=route, method="GET") == 1


@pytest.mark.parametrize(
    ("path", "kept"), [("/v1/jobs/1", "no-store"), ("/nowhere", "no-store"), ("/kept", "max-age=60"), ("/plain", None)]
)
def test_answers_are_safe_to_show_and_json_is_not_kept_by_others(site: Site, path: str, kept: str | None) -> None:
    answer = ask(site, "GET", path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers.get("cache-control") == kept


def test_an_unexpected_exception_is_a_problem_without_a_trace_and_is_logged_and_counted(site: Site) -> None:
    answer = ask(site, "GET", "/crash")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "internal_server_error"
    assert "RuntimeError" not in answer.text
    assert SECRET not in answer.text
    crash, line = site.lines()
    assert "RuntimeError" in crash["exception"]
    assert SECRET not in crash["exception"]
    assert crash["request_id"] == answer.headers["x-request-id"]
    assert line["status"] == 500
    assert site.counted("lamina_http_crashes_total", route="/crash") == 1
    assert site.counted("lamina_http_requests_total", route="/crash", method="GET", status="500") == 1


@pytest.mark.parametrize(("path", "word"), VENDORS.items(), ids=VENDORS)
def test_an_unexpected_exception_is_told_in_the_words_of_the_api_that_was_asked(
    site: Site, path: str, word: Callable[[Any], object]
) -> None:
    answer = ask(site, "POST", path)
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/json")
    assert word(answer.json()) in (
        "internal_error",
        "internalServerError",
        "An unexpected error occurred, please try again later",
    )
    assert SECRET not in answer.text
    assert site.counted("lamina_http_crashes_total", route=path) == 1


def bodies(size: int) -> dict[str, dict[str, Any]]:
    """Requests with bodies of about `size` bytes, by route; the announced length is said or not."""
    text = b"x" * size

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, size, 100):
            yield text[start : start + 100]

    async def json_chunks() -> AsyncIterator[bytes]:
        yield b'{"a":"'
        async for chunk in chunks():
            yield chunk
        yield b'"}'

    return {
        "/raw announced": {"content": text},
        "/raw streamed": {"content": chunks()},
        "/json announced": {"json": {"a": text.decode()}},
        "/json streamed": {"content": json_chunks(), "headers": {"content-type": "application/json"}},
        "/form announced": {"files": {"file": ("a.png", text)}},
    }


@pytest.mark.parametrize("name", bodies(0))
def test_a_body_within_the_bound_is_taken(site: Site, name: str) -> None:
    assert ask(site, "POST", name.split()[0], **bodies(500)[name]).status_code == 200


@pytest.mark.parametrize("name", bodies(0))
def test_a_larger_body_is_refused_however_it_comes(site: Site, name: str) -> None:
    answer = ask(site, "POST", name.split()[0], **bodies(3000)[name])
    assert answer.status_code == answer.json()["status"] == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "input_too_large"
    assert answer.headers["x-request-id"]
    assert [line["status"] for line in site.lines()] == [413]
    assert site.counted("lamina_http_crashes_total", route=name.split()[0]) is None


def test_a_body_that_is_never_ending_is_refused_by_a_real_server(site: Site) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 100

    async def work(client: httpx2.AsyncClient) -> None:
        try:
            answer = await client.post("/raw", content=endless())
        except httpx2.TransportError:  # cut off while it wrote
            return
        assert answer.status_code == 413

    with_server(site, work)
    assert [line["status"] for line in site.lines() if line["message"] == "request"] == [413]


def test_events_come_through_one_by_one(site: Site) -> None:
    async def work(client: httpx2.AsyncClient) -> None:
        async with client.stream("GET", "/events") as answer:
            parts = answer.aiter_text()
            assert await anext(parts) == "data: 1\n\n"
            site.go_on.set()  # the second is not made before the first was read
            assert await anext(parts) == "data: 2\n\n"

    with_server(site, work)
    assert site.counted("lamina_http_requests_total", route="/events", method="GET", status="200") == 1


def test_an_answer_that_breaks_off_does_not_look_whole(site: Site) -> None:
    async def work(client: httpx2.AsyncClient) -> None:
        with pytest.raises(httpx2.RemoteProtocolError):
            await client.get("/crash-late")

    with_server(site, work)
    assert site.counted("lamina_http_crashes_total", route="/crash-late") == 1


def test_a_client_that_goes_is_no_crash(site: Site) -> None:
    scope = http_scope("POST", "/raw")

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.disconnect"}

    async def send(_: Mapping[str, Any]) -> None: ...

    completed(site.app(scope, receive, send))  # pyright: ignore[reportArgumentType]
    assert [line["message"] for line in site.lines()] == ["request"]
    assert site.lines()[0]["status"] == 499


def test_a_request_that_is_cancelled_is_told_of_all_the_same(site: Site) -> None:
    async def go() -> None:
        started = asyncio.Event()

        async def receive() -> Mapping[str, Any]:
            started.set()
            await asyncio.Event().wait()
            raise AssertionError

        async def send(_: Mapping[str, Any]) -> None: ...

        running = asyncio.create_task(site.app(http_scope("POST", "/raw"), receive, send))  # pyright: ignore
        await started.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    completed(go())
    assert [line["status"] for line in site.lines()] == [499]


def test_a_socket_gets_an_id_too(site: Site) -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {**http_scope("GET", "/socket"), "type": "websocket", "subprotocols": []}
    completed(site.app(scope, receive, send))  # pyright: ignore
    told = next(json.loads(message["text"]) for message in sent if message["type"] == "websocket.send")
    assert re.fullmatch(r"[0-9a-f-]{36}", told["request_id"])


def http_scope(method: str, path: str) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }
