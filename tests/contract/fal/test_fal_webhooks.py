"""fal's webhooks, checked by an implementation of its own of how fal says that they are to be checked."""

import base64
import hashlib
import json
import queue
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

import pytest
from compat import shows
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fal_clients import JAVASCRIPT, PYTHON, JavaScript, Python

from serving import Served
from waiting import joined

Letters = queue.Queue[tuple[Mapping[str, str], bytes]]
_PATIENCE_S = 30


@contextmanager
def receiver() -> Generator[tuple[str, Letters]]:
    letters: Letters = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            letters.put((dict(self.headers.items()), body))

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook?token=a%20b", letters
    finally:
        server.shutdown()
        joined(thread)
        server.server_close()


def verified(fal: Served, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The letter, as fal's page on webhooks verifies one. Raises `InvalidSignature`."""
    lowered = {name.lower(): value for name, value in headers.items()}
    request_id, user_id, timestamp, signature = (
        lowered[f"x-fal-webhook-{name}"] for name in ("request-id", "user-id", "timestamp", "signature")
    )
    assert abs(time.time() - int(timestamp)) <= 300
    message = "\n".join((request_id, user_id, timestamp, hashlib.sha256(body).hexdigest())).encode()
    keys = fal.client.get("/.well-known/jwks.json", headers={"Host": "rest.fal.ai"}).json()["keys"]
    for key in keys:
        public = base64.urlsafe_b64decode(key["x"] + "=" * (-len(key["x"]) % 4))
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(signature), message)
        except InvalidSignature:
            continue
        letter = json.loads(body)
        assert letter["request_id"] == letter["gateway_request_id"] == request_id
        return letter
    raise InvalidSignature


@shows("Webhooks", "status OK with the output", "status ERROR with the details of the error", "signature and JWKS")
def test_letters_tell_how_a_request_has_ended(fal: Served) -> None:
    with receiver() as (address, letters):
        url = f"/fal/queue/fal-ai/qwen-image?fal_webhook={quote(address, safe='')}"
        for sent in ({"prompt": "x"}, {"prompt": "x", "sync_mode": True}):
            request = fal.client.post(url, json=sent).json()
            letter = verified(fal, *letters.get(timeout=_PATIENCE_S))
            assert (letter["request_id"], letter["status"]) == (request["request_id"], "OK")
            assert letter["payload"]["images"][0]["url"].startswith("data:" if "sync_mode" in sent else fal.url)
        fal.client.post(url, json={"prompt": "x", "num_images": 9})
        letter = verified(fal, *letters.get(timeout=_PATIENCE_S))
        assert (letter["status"], letter["error"]) == ("ERROR", "Invalid status code: 422")
        assert letter["payload"]["detail"][0]["type"] == "less_than_equal"
        request = fal.client.post(url, json={"prompt": "steps 600 0.1"}).json()
        fal.client.put(request["cancel_url"])
        letter = verified(fal, *letters.get(timeout=_PATIENCE_S))
        assert (letter["status"], letter["payload"]["error_type"]) == ("ERROR", "client_cancelled")


def test_a_forged_letter_is_not_taken_for_ours(fal: Served) -> None:
    with receiver() as (address, letters):
        fal.client.post(f"/fal/queue/fal-ai/qwen-image?fal_webhook={quote(address, safe='')}", json={"prompt": "x"})
        headers, body = letters.get(timeout=_PATIENCE_S)
    with pytest.raises(InvalidSignature):
        verified(fal, headers, body.replace(b'"OK"', b'"KO"'))


@shows("Webhooks", "webhook_url of submit", by=f"{PYTHON}, {JAVASCRIPT}")
def test_the_clients_ask_for_letters(fal: Served, python: Python, javascript: JavaScript) -> None:
    with receiver() as (address, letters):
        told = python.run(
            'handle = fal_client.submit("fal-ai/qwen-image", {"prompt": "x"}, webhook_url=os.environ["HOOK"])\n'
            "tell(id=handle.request_id)",
            HOOK=address,
        )
        assert verified(fal, *letters.get(timeout=_PATIENCE_S))["request_id"] == told["id"]
        told = javascript.run(
            "const options = { input: { prompt: 'x' }, webhookUrl: process.env.HOOK };"
            "tell({ id: (await fal.queue.submit('fal-ai/qwen-image', options)).request_id });",
            HOOK=address,
        )
        assert verified(fal, *letters.get(timeout=_PATIENCE_S))["request_id"] == told["id"]


@shows("Webhooks", "an address that cannot be one is refused at the submit")
def test_an_address_that_cannot_be_one(fal: Served) -> None:
    answer = fal.client.post("/fal/queue/fal-ai/qwen-image?fal_webhook=nowhere", json={"prompt": "x"})
    assert answer.status_code == 400
    assert "nowhere" in answer.json()["detail"]
