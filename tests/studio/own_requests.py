"""Requests that a test sends as its page would: with the cookie of the session, from the origin of the server."""

import io
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, TypeAlias

import httpx2
import numpy as np
from PIL import Image

from lamina.core.layers import Pixels
from waiting import PATIENCE_S

Json: TypeAlias = dict[str, Any]
_OPEN = ("queued", "running")
_LOOK_S = 0.05


class Requests:
    """`cookie`: name and value."""

    def __init__(self, url: str, cookie: tuple[str, str]) -> None:
        self.client = httpx2.Client(
            base_url=url, cookies=dict([cookie]), headers={"Origin": url}, timeout=PATIENCE_S, trust_env=False
        )

    def upload(self, name: str, content: bytes) -> str:
        """The reference of the stored file."""
        return _body(self.client.post("/v1/files", files={"file": (name, content)}))["reference"]

    def decomposed(self, image: str, **fields: Any) -> str:
        """The id of a job that has succeeded."""
        job = _body(self.client.post("/v1/decompositions", json={"image": image, "engine": "classic", **fields}))
        self.wait_for_job(job["id"], "succeeded")
        return job["id"]

    def wait_for_job(self, job_id: str, state: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while (job := _body(self.client.get(f"/v1/jobs/{job_id}")))["state"] != state:
            assert job["state"] in _OPEN, job
            assert time.monotonic() < end, job
            time.sleep(_LOOK_S)

    def create(self, source: str, name: str) -> str:
        """The id of a new stack."""
        return _body(self.client.post("/v1/stacks", json={"source": source, "name": name}))["id"]

    def stack(self, stack_id: str) -> Json:
        return _body(self.client.get(f"/v1/stacks/{stack_id}"))

    def edit(self, stack_id: str, *operations: Json) -> Json:
        """As somebody else, whatever the revision is."""
        headers = {"If-Match": "*"}
        return _body(self.client.patch(f"/v1/stacks/{stack_id}", json={"operations": operations}, headers=headers))

    def preview(self, stack_id: str, **query: int) -> Pixels:
        """(height, width, 4): what the server composites, at full size."""
        answer = self.client.get(f"/v1/stacks/{stack_id}/preview.png", params={"size": 4096, **query})
        assert answer.status_code == 200, answer.text
        return pixels_of(answer.content)

    def content(self, path: str) -> bytes:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.content

    @contextmanager
    def edited(self, stack_id: str, revisions: int = 1) -> Generator[None]:
        """Waits for the revisions that what is done inside makes, or for one that it goes back to."""
        before = self.stack(stack_id)["revision"]
        yield
        self.wait_for(stack_id, lambda stack: not before <= stack["revision"] < before + revisions)

    def wait_for(self, stack_id: str, is_there: Any) -> Json:
        end = time.monotonic() + PATIENCE_S / 4
        while not is_there(stack := self.stack(stack_id)):
            assert time.monotonic() < end, f"the stack stays as it is: {stack['revision']}, {node_names(stack)}"
            time.sleep(_LOOK_S)
        return stack


def nodes(stack: Json) -> dict[str, Json]:
    """All layers and groups by name."""
    found: dict[str, Json] = {}

    def walk(layers: list[Json]) -> None:
        for node in layers:
            found[node["name"]] = node
            walk(node.get("layers", []))

    walk(stack["layers"])
    return found


def node_names(stack: Json) -> list[str]:
    """Topmost first, a group before its members."""

    def walk(layers: list[Json]) -> list[str]:
        return [name for node in reversed(layers) for name in (node["name"], *walk(node.get("layers", [])))]

    return walk(stack["layers"])


def pixels_of(png: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))


def _body(answer: httpx2.Response) -> Json:
    assert answer.is_success, answer.text
    return answer.json()
