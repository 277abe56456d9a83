"""What goes on beside the API: agents elsewhere, webhooks, pages of other origins, files by address."""

import base64
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from serving import NO_OP_CHILD, PROGRAM, environment_of, lamina, poster, problem, served
from waiting import joined


class Web:
    """A web server on this machine: gives out a picture, takes webhooks, and fails the first one."""

    def __init__(self) -> None:
        self.letters: list[tuple[dict[str, str], bytes]] = []
        self.has_two = threading.Event()
        self.url = ""


@contextmanager
def web() -> Generator[Web]:
    one = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.end_headers()
            self.wfile.write(poster())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            one.letters.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(500 if len(one.letters) == 1 else 204)
            self.end_headers()
            if len(one.letters) == 2:
                one.has_two.set()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    one.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield one
    finally:
        server.shutdown()
        server.server_close()
        joined(thread)


def test_a_webhook_is_sent_again_until_it_is_taken_and_its_signature_is_good(tmp_path: Path) -> None:
    with web() as receiver, served(tmp_path, LAMINA_ALLOW_PRIVATE_URLS="true") as service:
        fields = {"prompt": "a", "webhook_url": f"{receiver.url}/hook"}
        job = service.client.post("/v1/generations", json=fields).json()
        assert receiver.has_two.wait(30)
        jwk = service.client.get("/.well-known/jwks.json").json()["keys"][0]
    (first, _), (second, body) = receiver.letters
    assert first["webhook-id"] == second["webhook-id"]
    told = json.loads(body)
    assert (told["type"], told["data"]["id"], told["data"]["state"]) == ("job.succeeded", job["id"], "succeeded")
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(jwk["x"] + "="))
    signed = f"{second['webhook-id']}.{second['webhook-timestamp']}.".encode() + body
    public.verify(base64.b64decode(second["webhook-signature"].removeprefix("v1a,")), signed)
    assert json.loads(lamina(tmp_path, "webhooks", "list").stdout) == {"webhooks": []}


def test_pictures_come_by_address_where_that_is_allowed(tmp_path: Path) -> None:
    with web() as other, served(tmp_path, LAMINA_ALLOW_PRIVATE_URLS="true") as service:
        upload = service.client.post("/v1/files", json={"url": f"{other.url}/poster.png"})
        assert (upload.status_code, upload.json()["content_type"]) == (201, "image/png")
        fields = {"image": f"{other.url}/poster.png"}
        job = service.client.post("/v1/decompositions", json=fields, headers={"Prefer": "wait=30"}).json()
        assert job["state"] == "succeeded"
        own = service.client.post("/v1/files", json={"url": upload.json()["url"]})
        assert own.json()["sha256"] == upload.json()["sha256"]


def test_where_it_is_not_the_job_fails_and_says_why(tmp_path: Path) -> None:
    with web() as other, served(tmp_path) as service:
        fields = {"image": f"{other.url}/poster.png"}
        job = service.client.post("/v1/decompositions", json=fields, headers={"Prefer": "wait=30"}).json()
        assert (job["state"], job["error"]["code"]) == ("failed", "address_refused")


def test_agents_elsewhere_do_the_work_of_an_api_that_has_none(tmp_path: Path, empty_url: str) -> None:
    with served(tmp_path, "--agents", "0", "--database", empty_url) as service:
        job = service.client.post("/v1/generations", json={"prompt": "a"}).json()
        assert job["state"] == "queued"
        assert job["position"] == 0
        environment = environment_of(tmp_path, TEST_ENGINE_CHILD=str(NO_OP_CHILD), LAMINA_DATABASE=empty_url)
        agents = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PROGRAM, "work"],
            cwd=tmp_path,
            env=environment,
            stderr=subprocess.PIPE,
        )
        last = list(service.events(job["id"]))[-1]
        assert json.loads(last["data"])["state"] == "succeeded"
        os.kill(agents.pid, signal.SIGTERM)
        _, log = agents.communicate(timeout=60)
        assert agents.returncode == 0, log


def test_one_process_does_it_all_on_either_store(tmp_path: Path, empty_url: str) -> None:
    with served(tmp_path, "--database", empty_url) as service:
        made = lamina(tmp_path, "keys", "create", "--json", "--credit", "1", "--database", empty_url)
        with service.as_key(json.loads(made.stdout)["key"]) as client:
            fields = {"image": f"data:image/png;base64,{base64.b64encode(poster()).decode()}"}
            job = client.post("/v1/decompositions", json=fields, headers={"Prefer": "wait=30"}).json()
            assert (job["state"], job["charged_usd"]) == ("succeeded", "0.05")
            assert client.get(f"/v1/stacks/{job['id']}.psd").content.startswith(b"8BPS")
            assert client.get("/v1/wallet").json()["balance_usd"] == "0.95"
            assert client.delete(f"/v1/jobs/{job['id']}").status_code == 204
            problem(client.get(f"/v1/stacks/{job['id']}.psd"), 404, "not_found")
        assert service.end() == 0


def test_pages_of_other_origins_may_call_it_where_the_settings_say_so(tmp_path: Path) -> None:
    with served(tmp_path, LAMINA_CORS_ORIGINS="https://studio.example.org") as service:
        asked = {
            "Origin": "https://studio.example.org",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,prefer",
        }
        assert httpx2.options(f"{service.url}/v1/edits", headers=asked).status_code == 200
        answer = service.client.get("/v1/jobs", headers={"Origin": "https://studio.example.org"})
        assert answer.headers["access-control-allow-origin"] == "https://studio.example.org"
        assert "Location" in answer.headers["access-control-expose-headers"]
        other = service.client.get("/v1/jobs", headers={"Origin": "https://other.example.org"})
        assert "access-control-allow-origin" not in other.headers


def test_a_body_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with served(tmp_path, LAMINA_MAX_UPLOAD_BYTES="1000") as service:
        files = {"file": ("a.png", b"x" * 2000)}
        problem(service.client.post("/v1/files", files=files), 413, "input_too_large")
        fields = {"data": f"data:,{'x' * 2000}"}
        problem(service.client.post("/v1/files", json=fields), 413, "input_too_large")
        huge = {"prompt": "x" * 6_000_000}
        problem(service.client.post("/v1/generations", json=huge), 413, "input_too_large")


def test_a_body_that_is_too_large_is_refused_in_the_words_of_the_api_that_was_asked(tmp_path: Path) -> None:
    origin = "https://studio.example.org"
    with served(tmp_path, LAMINA_MAX_UPLOAD_BYTES="1000", LAMINA_CORS_ORIGINS=origin) as service:

        def refused(path: str, **headers: str) -> httpx2.Response:
            answer = service.client.post(path, content=b"x" * 6_000_000, headers={"Origin": origin, **headers})
            assert answer.headers["access-control-allow-origin"] == origin
            return answer

        app = "fal-ai/qwen-image"
        target = {"x-fal-target-url": f"https://queue.fal.run/{app}"}
        for path, headers in ((f"/fal/run/{app}", {}), (f"/{app}", {"Host": "fal.run"}), ("/fal/proxy", target)):
            answer = refused(path, **headers)
            assert (answer.status_code, answer.headers["content-type"]) == (413, "application/json")
            assert isinstance(answer.json()["detail"], str)
            assert answer.headers["x-fal-request-id"]
        for path in ("/v1", "/runware/v1", "/"):
            answer = refused(path)
            assert answer.status_code == 413
            assert answer.json()["errors"][0]["code"] == "valueTooLarge"
        for path, headers in (("/pixazo/a/v1/b", {}), ("/a/v1/b", {"Host": "gateway.pixazo.ai"})):
            answer = refused(path, **headers)
            assert (answer.status_code, answer.json()["error"]) == (400, "Invalid request parameters")
