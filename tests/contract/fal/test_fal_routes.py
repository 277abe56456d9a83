"""The routes themselves: their forms, headers and states, as fal's pages and captures have them."""

import json
import re
import socket
import struct
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from compat import shows
from fal_clients import native

from serving import Served

APP = "fal-ai/qwen-image-2512"
LORA = f"{APP}/lora"


def submit(fal: Served, prompt: str = "x", url: str = f"/fal/queue/{LORA}", **options: Any) -> dict[str, Any]:
    answer = fal.client.post(url, json={"prompt": prompt}, **options)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ended(fal: Served, request: dict[str, Any]) -> dict[str, Any]:
    """Its last status, by the stream of its statuses."""
    with fal.client.stream("GET", f"{request['status_url']}/stream") as answer:
        events = [json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line.startswith("data: ")]
    return events[-1]


def cancel(fal: Served, request: dict[str, Any]) -> httpx2.Response:
    return fal.client.put(request["cancel_url"])


@shows("Routes", "POST /fal/queue/{endpoint}", "GET .../requests/{id}/status", "GET .../requests/{id}")
def test_a_submit_is_as_fal_words_it(fal: Served) -> None:
    answer = fal.client.post(f"/fal/queue/{LORA}", json={"prompt": "x"})
    request = answer.json()
    assert list(request) == [
        "status", "request_id", "response_url", "status_url", "cancel_url", "logs", "metrics", "queue_position",
    ]  # fmt: skip
    assert answer.headers["x-fal-request-id"] == request["request_id"]
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", request["request_id"])
    root = f"{fal.url}/fal/queue/{APP}/requests/{request['request_id']}"
    assert request["response_url"] == root
    assert (request["status_url"], request["cancel_url"]) == (f"{root}/status", f"{root}/cancel")
    status = ended(fal, request)
    assert status["status"] == "COMPLETED"
    assert status["metrics"]["inference_time"] >= 0
    assert not {"queue_position", "error", "error_type"} & set(status)
    result = fal.client.get(request["response_url"])
    assert result.status_code == 200
    assert result.headers["x-fal-request-id"] == request["request_id"]
    assert result.headers["x-fal-billable-units"] == "1"


@shows("Routes", "the same by the full path, with a slash at the end, and .../response")
def test_other_ways_to_write_a_request(fal: Served) -> None:
    request = submit(fal)
    ended(fal, request)
    number = request["request_id"]
    for app in (APP, LORA):
        for path in ("", "/", "/response"):
            assert fal.client.get(f"/fal/queue/{app}/requests/{number}{path}").json()["images"]
        for path in ("status", "status/"):
            assert fal.client.get(f"/fal/queue/{app}/requests/{number}/{path}").json()["status"] == "COMPLETED"


@shows("Routes", "PUT .../requests/{id}/cancel", "GET .../requests/{id}/status/stream")
def test_the_states_of_a_request(fal: Served) -> None:
    running = submit(fal, "steps 600 0.1")
    with fal.client.stream("GET", f"{running['status_url']}/stream?logs=1") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        events = (json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: "))
        event = next(event for event in events if event["status"] == "IN_PROGRESS")
        assert isinstance(event["logs"], list)
        queued = submit(fal, "steps 600 0.1")
        waiting = fal.client.get(queued["status_url"])
        assert (waiting.status_code, waiting.json()["status"], waiting.json()["queue_position"]) == (202, "IN_QUEUE", 0)
        at_work = fal.client.get(running["status_url"])
        assert (at_work.status_code, at_work.json()["logs"]) == (202, [])
        early = fal.client.get(running["response_url"])
        assert (early.status_code, early.json()["detail"]) == (400, "Request is still in progress")
        assert early.json()["status_url"] == running["status_url"]
        removed = cancel(fal, queued)
        assert (removed.status_code, removed.json()["status"]) == (200, "OK")
        asked = cancel(fal, running)
        assert (asked.status_code, asked.json()["status"]) == (202, "CANCELLATION_REQUESTED")
        *_, last = events
    assert (last["status"], last["error_type"]) == ("COMPLETED", "client_cancelled")
    for request in (queued, running):
        result = fal.client.get(request["response_url"])
        assert (result.status_code, result.headers["x-fal-error-type"]) == (499, "client_cancelled")
        assert (cancel(fal, request).status_code, cancel(fal, request).json()) == (400, {"status": "ALREADY_COMPLETED"})


@shows("Fields", "logs: 1, 0, true and false; each line with timestamp, message, level and source")
def test_logs(fal: Served) -> None:
    request = submit(fal, "steps 3 0.3")
    ended(fal, request)
    for text in ("1", "true"):
        logs = fal.client.get(f"{request['status_url']}?logs={text}").json()["logs"]
        assert [line["message"] for line in logs if line["message"].startswith("step ")]
        assert {line["source"] for line in logs} == {"USER"}
        for line in logs:
            assert datetime.fromisoformat(line["timestamp"].replace("Z", "+00:00")).tzinfo is not None
    for text in ("0", "false", ""):
        assert fal.client.get(f"{request['status_url']}?logs={text}").json()["logs"] == []


@shows("Headers", "X-Fal-Queue-Priority: low")
def test_a_low_priority_goes_last(fal: Served) -> None:
    running = submit(fal, "steps 600 0.1")
    low = submit(fal, headers={"X-Fal-Queue-Priority": "low"})
    normal = submit(fal, headers={"x-fal-queue-priority": "normal"})
    positions = [fal.client.get(one["status_url"]).json().get("queue_position") for one in (low, normal)]
    for request in (low, normal, running):
        cancel(fal, request)
    assert positions[0] == positions[1] + 1


@shows("Headers", "X-Fal-Request-Timeout: 504 where it has not started in time, marked as the user's own")
def test_a_start_deadline(fal: Served) -> None:
    running = submit(fal, "steps 600 0.1")
    late = submit(fal, headers={"X-Fal-Request-Timeout": "1.0"})
    status = ended(fal, late)
    cancel(fal, running)
    assert (status["status"], status["error_type"]) == ("COMPLETED", "request_timeout")
    result = fal.client.get(late["response_url"])
    assert (result.status_code, result.json()["error_type"]) == (504, "request_timeout")
    assert result.headers["x-fal-request-timeout-type"] == "user"
    wrong = fal.client.post(f"/fal/queue/{LORA}", json={"prompt": "x"}, headers={"X-Fal-Request-Timeout": "soon"})
    assert (wrong.status_code, wrong.json()["error_type"]) == (400, "bad_request")


@shows("Fields", "fal_max_queue_length: 429 where more wait")
def test_a_queue_that_is_too_long(fal: Served) -> None:
    running = submit(fal, "steps 600 0.1")
    waiting = [submit(fal, "steps 600 0.1") for _ in range(2)]
    full = fal.client.post(f"/fal/queue/{LORA}?fal_max_queue_length=1", json={"prompt": "x"})
    roomy = fal.client.post(f"/fal/queue/{LORA}?fal_max_queue_length=50", json={"prompt": "x"})
    for request in (*waiting, running):
        cancel(fal, request)
    assert full.status_code == 429
    assert roomy.status_code == 200


@shows("Accepted without effect", "X-Fal-Runner-Hint: there are no runners to choose from")
@shows("Accepted without effect", "X-Fal-Store-IO: what is kept, and for how long, is the operator's to set")
@shows(
    "Accepted without effect", "X-Fal-No-Retry, X-Fal-Retry-Config: only our own faults are tried again, free of charge"
)
@shows("Accepted without effect", "x-app-fal-disable-fallback, X-Fal-Tags: there is nothing that they could speak of")
def test_headers_that_mean_nothing_here(fal: Served) -> None:
    headers = {
        "X-Fal-Runner-Hint": "lion", "X-Fal-Store-IO": "0", "X-Fal-No-Retry": "1", "X-Fal-Tags": "a,b",
        "X-Fal-Retry-Config": "{}", "x-app-fal-disable-fallback": "true",
    }  # fmt: skip
    answer = fal.client.post(f"/fal/run/{APP}", json={"prompt": "x"}, headers=headers)
    assert answer.status_code == 200


@shows("Headers", "X-Fal-Object-Lifecycle, X-Fal-Object-Lifecycle-Preference: how long files are kept at most")
@pytest.mark.parametrize("name", ["X-Fal-Object-Lifecycle", "X-Fal-Object-Lifecycle-Preference"])
def test_files_are_kept_no_longer_than_is_wanted(fal: Served, name: str) -> None:
    headers = {name: json.dumps({"expiration_duration_seconds": 3600, "initial_acl": {"default": "allow"}})}
    uploaded = fal.client.post("/fal/cdn/files/upload", content=b"x", headers=headers).json()["access_url"]
    number = re.search(r"/files/([0-9a-f-]+)/", uploaded)
    assert number
    record = native(fal, f"/v1/files/{number[1]}")
    kept = datetime.fromisoformat(record["expires_at"]) - datetime.fromisoformat(record["created_at"])
    assert kept.total_seconds() == pytest.approx(3600, abs=1)
    made = fal.client.post(f"/fal/run/{APP}", json={"prompt": "x"}, headers=headers).json()["images"][0]
    number = re.search(r"/files/([0-9a-f-]+)\.png", made["url"])
    assert number
    record = native(fal, f"/v1/files/{number[1]}")
    kept = datetime.fromisoformat(record["expires_at"]) - datetime.fromisoformat(record["created_at"])
    assert kept.total_seconds() == pytest.approx(3600, abs=1)


@shows("Routes", "by Host: fal.run, queue.fal.run, rest.fal.ai, *.fal.media, falrun.com, fal.ai")
def test_hosts(fal: Served) -> None:
    def at(host: str, path: str, **options: Any) -> httpx2.Response:
        return fal.client.post(path, headers={"Host": host}, **options)

    assert at("fal.run", f"/{APP}", json={"prompt": "x"}).json()["images"]
    assert at("falrun.com", f"/{APP}", json={"prompt": "x"}).json()["images"]
    request = at("queue.fal.run", f"/{LORA}", json={"prompt": "x"}).json()
    assert request["response_url"].startswith(f"http://queue.fal.run/{APP}/requests/")
    for host in ("rest.fal.ai", "rest.alpha.fal.ai"):
        assert (
            at(host, "/storage/upload/initiate", json={"file_name": "a.png"}).json()["upload_url"].startswith(fal.url)
        )
    assert at("v3.fal.media", "/files/upload", content=b"x").json()["access_url"].startswith(fal.url)
    keys = fal.client.get("/.well-known/jwks.json", headers={"Host": "rest.fal.ai"}).json()
    assert keys == fal.client.get("/.well-known/jwks.json").json()
    page = fal.client.get(f"/models/{APP}/llms.txt", headers={"Host": "fal.ai"})
    assert page.text.startswith("# ")


@shows("Routes", "by x-fal-target-url: /fal/proxy and /api/fal/proxy")
@pytest.mark.parametrize("path", ["/fal/proxy", "/api/fal/proxy"])
def test_the_proxy(fal: Served, path: str) -> None:
    def at(target: str) -> httpx2.Response:
        return fal.client.post(path, json={"prompt": "x"}, headers={"x-fal-target-url": target})

    assert at(f"https://fal.run/{APP}").json()["images"]
    submitted = at(f"https://queue.fal.run/{LORA}?fal_max_queue_length=50").json()
    assert submitted["status_url"].startswith(f"{fal.url}/fal/queue/")
    for target in ("", "https://example.org/x", "https://[", "https://fal.run.example.org/x"):
        assert at(target).status_code == 400


@shows("Routes", "POST /fal/rest/tokens/", "POST /fal/rest/storage/auth/token", "fal_jwt_token=")
def test_tokens_stand_for_a_key(fal: Served) -> None:
    asked = {"allowed_apps": ["qwen-image-2512"], "token_expiration": 60}
    token = fal.client.post("/fal/rest/tokens/", json=asked).json()
    assert isinstance(token, str)
    with httpx2.Client(base_url=fal.url, timeout=60) as anybody:
        streamed = anybody.post(f"/fal/run/{APP}/stream?fal_jwt_token={token}", json={"prompt": "x"})
        assert streamed.text.startswith("data: {")
        other = anybody.post(f"/fal/run/fal-ai/qwen-image?fal_jwt_token={token}", json={"prompt": "x"})
        assert other.status_code == 403
        assert anybody.post(f"/fal/run/{APP}?fal_jwt_token={token}x", json={"prompt": "x"}).status_code == 401
        cdn = fal.client.post("/fal/rest/storage/auth/token?storage_type=fal-cdn-v3", json={}).json()
        assert datetime.fromisoformat(cdn["expires_at"]).tzinfo is not None
        assert not cdn["expires_at"].endswith("Z")
        headers = {"Authorization": f"{cdn['token_type']} {cdn['token']}"}
        assert anybody.post(f"{cdn['base_url']}/files/upload", content=b"x", headers=headers).status_code == 200
        assert anybody.post(f"/fal/run/{APP}", json={"prompt": "x"}, headers=headers).status_code == 401


@shows("Routes", "POST /fal/rest/storage/upload/initiate, initiate-multipart", "PUT upload_url without a key")
@shows("Routes", "POST /fal/cdn/files/upload, files/upload/multipart", "GET of what was uploaded, without a key")
def test_uploads_are_only_whose_address_one_has(fal: Served) -> None:
    begun = fal.client.post("/fal/rest/storage/upload/initiate-multipart", json={"file_name": "ä b.bin"}).json()
    with httpx2.Client(timeout=60) as anybody:
        assert anybody.get(begun["file_url"]).status_code == 404
        parts = [anybody.put(f"{begun['upload_url']}/{number}", content=bytes([number]) * 9) for number in (2, 1)]
        assert {part.headers["etag"].strip('"') for part in parts} == {part.json()["etag"] for part in parts}
        other = fal.client.post("/fal/rest/storage/upload/initiate-multipart", json={}).json()
        foreign = anybody.post(f"{other['upload_url']}/complete", json={"parts": [parts[0].json()]})
        assert foreign.status_code == 400, "a part of another upload"
        for wrong in ({}, {"parts": []}, {"parts": [{"partNumber": 1, "etag": "0" * 64}]}, {"parts": [5]}):
            assert anybody.post(f"{begun['upload_url']}/complete", json=wrong).status_code == 400
        done = anybody.post(f"{begun['upload_url']}/complete", json={"parts": [part.json() for part in parts]})
        assert done.status_code == 200
        assert anybody.get(begun["file_url"]).content == b"\x01" * 9 + b"\x02" * 9
        assert anybody.get(begun["file_url"].replace("/files/", "/files/0")).status_code == 404
        tampered = begun["upload_url"][:-1] + ("A" if begun["upload_url"][-1] != "A" else "B")
        assert anybody.put(f"{tampered}/1", content=b"x").status_code == 403


@shows("Routes", "POST /fal/run/{endpoint}", "POST /fal/run/{endpoint}/stream", "GET /fal/run/{endpoint}")
def test_run_by_get_and_a_client_that_hangs_up(fal: Served) -> None:
    answer = fal.client.get(f"/fal/run/{APP}", params={"prompt": "x", "num_inference_steps": 4})
    assert answer.json()["prompt"] == "x"
    for path in ("", "/stream"):
        with pytest.raises(httpx2.ReadTimeout):
            fal.client.post(f"/fal/run/{APP}{path}", json={"prompt": "steps 700 0.1"}, timeout=1.0)
        newest = native(fal, "/v1/jobs", limit="1")["jobs"][0]
        assert (
            ended(fal, {"status_url": f"/fal/queue/{APP}/requests/{newest['id']}/status"})["error_type"]
            == "client_cancelled"
        )


def test_a_realtime_client_may_hang_up_at_any_moment(fal: Served, fal_folder: Path) -> None:
    """The server's log is its witness: a hang-up is no failure of the server's."""
    handshake = (
        f"GET /fal/run/{APP}/realtime HTTP/1.1\r\nHost: {fal.client.base_url.host}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    for is_abrupt in (True, False) * 3:
        with socket.create_connection((fal.client.base_url.host, fal.client.base_url.port), timeout=60) as client:
            client.sendall(handshake.encode())
            assert client.recv(1 << 16).startswith(b"HTTP/1.1 101")
            if is_abrupt:  # a reset, not a farewell
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert fal.client.get("/.well-known/jwks.json").status_code == 200  # later than those, by the same event loop
    assert "exception" not in (fal_folder / "log").read_text()
