"""A receiver of webhooks on this machine that refuses many of them, and believes only what is signed."""

import base64
import json
import random
import threading
from collections import Counter, defaultdict
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from waiting import joined


class Receiver:
    """`refused_share`: of the letters, each at most twice, so that the test ends. `taken`: by job, the event ids and
    states of what was answered with 204; `forged`: how many were not signed by `keys`.
    """

    def __init__(self, seed: int, refused_share: float) -> None:
        self.url = ""
        self.keys: list[Mapping[str, str]] = []
        self.taken: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self.refused = self.forged = 0
        self._refusals = Counter[str]()
        self._random, self._share, self._lock = random.Random(seed), refused_share, threading.Lock()  # noqa: S311

    def answer(self, headers: Mapping[str, str], body: bytes) -> int:
        """The status."""
        with self._lock:
            if not self._is_genuine(headers, body):
                self.forged += 1
                return 401
            event = json.loads(body)
            if self._random.random() < self._share and self._refusals[event["id"]] < 2:
                self._refusals[event["id"]] += 1
                self.refused += 1
                return 500
            self.taken[event["data"]["id"]].append((event["id"], event["data"]["state"]))
            return 204

    def _is_genuine(self, headers: Mapping[str, str], body: bytes) -> bool:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        signature = base64.b64decode(headers["webhook-signature"].removeprefix("v1a,"))
        for key in self.keys:
            try:
                Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key["x"] + "=")).verify(signature, signed)
                return True
            except InvalidSignature:
                continue
        return False


@contextmanager
def receiving(seed: int, refused_share: float = 0.3) -> Generator[Receiver]:
    one = Receiver(seed, refused_share)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = one.answer({name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            pass  # a sender that was killed

    server = Server(("127.0.0.1", 0), Handler)
    one.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield one
    finally:
        server.shutdown()
        server.server_close()
        joined(thread)
