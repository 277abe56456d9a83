"""Pixazo's queued routes and its status, body by body, as its pages print them."""

import json
from pathlib import Path
from typing import Any

from asking import (
    EDIT_PLUS,
    LAYERED,
    LAYERED_RESULT,
    MAX,
    MAX_EDIT,
    STATUS,
    TRAINER,
    Pixazo,
    data_uri,
    plain,
)
from compat import shows

from archives import edits, given_out, picture, zipped
from serving import lamina

PAGES_LAYERED = {
    "num_inference_steps": 28,
    "guidance_scale": 5,
    "num_images": 1,
    "enable_safety_checker": True,
    "output_format": "png",
    "acceleration": "regular",
}
FULL_MAX = {
    "prompt": "a white tiger",
    "negative_prompt": "low resolution, error, worst quality, low quality, deformed",
    "image_size": "square_hd",
    "enable_prompt_expansion": True,
    "enable_safety_checker": False,
    "num_images": 1,
    "output_format": "png",
}


def queued(model: str) -> dict[str, Any]:
    return {
        "request_id": f"{model}_<uuid>",
        "status": "QUEUED",
        "polling_url": f"<base>{STATUS}/{model}_<uuid>",
    }


def completed(model: str, *files: str, media_type: str = "image/png") -> dict[str, Any]:
    return {
        "request_id": f"{model}_<uuid>",
        "status": "COMPLETED",
        "model_id": model,
        "error": None,
        "output": {"media_url": list(files), "media_type": media_type},
        "created_at": "<time>",
        "updated_at": "<time>",
        "completed_at": "<time>",
    }


@shows("POST " + LAYERED, "answers 202 with request_id, status, polling_url, response_url", *PAGES_LAYERED, "image_url")
@shows(f"GET {STATUS}/{{request_id}}", "QUEUED, PROCESSING, COMPLETED", "output.media_url: layers, bottom first")
def test_a_picture_is_taken_apart(pixazo: Pixazo) -> None:
    submit = pixazo.post(LAYERED, {"image_url": data_uri(), **PAGES_LAYERED})
    response_url = f"<base>{LAYERED_RESULT}/qwen-image-layered_<uuid>"
    assert submit.status_code == 202
    assert plain(submit.json()) == {**queued("qwen-image-layered"), "response_url": response_url}
    done = pixazo.ended(submit.json()["request_id"])
    assert plain(done) == completed("qwen-image-layered", "<file.png>", "<file.png>")
    assert pixazo.service.client.get(done["output"]["media_url"][0]).headers["content-type"] == "image/png"


@shows("POST " + LAYERED_RESULT, "request_id, bare and with the model's name", "images[].url beside the status")
@shows("GET " + LAYERED_RESULT + "/{request_id}", "where response_url leads")
def test_the_result_is_had_in_three_ways(pixazo: Pixazo) -> None:
    submit = pixazo.post(LAYERED, {"image_url": data_uri()}).json()
    pixazo.ended(submit["request_id"])
    bare = submit["request_id"].partition("_")[2]
    path = submit["response_url"].removeprefix(pixazo.service.url)
    answers = [
        pixazo.post(LAYERED_RESULT, {"request_id": submit["request_id"]}),
        pixazo.post(LAYERED_RESULT, {"request_id": bare}),
        pixazo.get(path),
    ]
    images = [{"url": "<file.png>"}, {"url": "<file.png>"}]
    for answer in answers:
        assert answer.status_code == 200
        assert plain(answer.json()) == {
            **completed("qwen-image-layered", "<file.png>", "<file.png>"),
            "images": images,
        }


@shows("POST " + LAYERED, "the older page's answer (IN_QUEUE), by the setting pixazo_layered_generation = old")
def test_the_older_generation_is_a_setting(older: Pixazo) -> None:
    submit = older.post(LAYERED, {"image_url": data_uri(), **PAGES_LAYERED})
    assert submit.status_code == 200
    response_url = f"<base>{LAYERED_RESULT}/<uuid>"
    assert plain(submit.json()) == {"status": "IN_QUEUE", "request_id": "<uuid>", "response_url": response_url}
    done = older.ended(submit.json()["request_id"])
    assert done["request_id"] == submit.json()["request_id"]
    result = older.post(LAYERED_RESULT, {"request_id": submit.json()["request_id"]}).json()
    assert (result["status"], len(result["images"])) == ("COMPLETED", 2)


def test_a_client_of_the_older_page_that_waits_reads_its_words(older: Pixazo) -> None:
    slow = older.post(MAX, {"prompt": "steps 20 0.1"}).json()["request_id"]  # the only agent is busy with it
    waiting = older.post(LAYERED, {"image_url": data_uri()}).json()["request_id"]
    assert older.post(LAYERED_RESULT, {"request_id": waiting}).json()["status"] == "IN_QUEUE"
    assert older.get(f"{STATUS}/{waiting}").json()["status"] == "QUEUED"
    assert older.ended(slow)["status"] == older.ended(waiting)["status"] == "COMPLETED"


@shows("POST " + MAX, "answers 202", *FULL_MAX)
def test_qwen_image_max(pixazo: Pixazo) -> None:
    for body in ({"prompt": "a white tiger"}, FULL_MAX):
        submit = pixazo.post(MAX, body)
        assert submit.status_code == 202
        assert plain(submit.json()) == queued("qwen-image-max")
        assert plain(pixazo.ended(submit.json()["request_id"])) == completed("qwen-image-max", "<file.png>")


@shows("POST " + MAX_EDIT, "answers 202", *[name for name in FULL_MAX if name != "image_size"], "image_urls")
def test_qwen_image_max_edit(pixazo: Pixazo) -> None:
    body = {name: value for name, value in FULL_MAX.items() if name != "image_size"}
    submit = pixazo.post(MAX_EDIT, {**body, "image_urls": [data_uri(), "not looked at"]})
    assert submit.status_code == 202, submit.text
    assert plain(submit.json()) == queued("qwen-image-max-edit")
    assert plain(pixazo.ended(submit.json()["request_id"])) == completed("qwen-image-max-edit", "<file.png>")


FULL_EDIT_PLUS = {
    "image_size": "square_hd",
    "num_inference_steps": 50,
    "seed": 7,
    "guidance_scale": 4,
    "num_images": 1,
    "output_format": "png",
    "negative_prompt": " ",
    "acceleration": "regular",
    "enable_safety_checker": False,
}


@shows(
    "POST " + EDIT_PLUS, "answers 202", "prompt", "image_urls", *FULL_EDIT_PLUS, "loras (as fal's twin of the route)"
)
def test_qwen_image_edit_plus(pixazo: Pixazo) -> None:
    sizes = [{}, {"image_size": {"width": 1000, "height": 700}}, {"loras": []}]
    for others in sizes:
        body = {"prompt": "both in one", "image_urls": [data_uri(), data_uri()], **FULL_EDIT_PLUS, **others}
        submit = pixazo.post(EDIT_PLUS, body)
        assert submit.status_code == 202, submit.text
        assert plain(submit.json()) == queued("qwen-image-edit-plus-lora")
    assert plain(pixazo.ended(submit.json()["request_id"])) == completed("qwen-image-edit-plus-lora", "<file.png>")


FULL_TRAINER = {
    "image_data_url": "https://example.com/lighting-training.zip",
    "learning_rate": 0.0002,
    "steps": 2000,
    "default_caption": "professional cinematic lighting with dramatic shadows",
    "reference_image_count": 2,
}


@shows("POST " + TRAINER, "answers 202", *FULL_TRAINER)
@shows(f"GET {STATUS}/{{request_id}}", "output.media_url of a training: the adapter")
def test_the_trainer_makes_an_adapter_that_the_next_request_takes(pixazo: Pixazo) -> None:
    with given_out({"pictures.zip": edits(references=2)}) as place:
        submit = pixazo.post(TRAINER, {**FULL_TRAINER, "image_data_url": f"{place}/pictures.zip"})
        assert submit.status_code == 202
        assert plain(submit.json()) == queued("qwen-image-edit-plus-trainer")
        done = pixazo.ended(submit.json()["request_id"])
    assert plain(done) == completed("qwen-image-edit-plus-trainer", "<file.bin>", media_type="application/octet-stream")
    (address,) = done["output"]["media_url"]
    body = {"prompt": "both in one", "image_urls": [data_uri()], "loras": [{"path": address}]}
    assert pixazo.ended(pixazo.post(EDIT_PLUS, body).json()["request_id"])["status"] == "COMPLETED"


@shows("POST " + TRAINER, "a bad archive: FAILED, the file is named, nothing is charged")
def test_a_bad_archive_fails_the_training_and_names_the_file(pixazo: Pixazo, folder: Path) -> None:
    made = lamina(folder, "keys", "create", "--json", "--credit", "1")
    paying = Pixazo(pixazo.service, json.loads(made.stdout)["key"])
    with given_out({"pictures.zip": zipped({"photo_start.png": picture()})}) as place:
        submit = paying.post(TRAINER, {"image_data_url": f"{place}/pictures.zip"}).json()
        done = paying.ended(submit["request_id"])
    assert (done["status"], done["output"]) == ("FAILED", None)
    assert "photo_start.png" in done["error"]
    wallet = pixazo.service.client.get("/v1/wallet", headers={"Authorization": f"Bearer {paying.key}"}).json()
    assert wallet["balance_usd"] == "1.00"


@shows(f"GET {STATUS}/{{request_id}}", "FAILED: the picture cannot be had", "error", "completed_at")
def test_a_picture_that_nobody_can_reach_fails_the_job(pixazo: Pixazo) -> None:
    submit = pixazo.post(LAYERED, {"image_url": "http://127.0.0.1:9/nothing.png"})
    assert submit.status_code == 202
    done = pixazo.ended(submit.json()["request_id"])
    assert (done["status"], done["output"]) == ("FAILED", None)
    assert "127.0.0.1:9" in done["error"]


@shows("Addresses", "at the root", "below /pixazo", "by Host: gateway.pixazo.ai")
def test_the_api_stands_in_three_places(pixazo: Pixazo) -> None:
    below = pixazo.post("/pixazo" + MAX, {"prompt": "a tiger"}).json()
    assert plain(below["polling_url"]) == f"<base>/pixazo{STATUS}/qwen-image-max_<uuid>"
    assert pixazo.get(below["polling_url"].removeprefix(pixazo.service.url)).status_code == 200
    hosted = pixazo.post(MAX, {"prompt": "a tiger"}, Host="gateway.pixazo.ai").json()
    assert plain(hosted["polling_url"]) == f"https://gateway.pixazo.ai{STATUS}/qwen-image-max_<uuid>"
    assert pixazo.get(f"{STATUS}/{hosted['request_id']}", Host="gateway.pixazo.ai").status_code == 200


@shows("Addresses", "fields that the pages do not name are ignored", "null is as if left out")
def test_what_is_not_known_is_ignored(pixazo: Pixazo) -> None:
    body = {"prompt": "a tiger", "image_size": None, "num_images": None, "style": "oil", "x": {"y": [1]}}
    assert pixazo.post(MAX, body).status_code == 202
