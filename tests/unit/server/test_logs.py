"""What an operator reads in the logs, and what nobody may read there."""

import asyncio
import io
import json
import logging
import random
import re
import time
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.core.log_context import logged_as, with_fields
from lamina.server.logs import JsonFormatter, configure_logs
from lamina.server.redaction import LONGEST, REDACTED, redact
from waiting import completed

SECRET = "hunter2-Zm9vYmFyYmF6cXV4"  # noqa: S105
KEY = "lam_dGhpcyBpcyBhIHNlY3JldCBrZXkgZm9yIHRlc3Rz-_x"


class Log:
    """A logger, and the lines that come out of it."""

    def __init__(self) -> None:
        self._stream = io.StringIO()
        handler = logging.StreamHandler(self._stream)
        handler.setFormatter(JsonFormatter(["tr0ub4dor", ""]))
        self.logger = logging.Logger("lamina.test")
        self.logger.addHandler(handler)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._stream.getvalue().splitlines()]


@pytest.fixture
def log() -> Log:
    return Log()


def test_a_line_tells_when_how_bad_where_and_what(log: Log) -> None:
    log.logger.warning("took %d of %s", 3, "größer\nlines")
    line = log.lines()[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("timestamp"))
    assert line == {"level": "warning", "logger": "lamina.test", "message": "took 3 of größer\nlines"}


def test_lines_carry_the_request_the_job_its_attempt_and_the_agent_while_they_last(log: Log) -> None:
    with logged_as(request_id="r1"), logged_as(job_id="j1", attempt=2, agent_id="a1"):
        log.logger.info("inside")
    log.logger.info("outside")
    inside, outside = log.lines()
    told = {name: inside.get(name) for name in ("request_id", "job_id", "attempt", "agent_id")}
    assert told == {"request_id": "r1", "job_id": "j1", "attempt": 2, "agent_id": "a1"}
    assert not {"request_id", "job_id", "attempt", "agent_id"} & set(outside)


def test_jobs_that_run_side_by_side_do_not_mix_up_their_lines(log: Log) -> None:
    async def work(job_id: str, mine: asyncio.Event, other: asyncio.Event) -> None:
        with logged_as(job_id=job_id):
            mine.set()
            await other.wait()
            await asyncio.to_thread(log.logger.info, job_id)

    async def both() -> None:
        first, second = asyncio.Event(), asyncio.Event()
        await asyncio.gather(work("j1", first, second), work("j2", second, first))

    completed(both())
    lines = log.lines()
    assert len(lines) == 2
    assert all(line["job_id"] == line["message"] for line in lines)


def test_a_line_has_fields_of_its_own(log: Log) -> None:
    log.logger.info("done", extra=with_fields(status=200, path=f"/x?signature={SECRET}", missing=None))
    assert log.lines()[0] | {"timestamp": ""} == {
        "timestamp": "",
        "level": "info",
        "logger": "lamina.test",
        "message": "done",
        "status": 200,
        "path": f"/x?signature={REDACTED}",
        "missing": None,
    }


def test_an_exception_is_a_field_of_one_line_without_secrets(log: Log) -> None:
    try:
        raise ValueError(f"no answer from https://user:{SECRET}@example.test/")
    except ValueError:
        log.logger.exception("failed")
    line = log.lines()[0]
    assert "Traceback" in line["exception"]
    assert "ValueError: no answer from" in line["exception"]
    assert SECRET not in line["exception"]


def test_a_line_that_does_not_fit_its_values_is_logged_all_the_same(log: Log) -> None:
    log.logger.info("%d pictures", "many")
    assert log.lines()[0]["message"] == "%d pictures"


def test_secrets_that_the_process_knows_are_never_shown(log: Log) -> None:
    log.logger.info("password is tr0ub4dor&3")
    assert "tr0ub4dor" not in log.lines()[0]["message"]


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {SECRET}",
        f"authorization: Key abc:{SECRET}",
        f"Authorization={SECRET}",
        f"headers {{'Authorization': 'Bearer {SECRET}', 'accept': '*/*'}}",
        f'{{"authorization": "Bearer {SECRET}"}}',
        f'"{{\\"Authorization\\": \\"Bearer {SECRET}\\"}}"',
        f"[(b'host', b'x'), (b'authorization', b'Bearer {SECRET}')]",
        f"Proxy-Authorization: Basic {SECRET}",
        f"Ocp-Apim-Subscription-Key: {SECRET}",
        f"{{'ocp-apim-subscription-key': '{SECRET}'}}",
        f"Cookie: a=1; session={SECRET}; b=2",
        f'cookie: a="x"; session={SECRET}',
        f"{{'cookie': 'a=\"x\"; session={SECRET}'}}",
        f"Set-Cookie: session={SECRET}; HttpOnly",
        f"sent with Bearer {SECRET}",
        f"sent with Key 0123456789abcdef:{SECRET}",
        f"https://files.example.test/files/1?expires=9&signature={SECRET}",
        f"/files/1?expires=9&signature={SECRET}&x=1",
        f"signature={SECRET}",
        f"next=%2Ffiles%2F1%3Fexpires%3D9%26signature%3D{SECRET}%26x%3D1",
        f"https://bucket.example.test/a.png?X-Amz-Credential={SECRET}&X-Amz-Signature={SECRET}",
        f"https://account.example.test/a.png?sv=1&sig={SECRET}",
        f"https://hook.example.test/in?anything={SECRET}",
        f"/v1/jobs?token={SECRET}",
        f"/v1/jobs?api_key={SECRET}",
        f"postgresql://lamina:{SECRET}@db/lamina",
        f"postgresql+psycopg://lamina:p/w#{SECRET}@db/lamina",
        f"https://{SECRET}@example.test/",
        f"(sqlite3.IntegrityError) failed\n[SQL: INSERT INTO jobs]\n[parameters: ('a cat', '{SECRET}')]\n(Background)",
        f"Input should be a number [type=int, input_value='{SECRET}', input_type=str]",
    ],
)
def test_no_secret_is_shown_however_it_is_written(text: str) -> None:
    shown = redact(text)
    assert SECRET not in shown
    assert REDACTED in shown


@pytest.mark.parametrize(
    "around", ["{}", "key={}", "x{}", "'{}'", "https://h/?k={}", "%20{}%20", "Bearer {}", "{}\n", "({},)"]
)
def test_a_key_of_ours_is_not_shown_wherever_it_stands(around: str) -> None:
    shown = redact(around.format(KEY))
    assert KEY[12:] not in shown
    assert REDACTED in shown


@pytest.mark.parametrize(
    "text",
    [
        "job 0190f3a2-7c1e-7c3e-8f1e-1a2b3c4d5e6f ended: succeeded",
        "key lam_dGhpcyBp was made",
        "https://example.test/a/b.png took 3 s",
        "sampling=fast, steps=20 & guidance=4",
        "this needs authorization from its owner",
        "the key is expired: make a new one",
        "mail somebody@example.test",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_what_follows_a_secret_stays() -> None:
    shown = redact(f"{{'authorization': 'Bearer {SECRET}', 'accept': 'image/png'}} at /files/1?signature={SECRET}&x=1")
    assert "'accept': 'image/png'" in shown
    assert shown.endswith("&x=1")


@given(st.text(max_size=300))
def test_any_text_can_be_redacted(text: str) -> None:
    json.loads(json.dumps(redact(text)))


@pytest.mark.parametrize(
    "text",
    [
        "://" * LONGEST,
        "a://b:" * LONGEST,
        "cookie='" * LONGEST,
        "cookie=\\" * LONGEST,
        "https://?" * LONGEST,
        "input=" * LONGEST,
        "authorization" + " " * LONGEST,
        "a" * LONGEST,
        "a+" * LONGEST,
        "lam_" * LONGEST,
    ],
)
def test_hostile_text_does_not_hold_up_the_log(text: str) -> None:
    start = time.perf_counter()
    assert len(redact(text)) < 3 * LONGEST
    assert time.perf_counter() - start < 2  # a hundred times what it takes


@pytest.fixture
def _logging_as_it_was() -> Generator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("_logging_as_it_was")
def test_uvicorn_speaks_as_we_do_and_leaves_requests_to_us() -> None:
    stream = io.StringIO()
    configure_logs("info", stream=stream)
    logging.getLogger("uvicorn.access").info('127.0.0.1 - "GET /x?signature=%s HTTP/1.1" 200', SECRET)
    logging.getLogger("httpx2").info("HTTP Request: GET https://example.test/ 200")
    logging.getLogger("uvicorn.error").info("Started server process")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["logger"], line["message"]) for line in lines] == [("uvicorn.error", "Started server process")]


def test_a_long_text_is_cut() -> None:
    text = "".join(random.Random(1).choices("ab ", k=LONGEST + 100))  # noqa: S311
    assert redact(text) == text[:LONGEST] + "... (cut)"
