"""A file with another canvas is taken back over HTTP: the stack gets its size, and undo gives the old one back."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lamina.core.layers import Layer, LayerKind, LayerStack
from lamina.imaging.saving import load, save
from serving import Served, problem, served


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    folder = tmp_path_factory.mktemp("canvas")
    with served(folder) as one:
        yield one
    assert "exception" not in (folder / "log").read_text()


def noise(height: int, width: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(height).integers(0, 256, (height, width, 4), np.uint8)


def created(service: Served, stack: LayerStack, folder: Path) -> dict[str, Any]:
    return service.client.post("/v1/stacks", json={"source": uploaded(service, stack, folder)}).json()


def uploaded(service: Served, stack: LayerStack, folder: Path) -> str:
    content = save(stack, folder / "stack.psd").read_bytes()
    return service.client.post("/v1/files", files={"file": ("stack.psd", content)}).json()["reference"]


def test_a_cropped_file_becomes_the_next_revision(service: Served, tmp_path: Path) -> None:
    client = service.client
    disc = Layer("Disc", LayerKind.OBJECT, noise(20, 30), 10, 12)
    stack = created(service, LayerStack(80, 60, (Layer("Back", LayerKind.BACKGROUND, noise(60, 80)), disc)), tmp_path)
    path = f"/v1/stacks/{stack['id']}"
    (tmp_path / "sent.psd").write_bytes(client.get(f"{path}.psd").content)
    cropped = tuple(layer.moved(-5, -8) for layer in load(tmp_path / "sent.psd"))
    source = uploaded(service, LayerStack(50, 40, cropped), tmp_path)
    answer = client.post(f"{path}/revisions", json={"source": source}, headers={"If-Match": '"1"'})
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert (body["origin"], body["changes"], body["is_empty"]) == ([5, 8], [], False)
    assert body["sentences"][0] == "The canvas was 80 x 60 pixels and is 50 x 40; its top left was at 5, 8."
    now = body["stack"]
    assert (now["width"], now["height"], now["layers"][1]["bbox"]) == (50, 40, [5, 4, 30, 20])
    assert [layer["pixels"] for layer in now["layers"]] == [layer["pixels"] for layer in stack["layers"]]
    listed = client.get("/v1/stacks").json()["stacks"][0]
    assert (listed["width"], listed["height"]) == (50, 40)
    for step, tag, size in (("undo", 2, (80, 60)), ("redo", 1, (50, 40))):
        seen = client.post(f"{path}/{step}", headers={"If-Match": f'"{tag}"'}).json()
        assert (seen["width"], seen["height"]) == size
    (tmp_path / "back.ora").write_bytes(client.get(f"{path}.ora").content)
    back = load(tmp_path / "back.ora")
    assert (back.width, back.height, back[1].box) == (50, 40, (5, 4, 30, 20))


def test_a_file_of_something_else_is_refused(service: Served, tmp_path: Path) -> None:
    client = service.client
    layer = Layer("Back", LayerKind.BACKGROUND, noise(60, 80))
    stack = created(service, LayerStack(80, 60, (layer,)), tmp_path)
    source = uploaded(service, LayerStack(50, 41, (replace(layer, pixels=noise(41, 50)),)), tmp_path)
    answer = client.post(f"/v1/stacks/{stack['id']}/revisions", json={"source": source}, headers={"If-Match": '"1"'})
    told = problem(answer, 422, "task_invalid")
    assert "50 x 41 pixels, and shows no part of the stack, 80 x 60" in told["detail"]
    assert client.get(f"/v1/stacks/{stack['id']}").json()["revision"] == 1
