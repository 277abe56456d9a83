"""Files in an S3 bucket, against moto's server on 127.0.0.1."""

import os
import urllib.request
from collections.abc import Generator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from lamina.core.errors import ErrorCode, LaminaError
from lamina.store.blobs import open_blobs
from waiting import completed

MISSING = "0" * 64


@pytest.fixture(scope="module")
def endpoint() -> Generator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    bucket = urllib.request.Request(f"{address}/pictures", method="PUT")  # noqa: S310 (our own server)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(bucket) as response:
        assert response.status == 200
    yield address
    server.stop()


@pytest.fixture(autouse=True)
def environment(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)


def test_a_bucket_keeps_files_under_its_prefix() -> None:
    async def scenario() -> None:
        blobs = open_blobs("s3://pictures/under/here")
        await blobs.check()
        stored = await blobs.put(b"a picture")
        assert await blobs.put(b"a picture") == stored
        assert await blobs.get(stored.sha256) == b"a picture"
        assert await blobs.size(stored.sha256) == 9
        assert b"".join([chunk async for chunk in blobs.stream(stored.sha256, 2, 6)]) == b"pict"
        assert [(blob.sha256, blob.size) async for blob in blobs.list()] == [(stored.sha256, 9)]
        assert [blob async for blob in open_blobs("s3://pictures/elsewhere").list()] == []
        await blobs.delete(stored.sha256)
        await blobs.delete(stored.sha256)
        assert [blob async for blob in blobs.list()] == []

    completed(scenario())


def test_a_file_of_several_parts_comes_back_whole(tmp_path: Path) -> None:
    async def scenario() -> None:
        blobs = open_blobs("s3://pictures/large")
        source = tmp_path / "large.bin"
        source.write_bytes(os.urandom((20 << 20) + 7))
        stored = await blobs.put(source)
        await blobs.fetch_to(stored.sha256, tmp_path / "back.bin")
        assert (tmp_path / "back.bin").read_bytes() == source.read_bytes()
        middle = b"".join([chunk async for chunk in blobs.stream(stored.sha256, 8 << 20, 17 << 20)])
        assert middle == source.read_bytes()[8 << 20 : 17 << 20]

    completed(scenario())


def test_a_listing_goes_past_one_page() -> None:
    async def scenario() -> None:
        blobs = open_blobs("s3://pictures/many")
        kept = {(await blobs.put(str(number).encode())).sha256 for number in range(60)}
        assert {blob.sha256 async for blob in blobs.list()} == kept

    completed(scenario())


def test_a_missing_blob_is_not_found() -> None:
    with pytest.raises(LaminaError) as caught:
        completed(open_blobs("s3://pictures").get(MISSING))
    assert caught.value.code == ErrorCode.NOT_FOUND


def test_a_missing_bucket_fails_the_check() -> None:
    with pytest.raises(LaminaError, match="s3://nowhere") as caught:
        completed(open_blobs("s3://nowhere/files").check())
    assert caught.value.code == ErrorCode.STORE_UNAVAILABLE


def test_an_endpoint_that_is_down_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(LaminaError) as caught:
        completed(open_blobs("s3://pictures").check())
    assert caught.value.code == ErrorCode.STORE_UNAVAILABLE
