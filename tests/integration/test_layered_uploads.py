"""Photoshop files that are cut, or larger than a service takes: a problem of status 400 to 499 each."""

import json
import socket
import struct
from collections.abc import Generator, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import numpy as np
import pytest

from lamina.core.layers import Layer, LayerKind, LayerStack
from lamina.imaging.saving import save
from serving import Served, problem, served

MOST = 1 << 20
TWO_GIGABYTES = 2 << 30
BOUNDARY = "boundary-of-the-form"
_PATIENCE_S = 20.0


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    folder = tmp_path_factory.mktemp("layered")
    with served(folder, LAMINA_MAX_UPLOAD_BYTES=str(MOST)) as one:
        yield one
    assert "exception" not in (folder / "log").read_text()


@pytest.fixture(scope="module")
def psd(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    random = np.random.default_rng(4)
    layers = tuple(
        Layer(f"Layer {number}", LayerKind.OBJECT, random.integers(0, 256, (20, 30, 4), np.uint8), number, number)
        for number in range(3)
    )
    return save(LayerStack(80, 60, layers), tmp_path_factory.mktemp("drawn") / "drawn.psd").read_bytes()


def stack_of(client: httpx2.Client, content: bytes) -> httpx2.Response:
    upload = client.post("/v1/files", files={"file": ("drawn.psd", content)})
    assert upload.status_code == 201, upload.text
    return client.post("/v1/stacks", json={"source": upload.json()["reference"]})


def form(content: bytes) -> bytes:
    """The body of a form with a file, without its last boundary."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.psd"\r\n\r\n'
    return head.encode() + content


def sent(service: Served, body: bytes, length: int, *, is_whole: bool = False) -> tuple[int, dict[str, Any]]:
    """Sends a request whose body is `length` bytes by its header. Returns the status and the JSON of the response.

    `is_whole`: the client sends no more than `body`, and closes its side.
    """
    address = urlsplit(service.url)
    head = (
        f"POST /v1/files HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {service.key}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {length}\r\n\r\n"
    )
    with socket.create_connection((address.hostname, address.port), timeout=_PATIENCE_S) as connection:
        connection.sendall(head.encode() + body)
        if is_whole:
            connection.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    headers, _, content = received.partition(b"\r\n\r\n")
    if not received:
        return 0, {}
    assert b"application/problem+json" in headers, received
    return int(headers.split()[1]), json.loads(content)


def test_two_gigabytes_are_refused_by_their_header(service: Served, psd: bytes) -> None:
    """The client waits for the response after the first bytes: the rest is never sent."""
    status, told = sent(service, form(psd), TWO_GIGABYTES)
    assert (status, told["status"], told["code"]) == (413, 413, "input_too_large")
    assert told["hint"]


def test_an_upload_of_unknown_length_is_refused_where_it_exceeds_the_limit(service: Served, psd: bytes) -> None:
    def chunks() -> Iterator[bytes]:
        yield form(psd)
        for _ in range(64):
            yield bytes(MOST // 8)

    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    problem(service.client.post("/v1/files", content=chunks(), headers=headers), 413, "input_too_large")


def test_a_form_that_ends_early_is_no_upload(service: Served, psd: bytes) -> None:
    body = form(psd[: len(psd) // 2])
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    answer = service.client.post("/v1/files", content=body, headers=headers)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_connection_that_is_cut_leaves_nothing(service: Served, psd: bytes) -> None:
    blobs = service.data / "blobs"
    before = sorted(path for path in blobs.rglob("*") if path.is_file())
    status, _ = sent(service, form(psd[: len(psd) // 2]), len(form(psd)), is_whole=True)
    assert status == 0 or 400 <= status < 500
    assert sorted(path for path in blobs.rglob("*") if path.is_file()) == before
    assert service.client.get("/v1/stacks").status_code == 200


def layer_section(psd: bytes) -> tuple[int, int]:
    """Where the length of the section of layers is, and where the section ends: only the merged image is behind it."""
    colours = struct.unpack_from(">I", psd, 26)[0]
    resources = struct.unpack_from(">I", psd, 30 + colours)[0]
    start = 34 + colours + resources
    return start, start + 4 + struct.unpack_from(">I", psd, start)[0]


def test_a_file_that_was_cut_before_its_layers_end_is_refused(service: Served, psd: bytes) -> None:
    client = service.client
    start, end = layer_section(psd)
    for length in (4, 20, 26, 40, start + 2, start + 40, (start + end) // 2, end - 300):
        answer = stack_of(client, psd[:length])
        assert 400 <= answer.status_code < 500, (length, answer.text)
        assert (answer.headers["content-type"], answer.json()["status"]) == (
            "application/problem+json",
            answer.status_code,
        )
        assert answer.json()["hint"]
    assert client.get("/v1/stacks").json()["stacks"] == []


def test_sizes_that_the_file_only_claims_are_refused(service: Served, psd: bytes) -> None:
    """The canvas is at 14 of the header."""
    huge_canvas = psd[:14] + struct.pack(">II", 30_000, 30_000) + psd[22:]
    problem(stack_of(service.client, huge_canvas), 413, "input_too_large")
    layers, _ = layer_section(psd)
    for length in (TWO_GIGABYTES, 0xFFFFFFFF):
        claimed = psd[:layers] + struct.pack(">I", length) + psd[layers + 4 :]
        problem(stack_of(service.client, claimed), 422, "input_corrupt")


def test_a_data_uri_over_the_limit_is_refused(service: Served) -> None:
    source = "data:image/vnd.adobe.photoshop;base64," + "AAAA" * (MOST // 2)
    problem(service.client.post("/v1/stacks", json={"source": source}), 413, "input_too_large")


def test_a_file_over_the_limit_is_refused(service: Served, psd: bytes) -> None:
    assert service.client.post("/v1/files", files={"file": ("a.psd", psd.ljust(MOST, b"\0"))}).status_code == 201
    over = service.client.post("/v1/files", files={"file": ("a.psd", psd.ljust(MOST + 1, b"\0"))})
    problem(over, 413, "input_too_large")
