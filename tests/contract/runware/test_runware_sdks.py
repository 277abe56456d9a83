"""Runware's own SDKs, unpatched, over every task, by configuration alone."""

# ruff: noqa: ARG001  (`client` is of the SDK that `sdk` names)

import base64
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from clients import JAVASCRIPT, PYTHON_V1, PYTHON_V2, Client, javascript, new_uuid, python_v1, python_v2
from compat import shows
from cuttable import Cuttable

from serving import Served, poster
from waiting import joined, until

GENERATION = {"model": "runware:108@1", "positivePrompt": "a red circle", "width": 128, "height": 128}
PICTURE = "data:image/png;base64," + base64.b64encode(poster()).decode()
LAYERED = {"model": "alibaba:qwen-image@layered", "positivePrompt": "split", "inputs": {"referenceImages": [PICTURE]}}


@dataclass(frozen=True)
class Sdk:
    """`calls`: the SDK's own names for the tasks."""

    name: str
    started: Callable[[str, str], AbstractContextManager[Client]]
    calls: dict[str, str]

    def call(self, task: str) -> str:
        return self.calls.get(task, task)


_V2_CALLS = {
    "imageInference": "run",
    "getResponse": "get_response",
    "getTaskDetails": "get_task_details",
    "imageUpload": "image_upload",
    "mediaStorage": "media_storage",
    "modelSearch": "model_search",
    "modelUpload": "model_upload",
    "accountManagement": "account_management",
}
V1 = Sdk(PYTHON_V1, python_v1, {})
JS = Sdk(JAVASCRIPT, javascript, {})
V2_SOCKET = Sdk(PYTHON_V2, lambda url, key: python_v2(url, key, "websocket"), _V2_CALLS)
V2_HTTP = Sdk(f"{PYTHON_V2} over HTTP", lambda url, key: python_v2(url, key, "rest"), _V2_CALLS)
ALL = (V1.name, JS.name, V2_SOCKET.name, V2_HTTP.name)
SDKS = [
    pytest.param(sdk, id=sdk.name, marks=shows("imageInference", *fields, by=sdk.name))
    for sdk, fields in (
        (V1, ("sync", "async and getResponse", "numberResults", "includeCost", "outputType as a list", "TIFF layers")),
        (JS, ("sync", "async and getResponse", "numberResults", "includeCost", "TIFF layers")),
        (V2_SOCKET, ("sync", "async and getResponse", "numberResults", "includeCost", "TIFF layers", "PNG layers")),
        (V2_HTTP, ("sync", "async and getResponse", "numberResults", "includeCost", "TIFF layers", "PNG layers")),
    )
]
SECOND_GENERATION = [
    pytest.param(V2_SOCKET, id="socket", marks=shows("accountManagement", "getDetails", by=V2_SOCKET.name)),
    pytest.param(V2_HTTP, id="http", marks=shows("accountManagement", "getDetails", by=V2_HTTP.name)),
]


@pytest.fixture
def client(lamina_server: Served, request: pytest.FixtureRequest) -> Generator[Client]:
    sdk: Sdk = request.getfixturevalue("sdk")
    with sdk.started(lamina_server.url, lamina_server.key) as client:
        assert client.connected["connected"], client.connected
        yield client


@pytest.mark.parametrize("sdk", SDKS)
def test_pictures_are_made(sdk: Sdk, client: Client, lamina_server: Served) -> None:
    wanted = {**GENERATION, "numberResults": 2, "includeCost": True, "seed": 7, "deliveryMethod": "sync"}
    items = client.get(sdk.call("imageInference"), wanted)
    assert sorted(item["seed"] for item in items) == [7, 8]
    assert all(item["cost"] == pytest.approx(0.045) for item in items)
    assert len({item["imageUUID"] for item in items}) == 2
    assert lamina_server.client.get(items[0]["imageURL"]).headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize("sdk", SDKS)
def test_a_task_is_polled_until_it_is_done(sdk: Sdk, client: Client) -> None:
    wanted = {**GENERATION, "numberResults": 2, "positivePrompt": "steps 3 0.2", "deliveryMethod": "async"}
    if sdk in (V2_SOCKET, V2_HTTP):  # these poll by themselves
        answer = client.ask("run", wanted)
        assert len(answer["result"]) == 2
        return
    task_uuid = new_uuid()
    told = client.get("imageInference", {**wanted, "taskUUID": task_uuid})
    acknowledged = told if isinstance(told, dict) else told[0]
    assert acknowledged["taskUUID"] == task_uuid
    items = polled(sdk, client, task_uuid)
    assert len(items) == 2
    assert {item["status"] for item in items} == {"success"}


def polled(sdk: Sdk, client: Client, task_uuid: str) -> list[dict[str, Any]]:
    if sdk is V1:
        return client.get("getResponse", {"taskUUID": task_uuid, "numberResults": 2})

    def succeeded() -> list[dict[str, Any]]:
        items = client.get("getResponse", {"taskUUID": task_uuid})
        return items if all(item["status"] == "success" for item in items) else []

    return until(succeeded, f"the task {task_uuid} succeeds")


@pytest.mark.parametrize("sdk", SDKS)
def test_layers_come_as_one_tiff(sdk: Sdk, client: Client, lamina_server: Served) -> None:
    wanted = {**LAYERED, "settings": {"layers": 4, "trueCFGScale": 4.0}, "steps": 50, "outputFormat": "TIFF"}
    (item,) = client.get(sdk.call("imageInference"), {**wanted, "deliveryMethod": "sync"})
    assert lamina_server.client.get(item["imageURL"]).headers["content-type"] == "image/tiff"


@pytest.mark.parametrize("sdk", [V2_SOCKET, V2_HTTP], ids=["socket", "http"])
@pytest.mark.parametrize("delivery", ["sync", "async"])
def test_layers_come_as_pngs(sdk: Sdk, client: Client, delivery: str) -> None:
    items = client.get("run", {**LAYERED, "outputFormat": "PNG", "deliveryMethod": delivery})
    assert len(items) == 2
    assert all(".png" in item["imageURL"] for item in items)


@shows("Connection", "two calls at once", by=ALL)
@shows("Errors", "one task's error is not another's", by=ALL)
@pytest.mark.parametrize("sdk", SDKS)
def test_two_calls_at_once_do_not_meet(sdk: Sdk, client: Client) -> None:
    call = sdk.call("imageInference")
    good, bad = client.together((call, GENERATION), (call, {**GENERATION, "width": 100}))
    assert len(good["result"]) == 1
    assert "width" in str(bad["error"])


@shows("modelSearch", "search", "totalResults", "results", by=ALL)
@pytest.mark.parametrize("sdk", SDKS)
def test_models_are_found(sdk: Sdk, client: Client) -> None:
    found = client.get(sdk.call("modelSearch"), {"search": "layered"})
    told = found[0] if isinstance(found, list) else found
    assert told["totalResults"] == 1
    assert told["results"][0]["air"] == "alibaba:qwen-image@layered"


@shows("imageUpload", "image", "imageUUID", by=(V2_SOCKET.name, V2_HTTP.name, JS.name))
@shows("mediaStorage", "upload", "delete", "mediaUUID", by=(V2_SOCKET.name, V2_HTTP.name, JS.name))
@pytest.mark.parametrize("sdk", [V2_SOCKET, V2_HTTP, JS], ids=["v2 socket", "v2 http", "js"])
def test_pictures_are_uploaded_used_and_deleted(sdk: Sdk, client: Client) -> None:
    def only(found: Any) -> dict[str, Any]:
        return found[0] if isinstance(found, list) else found

    image = only(client.get(sdk.call("imageUpload"), {"image": PICTURE}))
    media = only(client.get(sdk.call("mediaStorage"), {"operation": "upload", "media": PICTURE}))
    for uploaded in (image["imageUUID"], media["mediaUUID"]):
        client.get(sdk.call("imageInference"), {**LAYERED, "inputs": {"referenceImages": [uploaded]}})
    client.get(sdk.call("mediaStorage"), {"operation": "delete", "media": media["mediaUUID"]})
    gone = client.ask(sdk.call("imageInference"), {**LAYERED, "inputs": {"referenceImages": [media["mediaUUID"]]}})
    assert "error" in gone


@pytest.mark.parametrize("sdk", [V1], ids=["v1"])
@shows("imageUpload", "image", "imageUUID", "imageURL", by=PYTHON_V1)
@shows("mediaStorage", "upload", "mediaUUID", by=PYTHON_V1)
def test_the_first_python_sdk_uploads_local_files(sdk: Sdk, client: Client, picture: Path) -> None:
    image = client.get("uploadImage", {"arguments": [str(picture)]})
    assert image["imageURL"].startswith("http")
    media = client.get("uploadMedia", {"arguments": [str(picture)]})
    for source in (image["imageUUID"], media["mediaUUID"], str(picture)):
        (item,) = client.get("imageInference", {**LAYERED, "inputs": {"referenceImages": [source]}})
        assert item["imageURL"]


@pytest.mark.parametrize("sdk", [V1], ids=["v1"])
def test_one_picture_in_several_ways(sdk: Sdk, client: Client) -> None:
    types = ["URL", "base64Data", "dataURI"]
    (item,) = client.get("imageInference", {**GENERATION, "outputType": types, "outputFormat": "PNG"})
    assert item["imageURL"]
    assert item["imageDataURI"] == f"data:image/png;base64,{item['imageBase64Data']}"


@pytest.mark.parametrize("sdk", [V1, JS], ids=["v1", "js"])
@shows("imageInference", "partial results", by=PYTHON_V1)
@shows("imageInference", "partial results", by=JAVASCRIPT)
def test_each_result_is_told_when_it_is_ready(sdk: Sdk, client: Client) -> None:
    wanted = {**GENERATION, "numberResults": 3, "positivePrompt": "steps 2 0.1", "partial": True}
    answer = client.ask("imageInference", wanted)
    assert len(answer["result"]) == 3
    assert sum(len(images) for images in answer["partial"]) == 3


@shows("getTaskDetails", "request", "response", by=ALL)
@pytest.mark.parametrize("sdk", [V1, JS, V2_SOCKET, V2_HTTP], ids=["v1", "js", "v2 socket", "v2 http"])
def test_the_details_of_a_task(sdk: Sdk, client: Client) -> None:
    task_uuid = new_uuid()
    client.get(sdk.call("imageInference"), {**GENERATION, "taskUUID": task_uuid})
    given = {"arguments": [task_uuid]} if sdk is V1 else {"taskUUID": task_uuid}
    found = client.get(sdk.call("getTaskDetails"), given)
    told = found[0] if isinstance(found, list) else found
    assert told["request"][0]["positivePrompt"] == "a red circle"
    response = told["response"]  # the older Python SDK takes the list out of it
    assert (response if sdk is V1 else response["data"])[0]["imageUUID"]


@pytest.mark.parametrize("sdk", SECOND_GENERATION)
def test_the_account(sdk: Sdk, client: Client) -> None:
    (told,) = client.get("account_management", {"operation": "getDetails"})
    assert told["usage"]["total"]["requests"] >= 0


@shows("Errors", "errors at run time", by=ALL)
@pytest.mark.parametrize("sdk", [V1, JS, V2_SOCKET, V2_HTTP], ids=["v1", "js", "v2 socket", "v2 http"])
def test_what_goes_wrong_in_a_run_is_told(sdk: Sdk, client: Client) -> None:
    nowhere = "http://127.0.0.1:9/nothing.png"
    wanted = {**LAYERED, "inputs": {"referenceImages": [nowhere]}, "deliveryMethod": "sync"}
    answer = client.ask(sdk.call("imageInference"), wanted)
    assert "127.0.0.1:9" in str(answer["error"])


@shows("Errors", "invalidApiKey", by=ALL)
@pytest.mark.parametrize("sdk", [V1, JS, V2_SOCKET, V2_HTTP], ids=["v1", "js", "v2 socket", "v2 http"])
def test_a_bad_key_is_told(sdk: Sdk, lamina_server: Served) -> None:
    with sdk.started(lamina_server.url, "lam_wrong") as client:
        if client.connected["connected"]:
            answer = client.ask(sdk.call("modelSearch"), {"search": "x"})
            assert "Invalid API key" in str(answer["error"])
        else:
            assert client.connected["message"]


@pytest.mark.parametrize("sdk", [V2_SOCKET, V1], ids=["v2", "v1"])
@shows("Connection", "a lost connection is made again", by=PYTHON_V1)
@shows("Connection", "a lost connection is made again", by=PYTHON_V2)
def test_a_connection_that_breaks_costs_no_result(sdk: Sdk, lamina_server: Served, cuttable: Cuttable) -> None:
    cuttable.aim(lamina_server.url)
    with sdk.started(cuttable.url, lamina_server.key) as client:
        wanted = {**GENERATION, "positivePrompt": "steps 4 0.3"}
        cutter = threading.Timer(0.6, cuttable.cut)
        cutter.start()
        items = client.get(sdk.call("imageInference"), wanted)
        joined(cutter)
    assert cuttable.cuts == 1
    assert items[0]["imageURL"]
