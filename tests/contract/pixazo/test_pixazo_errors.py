"""What goes wrong is told with Pixazo's statuses and bodies, by whatever route."""

import json
from pathlib import Path
from typing import Any

import pytest
from asking import (
    EDIT,
    EDIT_PLUS,
    GENERATE,
    LAYERED,
    LAYERED_RESULT,
    MAX,
    MAX_EDIT,
    STATUS,
    TRAINER,
    Pixazo,
    data_uri,
    said,
)
from compat import shows

from serving import lamina, served

URL = "https://example.com/picture.png"
UNAUTHORISED = {"error": "Invalid or missing authentication"}
NOT_FOUND = {"error": "Endpoint not found"}
NO_SUCH_ID = "019d0000-0000-7000-8000-000000000000"
WORKING: dict[str, Any] = {
    LAYERED: {"image_url": URL},
    MAX: {"prompt": "a tiger"},
    MAX_EDIT: {"prompt": "a tiger", "image_urls": [URL]},
    EDIT_PLUS: {"prompt": "a tiger", "image_urls": [URL]},
    TRAINER: {"image_data_url": "https://example.com/pictures.zip"},
    GENERATE: said("qwen-image", {"text": "a lake"}),
    EDIT: said("qwen-image-edit", {"image": URL}, {"text": "a lake"}),
}


def key_with(folder: Path, *options: str) -> str:
    made = lamina(folder, "keys", "create", "--json", *options)
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout)["key"]


@shows("Errors", "401: no key, a wrong key")
@pytest.mark.parametrize("route", WORKING)
def test_without_a_good_key_nothing_is_done(pixazo: Pixazo, route: str) -> None:
    for key in (None, "", "lam_wrong"):
        answer = Pixazo(pixazo.service, key).post(route, WORKING[route])
        assert (answer.status_code, answer.json()) == (401, UNAUTHORISED)
        assert Pixazo(pixazo.service, key).get(f"{STATUS}/qwen-image-max_{NO_SUCH_ID}").status_code == 401


@shows("Errors", "402: the wallet is empty")
@pytest.mark.parametrize("route", WORKING)
def test_an_empty_wallet(pixazo: Pixazo, poor: str, route: str) -> None:
    answer = Pixazo(pixazo.service, poor).post(route, WORKING[route])
    assert answer.status_code == 402
    assert answer.json() == {
        "error": "Insufficient Balance",
        "message": "Your wallet does not have enough balance.",
    }


@shows("Errors", "403: the key is for other models, or may only read")
def test_a_key_whose_scope_does_not_cover_the_model(pixazo: Pixazo, folder: Path) -> None:
    for options in (("--model", "qwen-image"), ("--scope", "read")):
        answer = Pixazo(pixazo.service, key_with(folder, *options)).post(MAX, WORKING[MAX])
        assert (answer.status_code, answer.json()) == (403, {"error": "Access denied for this operation"})
    narrow = Pixazo(pixazo.service, key_with(folder, "--model", "qwen-image-max"))
    assert narrow.post(MAX, WORKING[MAX]).status_code == 202


@shows("Errors", "404: an unknown id, another key's, an unknown path")
def test_what_is_not_there(pixazo: Pixazo, folder: Path) -> None:
    own = pixazo.post(MAX, {"prompt": "a tiger"}).json()["request_id"]
    bare = own.partition("_")[2]
    other = Pixazo(pixazo.service, key_with(folder))
    answers = [
        *(pixazo.get(f"{STATUS}/{known}") for known in (f"qwen-image-max_{NO_SUCH_ID}", NO_SUCH_ID, "x", "%00")),
        pixazo.get(f"{STATUS}/qwen-image_{bare}"),
        pixazo.post(LAYERED_RESULT, {"request_id": "a1b2c3d4-e5f6-7890-g1h2-i3j4k5l6m7n8"}),
        other.get(f"{STATUS}/{own}"),
        other.post(LAYERED_RESULT, {"request_id": own}),
        pixazo.get("/qwen-image-max/v1/other"),
        pixazo.get("/pixazo/v1/jobs"),
        pixazo.get("/v1/jobs", Host="gateway.pixazo.ai"),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


@shows("Errors", "429 with Retry-After: the key's limits")
def test_a_key_that_asks_too_often(pixazo: Pixazo, folder: Path) -> None:
    hasty = Pixazo(pixazo.service, key_with(folder, "--per-minute", "1"))
    assert hasty.post(MAX, {"prompt": "a tiger"}).status_code == 202
    for route in (MAX, GENERATE):
        answer = hasty.post(route, WORKING[route])
        assert (answer.status_code, answer.json()) == (429, {"error": "Rate limit exceeded, please retry later"})
        assert int(answer.headers["retry-after"]) > 0


@shows("Errors", "400: Model not found")
def test_another_model_in_the_body(pixazo: Pixazo) -> None:
    for route, model in ((GENERATE, "qwen-image-edit"), (EDIT, "flux")):
        answer = pixazo.post(route, said(model, {"text": "a lake"}, {"image": URL}))
        assert answer.status_code == 400
        told = f"Model '{model}' not found or is disabled"
        assert answer.json() == {"error": "Model not found", "message": told}


@shows("Errors", "400: Invalid request parameters, and a message that names the field")
@pytest.mark.parametrize(
    ("route", "body", "named"),
    [
        (LAYERED, {}, "image_url"),
        (LAYERED, {"image_url": ""}, "image_url"),
        (LAYERED, {"image_url": "picture.png"}, "image_url"),
        (LAYERED, {"image_url": "ftp://example.com/a.png"}, "image_url"),
        (LAYERED, {"image_url": "data:text/plain,hello"}, "data:"),
        (LAYERED, {"image_url": URL, "num_images": 2}, "num_images"),
        (LAYERED, {"image_url": URL, "output_format": "jpeg"}, "output_format"),
        (LAYERED, {"image_url": URL, "acceleration": "high"}, "acceleration"),
        (LAYERED, {"image_url": URL, "num_inference_steps": 0}, "num_inference_steps"),
        (LAYERED, {"image_url": URL, "num_inference_steps": 2.5}, "num_inference_steps"),
        (LAYERED, {"image_url": URL, "num_inference_steps": True}, "num_inference_steps"),
        (LAYERED, {"image_url": URL, "guidance_scale": "strong"}, "guidance_scale"),
        (LAYERED, {"image_url": URL, "num_layers": 11}, "num_layers"),
        (LAYERED_RESULT, {}, "request_id"),
        (MAX, {}, "prompt"),
        (MAX, {"prompt": "  "}, "prompt"),
        (MAX, {"prompt": 5}, "prompt"),
        (MAX, {"prompt": "x", "image_size": "1024*1024"}, "image_size"),
        (MAX, {"prompt": "x", "num_images": 0}, "num_images"),
        (MAX, {"prompt": "x", "num_images": 5}, "num_images"),
        (MAX, {"prompt": "x", "output_format": "gif"}, "output_format"),
        (MAX_EDIT, {"prompt": "x"}, "image_urls"),
        (MAX_EDIT, {"prompt": "x", "image_urls": []}, "image_urls"),
        (EDIT_PLUS, {"prompt": "x", "image_urls": []}, "image_urls"),
        (EDIT_PLUS, {"prompt": "x", "image_urls": [URL] * 11}, "image_urls"),
        (EDIT_PLUS, {"prompt": "x", "image_urls": [URL], "image_size": "huge"}, "image_size"),
        (EDIT_PLUS, {"prompt": "x", "image_urls": [URL], "image_size": {"width": 9, "height": 9}}, "image_size"),
        (EDIT_PLUS, {"prompt": "x", "image_urls": [URL], "guidance_scale": 21}, "guidance_scale"),
        (EDIT_PLUS, {"prompt": "x", "image_urls": [URL], "output_format": "webp"}, "output_format"),
        (EDIT_PLUS, {"prompt": "x", "image_urls": [URL], "acceleration": "fast"}, "acceleration"),
        (EDIT_PLUS, {"prompt": "x", "image_urls": [URL], "webhook": "nowhere"}, "nowhere"),
        (EDIT_PLUS, {"prompt": "x", "image_urls": [URL], "webhook_events_filter": ["end"]}, "webhook_events_filter"),
        (EDIT_PLUS, {"prompt": "x", "image_urls": [URL], "loras": [{"path": "/etc/passwd"}]}, "/etc/passwd"),
        (TRAINER, {}, "image_data_url"),
        (TRAINER, {"image_data_url": URL, "steps": 10_001}, "steps"),
        (TRAINER, {"image_data_url": URL, "learning_rate": 1.5}, "learning_rate"),
        (TRAINER, {"image_data_url": URL, "reference_image_count": 11}, "reference_image_count"),
        (GENERATE, {"model": "qwen-image"}, "input"),
        (GENERATE, {"model": "qwen-image", "input": {"messages": []}}, "input.messages"),
        (GENERATE, said("qwen-image", {"text": "x"}, role="system"), "role"),
        (GENERATE, said("qwen-image", {"text": ""}), "text"),
        (GENERATE, said("qwen-image", {"image": URL}), "text"),
        (GENERATE, said("qwen-image", {"text": "x"}, size="640*640"), "parameters.size"),
        (GENERATE, said("qwen-image", {"text": "x"}, size="1328*1024"), "parameters.size"),
        (GENERATE, said("qwen-image", {"text": "x"}, watermark="perhaps"), "watermark"),
        (EDIT, said("qwen-image-edit", {"text": "x"}), "image"),
        (EDIT, said("qwen-image-edit", {"image": URL}), "text"),
        (EDIT, said("qwen-image-edit", {"text": "x"}, {"image": URL}, {"image": URL}), "image"),
        (MAX, [], "object"),
        (MAX, "x", "object"),
        (MAX, {"prompt": "\ud800"}, "prompt"),
    ],
)  # fmt: skip
def test_what_the_pages_do_not_allow(pixazo: Pixazo, route: str, body: Any, named: str) -> None:
    content = json.dumps(body).encode()
    headers = {"Ocp-Apim-Subscription-Key": pixazo.key or "", "Content-Type": "application/json"}
    answer = pixazo.service.client.post(route, content=content, headers=headers)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] == "Invalid request parameters"
    assert named in answer.json()["message"]


@shows("Errors", "400: a body that is not JSON, or of more than 64 MiB")
def test_a_body_that_is_none(pixazo: Pixazo) -> None:
    headers = {"Ocp-Apim-Subscription-Key": pixazo.key or ""}
    for content in (b"", b"{", b"prompt=x", b"\xff\xfe", b"[" * 100_000, b" " * (100 << 20)):
        answer = pixazo.service.client.post(MAX, content=content, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (400, "Invalid request parameters")


@shows("Wallet", "a request costs what its page says, however many pictures it makes; what fails costs nothing")
def test_a_request_is_paid_for_by_the_request(pixazo: Pixazo, folder: Path) -> None:
    payer = Pixazo(pixazo.service, key_with(folder, "--credit", "1"))
    for route, body, price in (
        (LAYERED, {"image_url": data_uri()}, 0.05),
        (MAX, {"prompt": "a tiger", "num_images": 4}, 0.045),
        (EDIT_PLUS, {"prompt": "a tiger", "image_urls": [data_uri()], "num_images": 2}, 0.055),
        (TRAINER, {"image_data_url": "https://example.com/pictures.zip"}, 0.0),
    ):
        before = balance(payer)
        payer.ended(payer.post(route, body).json()["request_id"])
        assert round(before - balance(payer), 6) == price


@shows(f"GET {STATUS}/{{request_id}}", "ERROR: the service could not do it; nothing is charged")
@shows("POST " + GENERATE, "500 where the service could not do it; nothing is charged")
def test_what_the_service_cannot_do_is_an_error_and_free(tmp_path: Path) -> None:
    with served(tmp_path, LAMINA_RUN_S="1", LAMINA_MAX_ATTEMPTS="1") as service:
        payer = Pixazo(service, key_with(tmp_path, "--credit", "1"))
        endless = "steps 600 0.1"
        told = payer.ended(payer.post(MAX, {"prompt": endless}).json()["request_id"])
        assert (told["status"], told["model_id"], told["output"]) == ("ERROR", "qwen-image-max", None)
        assert told["error"]
        assert told["completed_at"]
        answer = payer.post(GENERATE, said("qwen-image", {"text": endless}))
        assert answer.status_code == 500
        assert answer.json()["error"] == "An unexpected error occurred, please try again later"
        assert balance(payer) == 1
        assert payer.ended(payer.post(MAX, {"prompt": "a tiger"}).json()["request_id"])["status"] == "COMPLETED"


def balance(pixazo: Pixazo) -> float:
    with pixazo.service.as_key(pixazo.key or "") as client:
        return float(client.get("/v1/wallet").json()["balance_usd"])


@pytest.fixture(scope="module")
def poor(folder: Path) -> str:
    return key_with(folder, "--credit", "0.001")
