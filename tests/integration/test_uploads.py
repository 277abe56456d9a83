"""What a key may send to a real service: as large as the setting says, as much as it may store, and how it is told."""

import base64
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from serving import Served, environment_of, poster, served

MOST, PART = 3 << 20, 1 << 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uploads")


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[Served]:
    with served(folder, LAMINA_MAX_UPLOAD_BYTES=str(MOST)) as service:
        yield service


def client_with(service: Served, folder: Path, most: int) -> httpx2.Client:
    """Of a key that may store so many bytes."""
    command = [sys.executable, "-m", "lamina", "keys", "create", "--json", "--max-stored-bytes", str(most)]
    made = subprocess.run(
        command, cwd=folder, env=environment_of(folder), capture_output=True, text=True, timeout=60, check=True
    )
    return service.as_key(json.loads(made.stdout)["key"])


def in_parts(client: httpx2.Client, size: int) -> list[httpx2.Response]:
    """The answers, the last of which is to the completion unless one before is an error."""
    begun = client.post("/fal/cdn/files/upload/multipart").json()
    where = f"{begun['access_url']}/multipart/{begun['uploadId']}"
    answers: list[httpx2.Response] = []
    for number, start in enumerate(range(0, size, PART), 1):
        content = bytes([number]) * min(PART, size - start)
        answers.append(httpx2.put(f"{where}/{number}", content=content, timeout=60))
        if answers[-1].status_code != 200:
            return answers
    parts = [answer.json() for answer in answers]
    return [*answers, httpx2.post(f"{where}/complete", json={"parts": parts}, timeout=60)]


def test_a_file_of_exactly_the_most_bytes_passes_and_one_more_is_refused(service: Served) -> None:
    whole = in_parts(service.client, MOST)
    assert [answer.status_code for answer in whole] == [200] * 4
    assert whole[-1].json()["file_size"] == MOST
    refused = in_parts(service.client, MOST + 1)
    assert [answer.status_code for answer in refused] == [200, 200, 200, 413]
    assert f"more than {MOST:,} bytes" in refused[-1].json()["detail"]


@pytest.mark.parametrize("path", ["upload/initiate", "upload/initiate-multipart"])
def test_a_size_that_is_told_is_refused_before_anything_is_sent(service: Served, path: str) -> None:
    sent = {"file_name": "a.bin", "content_type": "application/zip"}
    assert service.client.post(f"/fal/rest/storage/{path}", json={**sent, "file_size": MOST}).status_code == 200
    refused = service.client.post(f"/fal/rest/storage/{path}", json={**sent, "file_size": MOST + 1})
    assert refused.status_code == 413


def test_a_key_without_room_is_told_in_each_apis_words(service: Served, folder: Path) -> None:
    png = poster()
    uri = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    with client_with(service, folder, len(png)) as client:
        kept = client.post("/v1/files", files={"file": ("a.png", png)})
        assert kept.status_code == 201
        native = client.post("/v1/files", files={"file": ("b.png", png)})
        assert (native.status_code, native.json()["code"]) == (413, "storage_full")
        assert f"may store {len(png):,} bytes" in native.json()["detail"]
        fal = client.post("/fal/rest/storage/upload/initiate", json={"file_name": "a.png"})
        assert (fal.status_code, "no room" in fal.json()["detail"]) == (413, True)
        inline = client.post("/fal/queue/fal-ai/qwen-image-layered", json={"image_url": uri})
        assert (inline.status_code, "no room" in str(inline.json()["detail"])) == (413, True)
        of_pixazo = {"Ocp-Apim-Subscription-Key": client.headers["authorization"].removeprefix("Bearer ")}
        path = "/qwen-image-layered/v1/qwen-image-layered-request"
        pixazo = client.post(path, json={"image_url": uri}, headers=of_pixazo)
        assert (pixazo.status_code, "no room" in pixazo.json()["message"]) == (400, True)
        task: dict[str, Any] = {
            "taskType": "imageInference",
            "taskUUID": str(uuid.uuid4()),
            "positivePrompt": "a poster",
        }
        task |= {"model": "alibaba:qwen-image@layered", "inputs": {"referenceImages": [uri]}}
        (error,) = client.post("/runware/v1", json=[task]).json()["errors"]
        assert (error["code"], "no room" in error["message"]) == ("storageLimitExceeded", True)
        assert client.delete(f"/v1/files/{kept.json()['id']}").status_code == 204
        assert client.get(f"/v1/files/{kept.json()['id']}").status_code == 404
        assert client.post("/v1/files", files={"file": ("b.png", png)}).status_code == 201
