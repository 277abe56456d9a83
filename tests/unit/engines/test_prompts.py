"""Prompts are made richer by the first expander that can; a real endpoint may fail in every way and nothing breaks."""

import json
import threading
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.prompt_expansion import ExpandedBy
from lamina.core.tasks import TaskKind
from lamina.engines.prompt_endpoint import Endpoint, EndpointExpander
from lamina.engines.prompts import SuffixExpander, clean_answer, expanded
from waiting import joined

KEY = "sk-hush"
SUFFIX = SuffixExpander(", Ultra HD, 4K.")


class Failing:
    by = ExpandedBy.MODEL

    def __init__(self, code: ErrorCode) -> None:
        self._code = code

    def expand(self, prompt: str, kind: TaskKind) -> str | None:  # noqa: ARG002
        raise LaminaError(self._code, "It fell over.")


def test_the_suffix_is_appended_to_what_is_painted_and_not_to_instructions() -> None:
    assert expanded("A cat. ", TaskKind.GENERATE, [SUFFIX]).prompt == "A cat, Ultra HD, 4K."
    untouched = expanded("Make it blue.", TaskKind.EDIT, [SUFFIX, SuffixExpander("")])
    assert (untouched.prompt, untouched.by) == ("Make it blue.", ExpandedBy.NOBODY)


def test_the_first_that_can_does_it_and_what_failed_is_told() -> None:
    expansion = expanded("A cat", TaskKind.GENERATE, [Failing(ErrorCode.ENGINE_UNAVAILABLE), SUFFIX])
    assert (expansion.by, expansion.notes) == (ExpandedBy.SUFFIX, ("It fell over.",))


def test_a_cancelled_run_is_not_gone_on_with() -> None:
    with pytest.raises(LaminaError, match="It fell over"):
        expanded("A cat", TaskKind.GENERATE, [Failing(ErrorCode.CANCELLED), SUFFIX])


@pytest.mark.parametrize(
    ("answer", "prompt"),
    [
        ("  A cat\n\n on a  mat. ", "A cat on a mat."),
        ('"A cat."', "A cat."),
        ('"A" and "B"', '"A" and "B"'),
        ("<think>Hm.\nA cat?</think>\nA cat.", "A cat."),
    ],
)
def test_answers_become_one_line(answer: str, prompt: str) -> None:
    assert clean_answer(answer, "It") == prompt


@pytest.mark.parametrize("answer", ["", " \n", "<think>never done", "a" * 4001])
def test_answers_of_nothing_or_too_much_are_refused(answer: str) -> None:
    with pytest.raises(LaminaError, match=r"^It gave an"):
        clean_answer(answer, "It")


Answer = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


@contextmanager
def served(answer: Answer) -> Generator[tuple[str, list[dict[str, Any]]]]:
    """The address of a server that answers so, and the requests that it got."""
    requests: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            requests.append({"path": self.path, "key": self.headers["Authorization"]} | body)
            answer(self, body)

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", requests
    finally:
        server.shutdown()
        server.server_close()
        joined(thread)


def send(handler: BaseHTTPRequestHandler, status: int, content: bytes) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def saying(words: object) -> bytes:
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": words}}]}).encode()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_an_endpoint_is_asked_as_openai_is() -> None:
    with served(lambda handler, _: send(handler, 200, saying("A tabby cat."))) as (url, requests):
        asked = EndpointExpander(Endpoint(url, "some-model", KEY))
        expansion = expanded("A cat", TaskKind.GENERATE, [asked, SUFFIX])
        expanded("Make it blue", TaskKind.EDIT, [EndpointExpander(Endpoint(f"{url}/chat/completions/"))])
    assert (expansion.prompt, expansion.by, expansion.notes) == ("A tabby cat.", ExpandedBy.ENDPOINT, ())
    assert [request["path"] for request in requests] == ["/v1/chat/completions"] * 2
    first, second = requests
    assert (first["key"], first["model"], first["temperature"]) == (f"Bearer {KEY}", "some-model", 0)
    assert first["messages"][1] == {"role": "user", "content": "A cat"}
    assert first["messages"][0]["content"] != second["messages"][0]["content"]
    assert second["key"] is None and "model" not in second


def test_a_model_that_takes_no_temperature_is_asked_without() -> None:
    def answer(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        is_refused = "temperature" in body or "max_tokens" in body
        send(handler, 400 if is_refused else 200, b"{}" if is_refused else saying("A tabby cat."))

    with served(answer) as (url, requests):
        assert EndpointExpander(Endpoint(url)).expand("A cat", TaskKind.GENERATE) == "A tabby cat."
    assert len(requests) == 2


def fails_with(answer: Answer, timeout_s: float = 20) -> str:
    """The note on an endpoint that fails; the suffix steps in, and the key is told nowhere."""
    with served(answer) as (url, _):
        endpoint = Endpoint(url, key=KEY, timeout_s=timeout_s)
        expansion = expanded("A cat", TaskKind.GENERATE, [EndpointExpander(endpoint), SUFFIX])
        assert (expansion.prompt, expansion.by) == ("A cat, Ultra HD, 4K.", ExpandedBy.SUFFIX)
        with pytest.raises(LaminaError) as caught:
            EndpointExpander(endpoint).expand("A cat", TaskKind.GENERATE)
    assert KEY not in "".join(traceback.format_exception(caught.value)) + repr(endpoint)
    (note,) = expansion.notes
    assert note.startswith("The prompt expander at 127.0.0.1 ")
    return note


@pytest.mark.parametrize("status", [302, 400, 401, 404, 429, 500, 503])
def test_an_endpoint_that_answers_with_an_error(status: int) -> None:
    assert f"status {status}" in fails_with(lambda handler, _: send(handler, status, b"no"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"[]",
        b'"text"',
        b'{"choices": []}',
        b'{"choices": [{"message": null}]}',
        saying(None),
        saying([1]),
        saying(" "),
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_an_endpoint_that_talks_nonsense(content: bytes) -> None:
    assert "answer" in fails_with(lambda handler, _: send(handler, 200, content))


def test_an_endpoint_that_never_stops() -> None:
    def answer(handler: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"x" * 65_536)
        except OSError:
            pass

    assert "more than 256 KiB" in fails_with(answer)


def test_an_endpoint_whose_answer_is_too_long_for_a_prompt() -> None:
    assert "more than 4000 characters" in fails_with(lambda handler, _: send(handler, 200, saying("cat " * 2000)))


def test_an_endpoint_that_does_not_answer() -> None:
    may_end = threading.Event()
    try:
        assert "within 0.2 seconds" in fails_with(lambda *_: may_end.wait(30) and None, timeout_s=0.2)
    finally:
        may_end.set()


def test_an_endpoint_that_drips() -> None:
    stopped = threading.Event()

    def answer(handler: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while not stopped.wait(0.02):
                handler.wfile.write(b" ")
        except OSError:
            pass

    try:
        assert "within 0.3 seconds" in fails_with(answer, timeout_s=0.3)
    finally:
        stopped.set()


def test_an_endpoint_that_hangs_up_and_one_that_is_not_there() -> None:
    assert "cannot be reached" in fails_with(lambda handler, _: handler.close_connection is None)
    with served(lambda handler, _: send(handler, 200, b"")) as (url, _):
        pass
    expansion = expanded("A cat", TaskKind.GENERATE, [EndpointExpander(Endpoint(url)), SUFFIX])
    assert expansion.by is ExpandedBy.SUFFIX and "cannot be reached" in expansion.notes[0]
