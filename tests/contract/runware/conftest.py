"""A real service with the engine that does nothing, and a server that hears what it sends."""

import queue
import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cuttable import Cuttable

from serving import Served, served
from waiting import joined

_PATIENCE_S = 30


@dataclass
class Hooks:
    """`url`: where to send to. The first `refusals` requests are answered with 503."""

    url: str
    heard: "queue.Queue[tuple[str, str, dict[str, str], bytes]]" = field(default_factory=queue.Queue)
    refusals: int = 0

    def next(self) -> tuple[str, str, dict[str, str], bytes]:
        """(method, path, headers in lower case, body)."""
        return self.heard.get(timeout=_PATIENCE_S)


@pytest.fixture(scope="session")
def lamina_server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    folder = tmp_path_factory.mktemp("runware")
    most = str(100 << 20)  # so that a message that is too large fits into the memory of a small machine
    with served(folder, LAMINA_ALLOW_PRIVATE_URLS="1", LAMINA_MAX_UPLOAD_BYTES=most) as server:
        yield server


@pytest.fixture
def hooks() -> Generator[Hooks]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            is_refused = told.refusals > 0
            told.refusals -= is_refused
            self.send_response(503 if is_refused else 200)
            self.end_headers()
            headers = {name.lower(): value for name, value in self.headers.items()}
            told.heard.put((self.command, self.path, headers, body))

        do_PUT = do_POST  # noqa: N815

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told = Hooks(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield told
    server.shutdown()
    joined(thread)
    server.server_close()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    from serving import poster

    path = tmp_path / "in.png"
    path.write_bytes(poster())
    return path


@pytest.fixture
def cuttable() -> Generator[Cuttable]:
    forwarder = Cuttable()
    yield forwarder
    forwarder.close()
