"""The receiver of docs/how-to/receive-webhooks.md takes what Lamina signed, once, and nothing else."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx2
import pytest
from documents import ROOT, blocks

from lamina.webhooks.signing import SigningKey, jwks, new_key, standard_headers
from waiting import ending, next_line

PAGE = ROOT / "docs" / "how-to" / "receive-webhooks.md"
BODY = json.dumps({"id": "event-1", "type": "job.succeeded", "data": {"id": "job-1"}}).encode()
# The program says nothing of where it listens, and a free port is known only when it does.
LISTENS = 'server = HTTPServer(("127.0.0.1", 0), Receiver)\n    print(server.server_port, flush=True)\n    server'


@contextmanager
def public_keys(*keys: SigningKey) -> Iterator[str]:
    """The address of a service that shows these keys."""

    class Shown(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/.well-known/jwks.json" else 404)
            self.end_headers()
            self.wfile.write(json.dumps(jwks(keys)).encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Shown) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def key() -> SigningKey:
    return new_key()


@pytest.fixture
def receiver(key: SigningKey, tmp_path: Path) -> "Iterator[tuple[str, subprocess.Popen[str]]]":
    """Its address, and its process, which prints what it believes."""
    (program,) = blocks(PAGE.read_text("utf-8"), "py")
    assert 'HTTPServer(("127.0.0.1", PORT), Receiver)' in program
    (tmp_path / "receiver.py").write_text(
        program.replace('HTTPServer(("127.0.0.1", PORT), Receiver)', LISTENS), "utf-8"
    )
    with public_keys(new_key(), key) as address:
        command = [sys.executable, str(tmp_path / "receiver.py")]
        environment = {"LAMINA_ADDRESS": address}
        with ending(
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        ) as process:
            yield f"http://127.0.0.1:{int(next_line(process))}/", process


def post(url: str, headers: dict[str, str], body: bytes = BODY) -> int:
    return httpx2.post(url, content=body, headers=headers, timeout=30).status_code


def signed(key: SigningKey, age_s: int = 0, event_id: str = "event-1") -> dict[str, str]:
    return standard_headers(key, event_id, int(time.time()) - age_s, BODY)


def test_what_was_signed_is_believed_once(key: SigningKey, receiver: "tuple[str, subprocess.Popen[str]]") -> None:
    url, process = receiver
    assert [post(url, signed(key)), post(url, signed(key))] == [204, 204]
    process.kill()
    assert process.stdout is not None
    assert process.stdout.read() == "job.succeeded job-1\n"


def test_what_was_not_is_refused(key: SigningKey, receiver: "tuple[str, subprocess.Popen[str]]") -> None:
    url, _ = receiver
    good = signed(key)
    assert post(url, signed(new_key())) == 401
    assert post(url, good, BODY.replace(b"job-1", b"job-2")) == 401
    assert post(url, {**good, "webhook-id": "event-2"}) == 401
    assert post(url, signed(key, age_s=600)) == 401
    assert post(url, {}) == 401
    assert post(url, {**good, "webhook-signature": "v1a,nonsense v1,more"}) == 401
