"""Pixazo's webhooks: the universal status, posted where the header or the body says, when the filter says."""

import json
import queue
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from asking import EDIT_PLUS, MAX, STATUS, TRAINER, Pixazo, data_uri
from compat import shows

from waiting import joined

_LONGEST_S = 30


class Receiver:
    def __init__(self) -> None:
        self.got: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()
        got = self.got

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                got.put((self.path, json.loads(body)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def next(self) -> tuple[str, dict[str, Any]]:
        return self.got.get(timeout=_LONGEST_S)


@pytest.fixture
def receiver() -> Generator[Receiver]:
    one = Receiver()
    thread = Thread(target=one.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield one
    one.server.shutdown()
    one.server.server_close()
    joined(thread)


@shows("Webhooks", "X-Webhook-URL on a queued route; the body is that of the status")
def test_the_header_says_where_to(pixazo: Pixazo, receiver: Receiver) -> None:
    submit = pixazo.post(MAX, {"prompt": "a tiger"}, X_Webhook_URL=f"{receiver.url}/hook").json()
    path, told = receiver.next()
    assert path == "/hook"
    shown = pixazo.get(f"{STATUS}/{submit['request_id']}").json()
    assert without_signatures(told) == without_signatures(shown)
    assert told["status"] == "COMPLETED"


def test_an_empty_header_is_none(pixazo: Pixazo) -> None:
    assert pixazo.post(MAX, {"prompt": "a tiger"}, X_Webhook_URL="").status_code == 202


@shows("Webhooks", "webhook in the body goes before the header", "webhook_events_filter: start, complete, *")
@pytest.mark.parametrize(
    ("wanted", "statuses"),
    [
        (None, ["COMPLETED"]),
        (["complete"], ["COMPLETED"]),
        (["start"], ["PROCESSING"]),
        (["*"], ["COMPLETED", "PROCESSING"]),
        (["start", "complete"], ["COMPLETED", "PROCESSING"]),
    ],
)
def test_the_filter_says_what_of(
    pixazo: Pixazo, receiver: Receiver, wanted: list[str] | None, statuses: list[str]
) -> None:
    body = {"prompt": "a tiger", "image_urls": [data_uri()], "webhook": f"{receiver.url}/body"}
    if wanted is not None:
        body["webhook_events_filter"] = wanted
    submit = pixazo.post(EDIT_PLUS, body, X_Webhook_URL=f"{receiver.url}/header")
    assert submit.status_code == 202, submit.text
    pixazo.ended(submit.json()["request_id"])
    got = [receiver.next() for _ in statuses]
    assert {path for path, _ in got} == {"/body"}
    assert sorted(told["status"] for _, told in got) == statuses
    for _, told in got:
        assert told["request_id"] == submit.json()["request_id"]
        assert (told["output"] is not None) == (told["status"] == "COMPLETED")
    assert receiver.got.empty()


@shows("Webhooks", "a failed job is sent, too: status, error, output null")
def test_a_failure_is_told(pixazo: Pixazo, receiver: Receiver) -> None:
    body = {"image_data_url": "https://example.com/pictures.zip", "webhook": receiver.url}
    assert pixazo.post(TRAINER, body).status_code == 202
    _, told = receiver.next()
    assert (told["status"], told["model_id"], told["output"]) == ("FAILED", "qwen-image-edit-plus-trainer", None)
    assert told["error"]


def without_signatures(status: dict[str, Any]) -> dict[str, Any]:
    """The addresses of files are signed anew each time."""
    media = [url.partition("?")[0] for url in status["output"]["media_url"]]
    return {**status, "output": {**status["output"], "media_url": media}}
