"""A service whose database or bucket goes away: customers hear that, the log says why, and nobody hears of both."""

import json
import os
import re
import urllib.request
import uuid
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from moto.server import ThreadedMotoServer

from serving import Served, lamina, poster, served
from stores import Postgres


class Bucket:
    """An S3 server of our own with one bucket; it can go away."""

    def __init__(self) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.address = f"http://{host}:{port}"
        self.environment = {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": "operators-id",
            "AWS_SECRET_ACCESS_KEY": "operators-secret",
            "AWS_REGION": "us-east-1",
            "NO_PROXY": "127.0.0.1",
        }
        self._ask("PUT")

    def remove(self) -> None:
        self._ask("POST", "moto-api/reset")

    def stop(self) -> None:
        self._server.stop()

    def _ask(self, method: str, path: str = "operators-bucket") -> None:
        request = urllib.request.Request(f"{self.address}/{path}", method=method)  # noqa: S310 (our own server)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            assert answer.status in (200, 204)


@pytest.fixture
def bucket() -> Generator[Bucket]:
    one = Bucket()
    yield one
    one.stop()


def logged(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log").read_text("utf-8").splitlines()]


def uploaded(service: Served) -> httpx2.Response:
    return service.client.post("/v1/files", files={"file": ("poster.png", poster() + os.urandom(8))})


def check_log(folder: Path, answer: httpx2.Response, *words: str) -> None:
    """An answer of 5xx has a line with its cause and one of its own, by which the first is found. To be called when the
    service has ended: the last line comes after the answer.
    """
    of_request = [line for line in logged(folder) if line.get("request_id") == answer.headers["x-request-id"]]
    cause, request = of_request[0], of_request[-1]
    assert (cause["level"], cause["error_code"]) == ("error", "store_unavailable")
    assert (request["level"], request["message"], request["status"]) == ("error", "request", answer.status_code)
    for word in words:
        assert word in cause["message"]


def test_a_bucket_that_stops_is_told_without_its_name(tmp_path: Path, bucket: Bucket) -> None:
    with served(tmp_path, "--storage", "s3://operators-bucket/files", **bucket.environment) as service:
        assert uploaded(service).status_code == 201
        bucket.stop()
        answer = uploaded(service)
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert answer.headers["retry-after"]
        for told in (answer.text, httpx2.get(f"{service.url}/ready").text):
            assert "cannot use its database or its storage" in told
            assert not re.search(r"operators|s3:|127\.0\.0\.1", told)
    check_log(tmp_path, answer, "s3://operators-bucket/files")
    assert "operators-secret" not in (tmp_path / "log").read_text("utf-8")


def test_a_bucket_that_is_deleted_is_no_fault_of_whoever_asks(tmp_path: Path, bucket: Bucket) -> None:
    with served(tmp_path, "--storage", "s3://operators-bucket", **bucket.environment) as service:
        made = lamina(tmp_path, "keys", "create")
        assert made.returncode == 0
        bucket.remove()
        answer = uploaded(service)
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    check_log(tmp_path, answer, "there is no such bucket")


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("work",)])
def test_a_bucket_that_does_not_exist_is_told_at_the_start(
    tmp_path: Path, bucket: Bucket, command: tuple[str, ...]
) -> None:
    assert lamina(tmp_path, "keys", "create").returncode == 0
    done = lamina(tmp_path, *command, "--storage", "s3://nowhere/files", **bucket.environment)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("lamina: The storage at s3://nowhere/files cannot be used: there is no such bucket.")
    assert done.stderr.count("\n") == 1


def test_a_database_that_stops_is_told_alike_by_every_api(tmp_path: Path, postgres: Postgres) -> None:
    url = postgres.new_database()
    with served(tmp_path, "--database", url, "--agents", "0") as service:
        assert service.client.get("/v1/jobs").status_code == 200
        postgres.stop("immediate")
        try:
            answers = [service.client.get("/v1/jobs"), *vendors(service), httpx2.get(f"{service.url}/ready")]
        finally:
            postgres.start()
        assert [answer.status_code for answer in answers] == [503, 500, 500, 503, 503]
    for answer in answers:
        assert "cannot use its database or its storage" in answer.text
        assert not re.search(r"127\.0\.0\.1|[Cc]onnection|lamina@", answer.text)
        check_log(tmp_path, answer, "The database cannot be used")
    postgres.drop_database(url)


def vendors(service: Served) -> list[httpx2.Response]:
    """What fal, Pixazo and Runware answer, each to a request of its own kind."""
    task = {
        "taskType": "imageInference",
        "taskUUID": str(uuid.uuid4()),
        "model": "runware:108@1",
        "positivePrompt": "a",
    }
    return [
        httpx2.post(
            f"{service.url}/fal/queue/fal-ai/qwen-image",
            json={"prompt": "a circle"},
            headers={"Authorization": f"Key {service.key}"},
        ),
        httpx2.post(
            f"{service.url}/qwen-image-max/v1/qwen-image-max-request",
            json={"prompt": "a circle"},
            headers={"Ocp-Apim-Subscription-Key": service.key},
        ),
        httpx2.post(f"{service.url}/v1", json=[task], headers={"Authorization": f"Bearer {service.key}"}),
    ]


def test_an_engine_that_dies_and_the_jobs_around_it_are_in_the_log(tmp_path: Path) -> None:
    child = tmp_path / "crashing_child.py"
    child.write_text(CRASHING_CHILD, "utf-8")
    with served(tmp_path, "--log-level", "info", child=child) as service:
        job = service.client.post("/v1/generations", json={"prompt": "a"}, headers={"Prefer": "wait=30"}).json()
    assert (job["state"], job["attempt"], job["error"]["code"]) == ("errored", 2, "engine_crashed")
    lines = [line for line in logged(tmp_path) if job["id"] in (line.get("job_id"), line.get("running_job_id"))]
    told = [(line["level"], line["message"]) for line in lines]
    assert told.count(("info", "job started")) == 2
    assert told.count(("error", "an engine process died")) == 2
    assert told[-1] == ("error", "job ended")
    died = next(line for line in lines if line["message"] == "an engine process died")
    assert (died["exit_code"], died["signal"]) == (-11, "SIGSEGV")
    ended = lines[-1]
    assert (ended["state"], ended["error_code"], ended["kind"]) == ("errored", "engine_crashed", "generate")
    assert ended["key_id"] and ended["host"] and ended["ran_s"] >= 0 and ended["engine"] == "auto"


CRASHING_CHILD = """
import os, signal

from lamina.worker.child_loop import serve


def crash(order, report):
    os.kill(os.getpid(), signal.SIGSEGV)
    signal.pause()


serve(crash)
"""
