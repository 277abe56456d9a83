"""LoRAs from their address to their use in the next request, through each SDK, with a real model."""

import functools
import io
import json
import threading
from collections.abc import Generator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clients import JAVASCRIPT, PYTHON_V1, PYTHON_V2, Client, javascript, new_uuid, python_v1, python_v2
from compat import shows
from PIL import Image
from safetensors.numpy import save_file
from sockets import at_home, run, task

from archives import data_uri, edits
from serving import Served, lamina, served
from waiting import joined

pytest.importorskip("torch", reason="LoRAs are put on a model, which needs the extra qwen")

STATES = ["validated", "downloaded", "optimized", "stored", "ready"]
MODULE = "transformer.transformer_blocks.2.attn.to_v"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What can be downloaded: LoRAs for nano, and what is none."""
    folder = tmp_path_factory.mktemp("shelf")
    draw = np.random.default_rng(0)
    pair = {
        f"{MODULE}.lora_A.weight": draw.standard_normal((4, 192)).astype(np.float32),
        f"{MODULE}.lora_B.weight": draw.standard_normal((192, 4)).astype(np.float32),
    }
    for name in ("one", "two", "three", "four"):
        save_file(pair, folder / f"{name}.safetensors")
    save_file({"lora_te2_x.lora_down.weight": np.zeros((4, 4), np.float32)}, folder / "sdxl.safetensors")
    save_file({"weight": np.zeros((4, 4), np.float32)}, folder / "whole.safetensors")
    whole = (folder / "one.safetensors").read_bytes()
    (folder / "cut.safetensors").write_bytes(whole[:-100])
    (folder / "pickle.safetensors").write_bytes(b"\x80\x04" + bytes(100))
    (folder / "page.safetensors").write_bytes(b"<html>sign in</html>")
    return folder


@pytest.fixture(scope="module")
def provider(shelf: Path) -> Generator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(shelf)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    joined(thread)
    server.server_close()


@pytest.fixture(scope="module")
def nano(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    folder = tmp_path_factory.mktemp("nano")
    with served(folder, child=None, LAMINA_ALLOW_PRIVATE_URLS="1", LAMINA_ENGINE="nano", LAMINA_SAFETY="off") as server:
        yield server


def upload(name: str, provider: str, **changes: Any) -> dict[str, Any]:
    return {
        "category": "lora", "architecture": "qwen_image", "format": "safetensors", "name": name, "version": "1",
        "downloadURL": f"{provider}/{name}.safetensors", "air": f"test:{name}@1", "uniqueIdentifier": name,
        "tags": ["a tag"], "positiveTriggerWords": "woodcut", **changes,
    }  # fmt: skip


def pictures(client: Client, call: str, air: str, server: Served) -> list[Any]:
    """Without the LoRA, and with it."""
    plain = {"model": "runware:108@1", "positivePrompt": "a red circle", "width": 128, "height": 128, "steps": 2,
             "seed": 5, "outputFormat": "PNG"}  # fmt: skip
    with_it = {**plain, "lora": [{"model": air, "weight": 1.0}]}
    made = [client.get(call, wanted)[0]["imageURL"] for wanted in (plain, with_it)]
    return [np.asarray(Image.open(io.BytesIO(server.client.get(address).content))) for address in made]


@shows("modelUpload", "states", "air", "downloadURL", "use in the next request", by=PYTHON_V1)
@shows("modelSearch", "own LoRAs", by=PYTHON_V1)
def test_the_first_python_sdk(nano: Served, provider: str) -> None:
    with python_v1(nano.url, nano.key) as client:
        states = client.get("modelUpload", {**upload("one", provider), "private": True})
        assert [state["status"] for state in states] == STATES
        plain, styled = pictures(client, "imageInference", "test:one@1", nano)
        assert (plain != styled).any()
        (found,) = client.get("modelSearch", {"search": "one", "category": "lora"})["results"]
        assert (found["air"], found["private"], found["tags"]) == ("test:one@1", True, ["a tag"])


@shows("modelUpload", "states", "use in the next request", by=JAVASCRIPT)
def test_the_javascript_sdk(nano: Served, provider: str) -> None:
    with javascript(nano.url, nano.key) as client:
        answer = client.ask("modelUpload", upload("two", provider))
        assert answer["result"]["status"] == "ready"
        assert [state["status"] for state in answer["partial"]] == STATES
        plain, styled = pictures(client, "imageInference", "test:two@1", nano)
        assert (plain != styled).any()


@shows("modelUpload", "states", "use in the next request", by=f"{PYTHON_V2} over HTTP")
def test_the_second_python_sdk(nano: Served, provider: str) -> None:
    with python_v2(nano.url, nano.key, "rest") as client:
        wanted = upload("three", provider)
        del wanted["air"]  # which it need not give
        states = client.get("model_upload", wanted)
        assert [state["status"] for state in states] == STATES
        assert states[-1]["air"] == "lamina:three@1"
        plain, styled = pictures(client, "run", "lamina:three@1", nano)
        assert (plain != styled).any()


@shows("modelUpload", "a LoRA that was uploaded as media")
def test_a_lora_may_come_from_our_own_storage(nano: Served, shelf: Path) -> None:
    import base64

    content = base64.b64encode((shelf / "four.safetensors").read_bytes()).decode()
    with python_v2(nano.url, nano.key, "rest") as client:
        (media,) = client.get("media_storage", {"operation": "upload", "media": content})
        states = client.get("model_upload", {**upload("four", ""), "downloadURL": media["mediaURL"]})
        assert states[-1]["status"] == "ready"
        again = client.get("model_upload", {**upload("four", ""), "downloadURL": media["mediaURL"]})
        assert [state["status"] for state in again] == ["ready"]
        other = client.ask("model_upload", {**upload("four", ""), "downloadURL": f"{media['mediaURL']}&x"})
        assert "another LoRA" in other["error"]["message"]


@shows("imageInference", "lora.model: lamina:JOB@1, which the account has trained")
@shows("modelSearch", "LoRAs that were trained here")
def test_a_lora_that_was_trained_here_has_an_air(nano: Served) -> None:
    sent = {"images": data_uri(edits()), "steps": 3, "learning_rate": 0.02}
    job = nano.client.post("/v1/trainings", json=sent, headers={"Prefer": "wait=120"}).json()
    assert job["state"] == "succeeded", job
    air = f"lamina:{job['id']}@1"
    with python_v2(nano.url, nano.key, "rest") as client:
        plain, styled = pictures(client, "run", air, nano)
        assert (plain != styled).any()
        (found,) = client.get("model_search", {"search": air})[0]["results"]
        assert (found["air"], found["architecture"], found["private"]) == (air, "qwen_image_edit_2511", True)
    other = json.loads(lamina(nano.data.parent, "keys", "create", "--json").stdout)["key"]
    wanted = {"model": "runware:108@1", "positivePrompt": "x", "width": 128, "height": 128, "lora": [{"model": air}]}
    with nano.as_key(other) as stranger:
        answer = stranger.post("/v1", json=[task("imageInference", **wanted)])
    assert answer.json()["errors"][0]["code"] == "unsupportedLoraModel"


BAD = {
    "of another model": ("sdxl", {}, "unsupportedLoraModel"),
    "no LoRA": ("whole", {}, "unsupportedLoraModel"),
    "cut short": ("cut", {}, "unsupportedLoraModel"),
    "a pickle": ("pickle", {}, "unsupportedLoraModel"),
    "a page": ("page", {}, "unsupportedLoraModel"),
    "not there": ("gone", {}, "downloadFailed"),
    "a checkpoint": ("one", {"category": "checkpoint"}, "unsupportedParameter"),
    "for another architecture": ("one", {"architecture": "sdxl"}, "unsupportedLoraModel"),
    "named badly": ("one", {"air": "one"}, "invalidParameter"),
    "named as a model": ("one", {"air": "runware:108@1"}, "modelAlreadyExists"),
    "a pickle by its format": ("one", {"format": "ckpt"}, "invalidParameter"),
    "a file of the machine": ("one", {"downloadURL": "file:///etc/passwd"}, "invalidParameter"),
}


@shows("modelUpload", "errors")
@pytest.mark.parametrize(("name", "changes", "code"), BAD.values(), ids=BAD)
def test_what_is_no_lora_is_refused(nano: Served, provider: str, name: str, changes: dict[str, Any], code: str) -> None:
    sent = task("modelUpload", **upload(name, provider, **{"air": f"bad:{new_uuid()}@1", **changes}))

    async def talk() -> None:
        async with at_home(nano.url, nano.key) as socket:
            await socket.say(sent)
            while "errors" not in (frame := await socket.hear()):
                assert frame["data"][0]["status"] in STATES[:2]
            (error,) = frame["errors"]
            assert (error["code"], error["taskUUID"]) == (code, sent["taskUUID"])
            assert "/tmp" not in error["message"]  # noqa: S108  (no path of the machine)
            if code in ("unsupportedLoraModel", "downloadFailed") and "architecture" not in changes:
                await socket.say({"taskType": "getResponse", "taskUUID": sent["taskUUID"]})
                assert (await socket.error())["code"] == code

    run(talk())


@shows("modelUpload", "private addresses are not fetched")
def test_private_addresses_are_not_fetched(tmp_path: Path, provider: str) -> None:
    with served(tmp_path) as server:
        answer = server.client.post("/v1", json=[task("modelUpload", **upload("one", provider))])
    assert answer.json()["errors"][0]["code"] == "invalidParameter"
