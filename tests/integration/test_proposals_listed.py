"""Proposals of the real engines, as a page that is loaded again needs them: listed, made once, edits of nano."""

import io
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from PIL import Image
from test_stack_proposals import accepted, ended_job, proposed

from lamina.core.layers import Layer, LayerKind, LayerStack
from lamina.imaging.saving import save
from serving import Served, problem, served

EDIT = {"op": "edit", "layer": 2, "prompt": "make the circle green"}
NANO = {"engine": "nano", "seed": 1, "steps": 2}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    folder = tmp_path_factory.mktemp("listed")
    with served(folder, child=None) as one:
        yield one
    assert "exception" not in (folder / "log").read_text()


@pytest.fixture
def stack(service: Served, tmp_path: Path) -> dict[str, Any]:
    """A red disc with a soft edge on a plain background."""
    disc = np.zeros((64, 96, 4), np.uint8)
    disc[..., :3] = 200, 30, 30
    disc[8:56, 16:80, 3] = 255
    disc[8:12, 16:80, 3] = 90
    back = np.full((96, 128, 4), (240, 230, 200, 255), np.uint8)
    layers = (Layer("Back", LayerKind.BACKGROUND, back), Layer("Disc", LayerKind.OBJECT, disc, 10, 20))
    content = save(LayerStack(128, 96, layers), tmp_path / "drawn.zip").read_bytes()
    upload = service.client.post("/v1/files", files={"file": ("drawn", content)}).json()
    return service.client.post("/v1/stacks", json={"source": upload["reference"]}).json()


def listed(client: httpx2.Client, stack: dict[str, Any], **query: str | int) -> list[dict[str, Any]]:
    answer = client.get(f"/v1/stacks/{stack['id']}/proposals", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["proposals"]


def pixels_of(client: httpx2.Client, layer: dict[str, Any]) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(client.get(layer["pixels"]["url"]).content)).convert("RGBA"))


def test_a_layer_is_edited_by_words_within_its_outline(service: Served, stack: dict[str, Any]) -> None:
    client, path = service.client, f"/v1/stacks/{stack['id']}/proposals"
    before = pixels_of(client, stack["layers"][1])
    dry = client.post(path, json={"operation": EDIT, **NANO, "dry_run": True})
    assert (dry.status_code, dry.json()["job"], listed(client, stack)) == (200, None, [])
    answer = client.post(path, json={"operation": EDIT, **NANO})
    assert answer.status_code == 202, answer.text
    job_id = answer.json()["job"]["id"]
    assert (answer.json()["job"]["kind"], answer.json()["price_usd"]) == ("edit", dry.json()["price_usd"])
    job = ended_job(client, job_id)
    assert (job["state"], job["result"]["engine"]) == ("succeeded", "nano"), job
    assert client.get(f"/v1/stacks/{stack['id']}").json()["revision"] == 1
    body = accepted(client, stack, job_id).json()
    edited, after = body["layers"][1], pixels_of(client, body["layers"][1])
    assert (edited["id"], edited["name"], edited["bbox"]) == (2, "Disc", stack["layers"][1]["bbox"])
    assert (after[..., 3] == before[..., 3]).all()
    assert (after[..., :3] != before[..., :3]).any()
    assert (body["made"], [name.split("@")[0] for name in body["edited_by"]]) == (None, ["nano"])
    sent = Image.open(io.BytesIO(client.get(f"/v1/stacks/{stack['id']}.png").content))
    assert json.loads(sent.info["lamina"])["edited_by"] == body["edited_by"]
    psd = client.get(f"/v1/stacks/{stack['id']}.psd").content
    upload = client.post("/v1/files", files={"file": ("edited.psd", psd)}).json()
    assert client.post("/v1/stacks", json={"source": upload["reference"]}).json()["edited_by"] == body["edited_by"]
    assert client.get(f"/v1/stacks/{stack['id']}/revisions").json()["revisions"][0]["description"] == 'edit "Disc"'
    assert listed(client, stack) == []
    problem(accepted(client, body, job_id), 409, "state_conflict")
    undone = client.post(f"/v1/stacks/{stack['id']}/undo", headers={"If-Match": '"2"'}).json()
    assert (pixels_of(client, undone["layers"][1]) == before).all()


def test_a_page_that_is_loaded_again_finds_the_proposals(service: Served, stack: dict[str, Any]) -> None:
    client, path = service.client, f"/v1/stacks/{stack['id']}"
    split = {"op": "split", "layer": 2, "layers": 3}
    first = proposed(client, stack, split)
    separating = {"op": "separate", "layer": 1, "box": [0.0, 0.0, 40.0, 40.0], "name": "Corner", "unit": "pixels"}
    second = proposed(client, stack, separating)
    seen = listed(client, stack)
    assert [(each["id"], each["operation"], each["layer_name"]) for each in seen] == [
        (second, separating, "Back"),
        (first, split, "Disc"),
    ]
    assert [each["id"] for each in listed(client, stack, limit=1)] == [second]
    assert [each["id"] for each in listed(client, stack, before=second)] == [first]
    assert {(each["revision"], each["is_acceptable"], each["obstacle"]) for each in seen} == {(1, True, None)}
    job = client.get(f"/v1/jobs/{first}").json()
    assert (seen[1]["price_usd"], seen[1]["created_at"]) == (job["price_usd"], job["created_at"])
    scaling = {"operations": [{"op": "scale", "layer": 2, "across": 0.5, "down": 0.5}]}
    assert client.patch(path, json=scaling, headers={"If-Match": '"1"'}).status_code == 200
    told = listed(client, stack)
    assert [each["is_acceptable"] for each in told] == [True, False]
    assert "does not look" in told[1]["obstacle"]
    ended_job(client, first)
    assert client.delete(f"{path}/proposals/{first}").status_code == 204
    assert [each["id"] for each in listed(client, stack)] == [second]
    ended_job(client, second)
    assert client.delete(f"/v1/jobs/{second}").status_code == 204
    assert listed(client, stack) == []


def test_a_repeated_request_makes_one_proposal(service: Served, stack: dict[str, Any]) -> None:
    client, path = service.client, f"/v1/stacks/{stack['id']}"
    headers = {"Idempotency-Key": f"split {stack['id']}"}
    body = {"operation": {"op": "split", "layer": 2}}
    first = client.post(f"{path}/proposals", json=body, headers=headers).json()
    gone = {"operations": [{"op": "delete", "layer": 2}]}
    assert client.patch(path, json=gone, headers={"If-Match": "*"}).status_code == 200
    again = client.post(f"{path}/proposals", json=body, headers=headers)
    assert (again.status_code, again.json()["job"]["id"]) == (202, first["job"]["id"])
    assert again.headers["location"] == f"/v1/jobs/{first['job']['id']}"
    other = {"operation": {"op": "split", "layer": 1}}
    problem(client.post(f"{path}/proposals", json=other, headers=headers), 409, "idempotency_conflict")
    assert [each["id"] for each in listed(client, stack)] == [first["job"]["id"]]
    ended_job(client, first["job"]["id"])


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"operation": {**EDIT, "layer": 9}}, 422, "task_invalid"),
        ({"operation": {**EDIT, "prompt": ""}}, 422, "task_invalid"),
        ({"operation": {"op": "edit", "layer": 2}}, 422, "task_invalid"),
        ({"operation": EDIT, "engine": "classic"}, 422, "task_invalid"),
        ({"operation": EDIT, "model": "no-such-model"}, 404, "model_unknown"),
        ({"operation": EDIT, "prompt": "twice"}, 422, "task_invalid"),
    ],
)
def test_a_bad_edit_makes_no_proposal(
    service: Served, stack: dict[str, Any], fields: dict[str, Any], status: int, code: str
) -> None:
    path = f"/v1/stacks/{stack['id']}/proposals"
    assert problem(service.client.post(path, json=fields), status, code)["hint"]
    assert listed(service.client, stack) == []


def test_an_edit_is_no_change_that_is_made_at_once(service: Served, stack: dict[str, Any]) -> None:
    body = {"operations": [EDIT]}
    answer = service.client.patch(f"/v1/stacks/{stack['id']}", json=body, headers={"If-Match": '"1"'})
    assert "proposals" in problem(answer, 422, "task_invalid")["hint"]


def test_proposals_of_others_are_not_shown(service: Served) -> None:
    missing = "019d0000-0000-7000-8000-000000000000"
    problem(service.client.get(f"/v1/stacks/{missing}/proposals"), 404, "not_found")
