"""Pixazo's routes that answer with the picture: the bodies of both of its pages, the wait, and who does not wait."""

import socket
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from asking import EDIT, GENERATE, Pixazo, data_uri, plain, said
from compat import shows

from serving import served
from waiting import joined, until

SIDE_PX = 16  # of the engine that does nothing


def choices(url: str) -> list[dict[str, Any]]:
    return [{"finish_reason": "stop", "message": {"role": "assistant", "content": [{"image": url}]}}]


GENERATED = {
    "output": {
        "choices": choices("<file.png>"),
        "task_metric": {"TOTAL": 1, "FAILED": 0, "SUCCEEDED": 1},
    },
    "usage": {"width": SIDE_PX, "image_count": 1, "height": SIDE_PX},
    "request_id": "<uuid>",
    "images": [{"file_name": "qwen-image-<uuid>.png", "content_type": "image/png", "url": "<file.png>"}],
    "description": "",
}
EDITED = {
    "status_code": 200,
    "request_id": "<uuid>",
    "code": "",
    "message": "",
    "output": {"text": None, "finish_reason": None, "choices": choices("<file.png>")},
    "usage": {"input_tokens": 0, "output_tokens": 0, "width": SIDE_PX, "image_count": 1, "height": SIDE_PX},
}
FULL = {"negative_prompt": "", "prompt_extend": True, "watermark": True, "size": "1328*1328"}


@shows(
    "POST " + GENERATE,
    "answers 200 with what both pages show: output, usage, request_id; images, description",
    "model",
    "input.messages[].role, content[].text",
    *FULL,
)
def test_a_picture_is_made_while_the_client_waits(pixazo: Pixazo) -> None:
    for body in (said("qwen-image", {"text": "a lake"}), said("qwen-image", {"text": "a"}, {"text": "lake"}, **FULL)):
        answer = pixazo.post(GENERATE, body)
        assert answer.status_code == 200, answer.text
        assert plain(answer.json()) == GENERATED
    picture = pixazo.service.client.get(answer.json()["images"][0]["url"])
    assert picture.headers["content-type"] == "image/png"


@shows("POST " + GENERATE, "size with * and with x: 1328, 1024, 768, 512")
def test_all_sizes_of_the_page_are_offered(pixazo: Pixazo) -> None:
    for side in (1328, 1024, 768, 512):
        for sign in "*x":
            answer = pixazo.post(GENERATE, said("qwen-image", {"text": "a lake"}, size=f"{side}{sign}{side}"))
            assert answer.status_code == 200


@shows(
    "POST " + EDIT,
    "answers 200 with status_code, request_id, code, message, output, usage",
    "model",
    "content[].image: data: URI",
    "content[].text",
    "negative_prompt",
    "watermark",
)
def test_a_picture_is_changed_while_the_client_waits(pixazo: Pixazo) -> None:
    content = ({"image": data_uri()}, {"text": "make it green"})
    for body in (
        said("qwen-image-edit", *content),
        said("qwen-image-edit", *content, negative_prompt="", watermark=False),
    ):
        answer = pixazo.post(EDIT, body)
        assert answer.status_code == 200, answer.text
        assert plain(answer.json()) == EDITED


@shows("POST " + EDIT, "content[].image: http(s) URL")
def test_a_picture_that_was_made_here_is_changed_by_its_address(pixazo: Pixazo) -> None:
    url = pixazo.post(GENERATE, said("qwen-image", {"text": "a lake"})).json()["images"][0]["url"]
    answer = pixazo.post(EDIT, said("qwen-image-edit", {"image": url}, {"text": "make it green"}))
    assert plain(answer.json()) == EDITED


@shows("POST " + EDIT, "400 with the reason where the picture cannot be had")
def test_a_picture_that_cannot_be_had_is_the_clients_mistake(pixazo: Pixazo) -> None:
    content = ({"image": "http://127.0.0.1:9/nothing.png"}, {"text": "make it green"})
    answer = pixazo.post(EDIT, said("qwen-image-edit", *content))
    assert (answer.status_code, answer.json()["error"]) == (400, "Invalid request parameters")
    assert "127.0.0.1:9" in answer.json()["message"]


@shows("POST " + GENERATE, "a client that hangs up takes its job with it")
def test_who_hangs_up_takes_the_job_along(pixazo: Pixazo) -> None:
    body = said("qwen-image", {"text": "steps 600 0.1"})
    place = urlsplit(pixazo.service.url)
    before = {job["id"] for job in pixazo.service.client.get("/v1/jobs").json()["jobs"]}
    with socket.create_connection((place.hostname, place.port), timeout=60) as connection:
        request = pixazo.service.client.build_request(
            "POST", GENERATE, json=body, headers={"Ocp-Apim-Subscription-Key": pixazo.key or ""}
        )
        head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
        connection.sendall(f"POST {GENERATE} HTTP/1.1\r\n{head}\r\n".encode() + request.read())
        job = until(lambda: [one for one in jobs(pixazo, "running") if one["id"] not in before], "a job runs")[0]
    until(lambda: pixazo.service.client.get(f"/v1/jobs/{job['id']}").json()["state"] == "cancelled", "it is cancelled")


@shows("POST " + GENERATE, "500 after the setting pixazo_wait_s, and the job is cancelled")
def test_a_wait_has_an_end(tmp_path: Path) -> None:
    with served(tmp_path, LAMINA_PIXAZO_WAIT_S="1") as service:
        pixazo = Pixazo(service, service.key)
        answer = pixazo.post(GENERATE, said("qwen-image", {"text": "steps 600 0.1"}))
        assert answer.status_code == 500
        assert answer.json() == {
            "error": "An unexpected error occurred, please try again later",
            "message": "It did not end within 1 s, and was cancelled. Try again later.",
        }
        until(lambda: jobs(pixazo, "cancelled"), "the job is cancelled")


@shows("POST " + GENERATE, "a server that shuts down answers waiting clients")
def test_a_server_that_ends_keeps_nobody_waiting(tmp_path: Path) -> None:
    with served(tmp_path) as service:
        pixazo = Pixazo(service, service.key)
        answers: list[int] = []
        waiting = threading.Thread(
            target=lambda: answers.append(
                pixazo.post(GENERATE, said("qwen-image", {"text": "steps 600 0.1"})).status_code
            )
        )
        waiting.start()
        until(lambda: jobs(pixazo, "running"), "the job runs")
        assert service.end() == 0
        joined(waiting)
        assert answers == [500]


def jobs(pixazo: Pixazo, state: str) -> list[dict[str, Any]]:
    return pixazo.service.client.get("/v1/jobs", params={"state": state}).json()["jobs"]
