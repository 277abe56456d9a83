"""Stacks of jobs, and proposals of the real engine for them: told a price, accepted, discarded, refused when late."""

import io
import time
from collections.abc import Generator
from typing import Any

import httpx2
import numpy as np
import pytest
from PIL import Image

from serving import Served, poster, problem, served
from waiting import PATIENCE_S

WAIT = {"Prefer": "wait=60"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    folder = tmp_path_factory.mktemp("proposals")
    with served(folder, child=None) as one:
        yield one
    assert "exception" not in (folder / "log").read_text()


@pytest.fixture(scope="module")
def reference(service: Served) -> str:
    return service.client.post("/v1/files", files={"file": ("poster.png", poster())}).json()["reference"]


def ended_job(client: httpx2.Client, job_id: str) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        job = client.get(f"/v1/jobs/{job_id}").json()
        if job["state"] not in ("queued", "running"):
            return job
        time.sleep(0.1)
    raise AssertionError(f"the job {job_id} did not end within {PATIENCE_S:g} s")


def proposed(client: httpx2.Client, stack: dict[str, Any], operation: dict[str, Any]) -> str:
    answer = client.post(f"/v1/stacks/{stack['id']}/proposals", json={"operation": operation})
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['job']['id']}"
    return answer.json()["job"]["id"]


def accepted(client: httpx2.Client, stack: dict[str, Any], job_id: str) -> httpx2.Response:
    headers = {"If-Match": f'"{stack["revision"]}"'}
    return client.post(f"/v1/stacks/{stack['id']}/proposals/{job_id}/accept", headers=headers)


def stack_of(client: httpx2.Client, source: str) -> dict[str, Any]:
    answer = client.post("/v1/stacks", json={"source": source})
    assert answer.status_code == 201, answer.text
    return answer.json()


def shown(client: httpx2.Client, stack: dict[str, Any]) -> np.ndarray[Any, Any]:
    answer = client.get(f"/v1/stacks/{stack['id']}/preview.png")
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGBA"))


def test_a_stack_of_a_job_outlives_the_job(service: Served, reference: str) -> None:
    client = service.client
    job = client.post("/v1/decompositions", json={"image": reference}, headers=WAIT).json()
    assert job["state"] == "succeeded", job
    first = client.get(f"/v1/stacks/{job['id']}").json()
    stack = stack_of(client, f"job:{job['id']}")
    assert [layer["name"] for layer in stack["layers"]] == [layer["name"] for layer in first["layers"]]
    assert (stack["source"], stack["id"] != job["id"]) == (f"job:{job['id']}", True)
    headers = {"If-Match": '"1"'}
    hiding = {"operations": [{"op": "delete", "layer": stack["layers"][-1]["id"]}]}
    assert client.patch(f"/v1/stacks/{stack['id']}", json=hiding, headers=headers).status_code == 200
    again = client.get(f"/v1/stacks/{job['id']}").json()
    assert (again["layers"][-1]["name"], len(again["layers"])) == (first["layers"][-1]["name"], len(first["layers"]))
    assert client.get(f"/v1/stacks/{job['id']}.psd?live_text=true").status_code == 200
    assert client.delete(f"/v1/jobs/{job['id']}").status_code == 204
    problem(client.get(f"/v1/stacks/{job['id']}"), 404, "not_found")
    assert len(client.get(f"/v1/stacks/{stack['id']}").json()["layers"]) == len(first["layers"]) - 1
    assert client.get(f"/v1/stacks/{stack['id']}.psd").status_code == 200


def test_a_picture_is_split_by_a_proposal(service: Served, reference: str) -> None:
    client = service.client
    stack = stack_of(client, reference)
    before = shown(client, stack)
    assert (before == np.asarray(Image.open(io.BytesIO(poster())).convert("RGBA"))).all()
    layer = stack["layers"][0]["id"]
    split = {"op": "split", "layer": layer}
    dry = client.post(f"/v1/stacks/{stack['id']}/proposals", json={"operation": split, "dry_run": True})
    assert (dry.status_code, dry.json()["job"]) == (200, None)
    job_id = proposed(client, stack, split)
    assert client.get(f"/v1/jobs/{job_id}").json()["price_usd"] == dry.json()["price_usd"]
    assert ended_job(client, job_id)["state"] == "succeeded"
    assert client.get(f"/v1/stacks/{stack['id']}").json()["revision"] == 1
    answer = accepted(client, stack, job_id)
    assert answer.status_code == 200, answer.text
    group = answer.json()["layers"][0]
    assert (group["type"], group["id"], len(group["layers"]) >= 2) == ("group", layer, True)
    assert (shown(client, stack) == before).all()
    problem(accepted(client, answer.json(), job_id), 422, "task_invalid")


def test_what_is_in_a_box_becomes_a_layer(service: Served, reference: str) -> None:
    client = service.client
    stack = stack_of(client, reference)
    before = shown(client, stack)
    separating = {"op": "separate", "layer": 1, "box": [28, 58, 84, 84], "name": "Disc"}
    job_id = proposed(client, stack, separating)
    assert ended_job(client, job_id)["state"] == "succeeded"
    assert problem(accepted(client, {**stack, "revision": 7}, job_id), 409, "state_conflict")["revision"] == 1
    body = accepted(client, stack, job_id).json()
    assert [layer["name"] for layer in body["layers"]] == ["Picture", "Disc"]
    x, y, width, height = body["layers"][1]["bbox"]
    assert (abs(x - 30) <= 2, abs(y - 60) <= 2, abs(width - 81) <= 4, abs(height - 81) <= 4) == (True,) * 4
    assert (shown(client, stack) == before).all()


def test_a_proposal_for_pixels_that_have_changed_is_refused(service: Served, reference: str) -> None:
    client = service.client
    stack = stack_of(client, reference)
    job_id = proposed(client, stack, {"op": "split", "layer": 1})
    scaling = {"operations": [{"op": "scale", "layer": 1, "across": 0.5, "down": 0.5}]}
    scaled = client.patch(f"/v1/stacks/{stack['id']}", json=scaling, headers={"If-Match": '"1"'}).json()
    ended_job(client, job_id)
    assert "does not look" in problem(accepted(client, scaled, job_id), 409, "state_conflict")["detail"]
    assert client.delete(f"/v1/stacks/{stack['id']}/proposals/{job_id}").status_code == 204
    problem(accepted(client, scaled, job_id), 404, "not_found")
    problem(client.delete(f"/v1/stacks/{stack['id']}/proposals/{job_id}"), 404, "not_found")


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "separate", "layer": 1, "box": [10, 10, 0, 0]},
        {"op": "separate", "layer": 1, "box": [500, 10, 20, 20]},
        {"op": "separate", "layer": 1},
        {"op": "separate", "layer": 9, "point": [10, 10]},
        {"op": "split", "layer": 9},
        {"op": "rename", "layer": 1, "name": "Name"},
    ],
)
def test_a_bad_proposal_makes_no_job(service: Served, reference: str, operation: dict[str, Any]) -> None:
    client = service.client
    stack = stack_of(client, reference)
    jobs = len(client.get("/v1/jobs", params={"limit": 100}).json()["jobs"])
    told = problem(
        client.post(f"/v1/stacks/{stack['id']}/proposals", json={"operation": operation}), 422, "task_invalid"
    )
    assert told["hint"]
    assert len(client.get("/v1/jobs", params={"limit": 100}).json()["jobs"]) == jobs
