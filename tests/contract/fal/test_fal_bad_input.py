"""What is wrong with pictures, requests and keys, told as fal tells it."""

import base64
import json
import socket
from pathlib import Path
from typing import Any

import pytest
from compat import shows
from fal_clients import native, new_key
from test_fal_inputs import details

from serving import Served

EDIT = "/fal/run/fal-ai/qwen-image-edit"
SEVERAL = "/fal/run/fal-ai/qwen-image-edit-2511"


def data_uri(content: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


@shows("Errors", "file_download_error: a picture that is not there, or may not be fetched")
@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:1/none.png", "http://no-such-host.invalid/a.png", "ftp://host/a.png", "a.png", "file:1",
     "https://user:secret@host/a.png", "http://169.254.169.254/latest/meta-data"],
)  # fmt: skip
def test_a_picture_that_cannot_be_fetched(fal: Served, address: str) -> None:
    (detail,) = details(fal.client.post(EDIT, json={"prompt": "x", "image_url": address}))
    assert (detail["loc"], detail["type"]) == (["body", "image_url"], "file_download_error")
    assert "secret" not in detail["msg"]


def test_of_several_pictures_the_wrong_one_is_named(fal: Served, picture_url: str) -> None:
    for address in ("http://127.0.0.1:1/none.png", data_uri(b"no picture")):
        sent = {"prompt": "x", "image_urls": [picture_url, address]}
        (detail,) = details(fal.client.post(SEVERAL, json=sent))
        assert detail["loc"] == ["body", "image_urls", 1]


@shows("Errors", "image_load_error: what is no picture")
@pytest.mark.parametrize("content", [b"not a picture at all", b"", b"%PDF-1.7\n"])
def test_what_is_no_picture(fal: Served, content: bytes) -> None:
    (detail,) = details(fal.client.post(EDIT, json={"prompt": "x", "image_url": data_uri(content)}))
    assert (detail["loc"], detail["type"]) == (["body", "image_url"], "image_load_error")
    assert detail["msg"].endswith(".")


def test_a_damaged_data_uri(fal: Served) -> None:
    (detail,) = details(fal.client.post(EDIT, json={"prompt": "x", "image_url": "data:image/png;base64,@@@@"}))
    assert (detail["loc"], detail["type"]) == (["body", "image_url"], "image_load_error")


@shows("Errors", "file_too_large: a file of more bytes than the service takes")
def test_a_file_that_is_too_large(fal: Served) -> None:
    most = 200 << 20
    sent = {"prompt": "x", "image_url": data_uri(bytes(most + 1000))}
    (detail,) = details(fal.client.post(EDIT, json=sent))
    assert (detail["type"], detail["ctx"]) == ("file_too_large", {"max_size": most})
    upload = fal.client.post("/fal/cdn/files/upload", content=bytes(most + 1))
    assert upload.status_code == 413
    assert "209,715,200 bytes" in upload.json()["detail"]


@shows("Errors", "413: a body above what the service reads at all, refused before it is read")
@pytest.mark.parametrize(
    "path", ["/fal/run/fal-ai/qwen-image", "/fal/queue/fal-ai/qwen-image", "/fal/cdn/files/upload"]
)
def test_a_body_that_is_never_read(fal: Served, path: str) -> None:
    host = f"{fal.client.base_url.host}:{fal.client.base_url.port}"
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {1 << 40}\r\nConnection: close\r\n\r\n"
    with socket.create_connection((fal.client.base_url.host, fal.client.base_url.port or 80), timeout=60) as client:
        client.sendall(head.encode())
        with client.makefile("rb") as file:
            head_of_answer, _, body = file.read().partition(b"\r\n\r\n")
    assert head_of_answer.startswith(b"HTTP/1.1 413 ")
    assert b"x-fal-request-id: " in head_of_answer.lower()
    assert isinstance(json.loads(body)["detail"], str)


@shows("Refused", "fal's other endpoints of the family (inpaint, the galleries of LoRAs): 404")
@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("fal-ai/qwen-image-edit/inpaint", "Path /inpaint not found"),
        ("fal-ai/qwen-image-edit-plus-lora-gallery/next-scene", "not found"),
        ("fal-ai/qwen-image-2/text-to-image", "not found"),
    ],
)
def test_endpoints_that_are_not_offered(fal: Served, endpoint: str, words: str) -> None:
    for transport in ("run", "queue"):
        answer = fal.client.post(f"/fal/{transport}/{endpoint}", json={"prompt": "x"})
        assert answer.status_code == 404
        assert words in answer.json()["detail"]


@shows("Errors", "json_invalid: a body that is no JSON object")
@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"", b"\xff", b'{"prompt": NaN}'])
def test_a_body_that_is_no_json_object(fal: Served, body: bytes) -> None:
    for path in ("/fal/run/fal-ai/qwen-image", "/fal/run/fal-ai/qwen-image/stream"):
        (detail,) = details(fal.client.post(path, content=body))
        assert detail["loc"][0] == "body"


@shows("Errors", "401, 403: without a key, with a wrong one, with one that may not")
def test_keys(fal: Served, fal_folder: Path) -> None:
    def asked(authorization: str | None, path: str = "/fal/run/fal-ai/qwen-image") -> Any:
        headers = {"Authorization": authorization} if authorization else {"Authorization": ""}
        return fal.client.post(path, json={"prompt": "x"}, headers=headers)

    without = asked(None)
    assert without.status_code == 401
    assert without.json()["detail"].startswith('Cannot access application "fal-ai/qwen-image".')
    for wrong in ("Key nobody", "Key id:nobody", "Bearer nobody", "Basic bm8="):
        assert asked(wrong).status_code == 401
    assert asked("Key nobody").json() == {"detail": "No user found for Key ID and Secret"}
    storage = asked(None, "/fal/rest/storage/upload/initiate")
    assert (storage.status_code, storage.json()) == (401, {"detail": "Authorization header is required"})
    for good in (f"Key {fal.key}", f"Key some-id:{fal.key}", f"Bearer {fal.key}"):
        assert asked(good).status_code == 200
    assert asked(new_key(fal_folder, "--scope", "read")["Authorization"]).status_code == 403


@shows("Errors", "404 for another key's request")
def test_another_keys_request_is_not_there(fal: Served, fal_folder: Path) -> None:
    other = new_key(fal_folder)
    request = fal.client.post("/fal/queue/fal-ai/qwen-image", json={"prompt": "x"}).json()
    for method, path in (("GET", ""), ("GET", "/status"), ("GET", "/status/stream"), ("PUT", "/cancel")):
        url = f"/fal/queue/fal-ai/qwen-image/requests/{request['request_id']}{path}"
        answer = fal.client.request(method, url, headers=other)
        assert (answer.status_code, answer.json()) == (404, {"status": "NOT_FOUND"})
    headers = {"Authorization": f"Bearer {fal.key}"}
    job = fal.client.post("/v1/generations", json={"prompt": "x"}, headers=headers).json()
    answer = fal.client.get(f"/fal/queue/fal-ai/qwen-image/requests/{job['id']}")
    assert answer.status_code == 404


@shows("Errors", "403: a wallet that does not hold the price", "429: a key's limit, with nothing taken in")
def test_wallets_and_limits(fal: Served, fal_folder: Path) -> None:
    url = "/fal/queue/fal-ai/qwen-image"
    poor = fal.client.post(url, json={"prompt": "x"}, headers=new_key(fal_folder, "--credit", "0"))
    assert poor.status_code == 403
    assert "wallet" in poor.json()["detail"]
    busy = new_key(fal_folder, "--at-once", "1")
    first = fal.client.post(url, json={"prompt": "steps 600 0.1"}, headers=busy).json()
    limited = fal.client.post(url, json={"prompt": "x"}, headers=busy)
    assert (limited.status_code, limited.json()["error_type"]) == (429, "concurrent_requests_limit")
    assert limited.headers["x-fal-needs-retry"] == "1"
    cancelled = fal.client.put(f"{url}/requests/{first['request_id']}/cancel", headers=busy)
    assert cancelled.status_code in (200, 202)


@shows("Errors", "a queued input that is wrong: accepted, its result is 422, and it costs nothing")
def test_a_queued_input_that_is_wrong_fails_in_its_result(fal: Served) -> None:
    url = "/fal/queue/fal-ai/qwen-image-edit"
    for body in ({"prompt": "x"}, {"prompt": "x", "image_url": data_uri(b"no picture")}):
        submitted = fal.client.post(url, json=body)
        assert submitted.status_code == 200
        request = f"/fal/queue/fal-ai/qwen-image-edit/requests/{submitted.json()['request_id']}"
        status = fal.client.get(f"{request}/status")
        assert (status.status_code, status.json()["status"]) == (200, "COMPLETED")
        assert status.json()["error"] == "Invalid status code: 422"
        assert "error_type" not in status.json()
        (detail,) = details(fal.client.get(request))
        assert detail["loc"] == ["body", "image_url"]
        job = native(fal, f"/v1/jobs/{submitted.json()['request_id']}")
        assert (job["state"], job["price_usd"], job["charged_usd"]) == ("failed", "0.00", "0.00")


def test_no_path_and_no_method_ends_in_a_crash(fal: Served) -> None:
    for path in ("/fal/run/", "/fal/queue/", "/fal/queue/a/b", "/fal/rest/none", "/fal/cdn/none", "/fal/none"):
        for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
            answer = fal.client.request(method, path, json={})
            assert answer.status_code in (404, 405), (method, path)
            assert isinstance(answer.json()["detail"], str)
