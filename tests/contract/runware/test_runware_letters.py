"""What the service sends of its own accord: a webhook a result, files to an uploadEndpoint, and how long files live."""

import base64
import io
import json
import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from clients import PYTHON_V1, PYTHON_V2, new_uuid, python_v1, python_v2
from compat import shows
from PIL import Image
from sockets import at_home, generation, run

from conftest import Hooks
from serving import Served, poster

PICTURE = base64.b64encode(poster()).decode()


def layered(**changes: Any) -> dict[str, Any]:
    task = {"taskType": "imageInference", "taskUUID": str(uuid.uuid4()), "model": "alibaba:qwen-image@layered"}
    return {**task, "positivePrompt": "split", "inputs": {"referenceImages": [PICTURE]}, **changes}


def posted(server: Served, task: dict[str, Any]) -> list[dict[str, Any]]:
    answer = server.client.post("/v1", json=[task])
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


@shows("imageInference", "webhookURL")
def test_each_result_calls_the_webhook_with_a_flat_object(lamina_server: Served, hooks: Hooks) -> None:
    wanted = generation(numberResults=2, webhookURL=f"{hooks.url}/hook?secret=s", deliveryMethod="async", seed=3)
    posted(lamina_server, wanted)
    calls = [hooks.next(), hooks.next()]
    assert {(method, path) for method, path, _, _ in calls} == {("POST", "/hook?secret=s")}
    bodies = [json.loads(body) for _, _, _, body in calls]
    assert sorted(body["seed"] for body in bodies) == [3, 4]
    assert all(body["taskUUID"] == wanted["taskUUID"] and body["imageURL"] for body in bodies)


def test_a_webhook_that_is_refused_comes_again(lamina_server: Served, hooks: Hooks) -> None:
    hooks.refusals = 1
    posted(lamina_server, generation(webhookURL=hooks.url, deliveryMethod="async"))
    first, second = hooks.next(), hooks.next()
    assert first[3] == second[3] or json.loads(first[3])["imageUUID"] == json.loads(second[3])["imageUUID"]


@shows("imageInference", "webhookURL of a failure")
def test_a_failure_calls_the_webhook_too(lamina_server: Served, hooks: Hooks) -> None:
    wanted = layered(inputs={"referenceImages": ["http://127.0.0.1:9/x"]}, webhookURL=hooks.url, deliveryMethod="async")
    posted(lamina_server, wanted)
    body = json.loads(hooks.next()[3])
    assert (body["status"], body["taskUUID"]) == ("error", wanted["taskUUID"])
    assert body["code"]
    assert body["message"]


def test_a_sync_task_with_a_webhook_is_answered_on_the_socket_as_well(lamina_server: Served, hooks: Hooks) -> None:
    async def talk() -> None:
        async with at_home(lamina_server.url, lamina_server.key) as socket:
            (item,) = await socket.ask(generation(webhookURL=hooks.url))
            assert item["imageURL"]

    run(talk())
    assert json.loads(hooks.next()[3])["imageURL"]


@shows("imageInference", "webhookURL", by=PYTHON_V1)
@shows("imageInference", "webhookURL", by=PYTHON_V2)
@pytest.mark.parametrize("sdk", ["v1", "v2"])
def test_sdks_that_want_a_webhook_are_not_kept_waiting(lamina_server: Served, hooks: Hooks, sdk: str) -> None:
    wanted = {
        "model": "runware:108@1", "positivePrompt": "steps 2 0.1", "width": 128, "height": 128, "taskUUID": new_uuid(),
        "webhookURL": hooks.url, "deliveryMethod": "async",
    }  # fmt: skip
    url, key = lamina_server.url, lamina_server.key
    with python_v1(url, key) if sdk == "v1" else python_v2(url, key, "websocket") as client:
        client.get("imageInference" if sdk == "v1" else "run", wanted)
    assert json.loads(hooks.next()[3])["taskUUID"] == wanted["taskUUID"]


@shows("imageInference", "uploadEndpoint")
def test_what_was_made_is_put_where_it_is_wanted(lamina_server: Served, hooks: Hooks) -> None:
    posted(lamina_server, generation(uploadEndpoint=f"{hooks.url}/bucket/a.jpg?signature=x", outputFormat="PNG"))
    method, path, headers, body = hooks.next()
    assert (method, path, headers["content-type"]) == ("PUT", "/bucket/a.jpg?signature=x", "image/png")
    assert Image.open(io.BytesIO(body)).format == "PNG"


@shows("imageInference", "uploadEndpoint of layers")
@pytest.mark.parametrize("wanted", ["TIFF", "PNG", "WEBP"])
def test_layers_are_put_as_one_tiff(lamina_server: Served, hooks: Hooks, wanted: str) -> None:
    posted(lamina_server, layered(uploadEndpoint=hooks.url, outputFormat=wanted))
    _, _, headers, body = hooks.next()
    assert headers["content-type"] == "image/tiff"
    assert Image.open(io.BytesIO(body)).n_frames == 2  # pyright: ignore[reportAttributeAccessIssue]


@shows("imageInference", "outputFormat TIFF, PNG, WEBP and JPG of layers")
@pytest.mark.parametrize(
    ("wanted", "kind", "count"), [(None, "TIFF", 1), ("PNG", "PNG", 2), ("WEBP", "WEBP", 2), ("JPG", "JPEG", 1)]
)
def test_layers_in_each_format(lamina_server: Served, wanted: str | None, kind: str, count: int) -> None:
    items = posted(lamina_server, layered(**({"outputFormat": wanted} if wanted else {}), includeCost=True))
    assert len(items) == count
    assert len({item["imageUUID"] for item in items}) == count
    assert sum(item["cost"] for item in items) == pytest.approx(0.05)
    for item in items:
        image = Image.open(io.BytesIO(lamina_server.client.get(item["imageURL"]).content))
        assert (image.format, image.size) == (kind, (16, 16))
        if kind == "TIFF":
            assert (image.n_frames, image.mode) == (2, "RGBA")  # pyright: ignore[reportAttributeAccessIssue]


@shows("imageInference", "outputFormat and outputType of pictures", "outputQuality")
@pytest.mark.parametrize(("wanted", "kind"), [(None, "JPEG"), ("JPG", "JPEG"), ("PNG", "PNG"), ("WEBP", "WEBP")])
def test_pictures_in_each_format_and_way(lamina_server: Served, wanted: str | None, kind: str) -> None:
    given = {"outputFormat": wanted} if wanted else {}
    (item,) = posted(lamina_server, generation(outputType=["URL", "base64Data", "dataURI"], outputQuality=20, **given))
    content = base64.b64decode(item["imageBase64Data"])
    assert Image.open(io.BytesIO(content)).format == kind
    assert lamina_server.client.get(item["imageURL"]).content == content
    assert item["imageDataURI"].endswith(item["imageBase64Data"])


@shows("imageInference", "ttl")
def test_an_address_lives_as_long_as_it_is_wanted(lamina_server: Served) -> None:
    addresses = [posted(lamina_server, generation(**ttl))[0]["imageURL"] for ttl in ({"ttl": 60}, {})]
    soon, late = (int(parse_qs(urlsplit(address).query)["expires"][0]) for address in addresses)
    assert 86_000 < late - soon < 86_500


@shows("imageInference", "safety")
def test_what_was_checked_is_said(lamina_server: Served) -> None:
    (checked,) = posted(lamina_server, generation(safety={"mode": "fast"}))
    (unchecked,) = posted(lamina_server, generation(safety={"mode": "none"}))
    assert checked["NSFWContent"] is False
    assert "NSFWContent" not in unchecked


@shows("imageInference", "notes in the job's log")
def test_what_was_not_done_is_in_the_log(lamina_server: Served) -> None:
    (item,) = posted(lamina_server, layered(outputFormat="JPG", advancedFeatures={"ultralytics": {"steps": 5}}))
    jobs = lamina_server.client.get("/v1/jobs", params={"limit": 1}).json()["jobs"]
    lines = [event["data"] for event in lamina_server.events(jobs[0]["id"]) if event["event"] == "log"]
    assert any("faces" in line for line in lines)
    assert any("white" in line for line in lines)
    assert item["imageURL"]
