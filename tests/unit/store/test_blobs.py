"""Files in a folder, by their content; the same behaviour on S3 is in tests/integration/test_s3.py."""

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.store.blobs import SWEEP_AFTER, Blobs, ListedBlob, open_blobs
from waiting import completed

CONTENT = b"a picture of a fox"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MISSING = "0" * 64


async def listed(blobs: Blobs) -> list[ListedBlob]:
    return [blob async for blob in blobs.list()]


async def streamed(blobs: Blobs, sha256: str, start: int | None = None, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in blobs.stream(sha256, start, end)])


def test_what_is_put_comes_back_by_its_hash(tmp_path: Path) -> None:
    async def scenario() -> None:
        blobs = open_blobs(str(tmp_path / "new" / "files"))
        stored = await blobs.put(CONTENT)
        assert (stored.sha256, stored.size) == (SHA256, len(CONTENT))
        assert await blobs.get(SHA256) == CONTENT
        assert await blobs.size(SHA256) == len(CONTENT)
        assert (tmp_path / "new" / "files" / "sha256" / SHA256[:2] / SHA256[2:]).read_bytes() == CONTENT

    completed(scenario())


def test_a_file_is_stored_as_its_bytes_are(tmp_path: Path) -> None:
    async def scenario() -> None:
        blobs = open_blobs((tmp_path / "files").as_uri())
        source = tmp_path / "large.bin"
        source.write_bytes(os.urandom(20 << 20))
        stored = await blobs.put(source)
        assert stored.size == 20 << 20
        await blobs.fetch_to(stored.sha256, tmp_path / "back.bin")
        assert (tmp_path / "back.bin").read_bytes() == source.read_bytes()
        assert await blobs.put(source.read_bytes()) == stored
        assert [blob.sha256 for blob in await listed(blobs)] == [stored.sha256]

    completed(scenario())


@pytest.mark.parametrize(
    ("start", "end"), [(None, None), (0, 1), (3, 9), (5, None), (None, 4), (2, 99), (7, 7), (18, None), (40, 50)]
)
def test_a_stream_gives_the_range_that_was_asked_for(tmp_path: Path, start: int | None, end: int | None) -> None:
    async def scenario() -> None:
        blobs = open_blobs(str(tmp_path))
        await blobs.put(CONTENT)
        assert await streamed(blobs, SHA256, start, end) == CONTENT[start:end]

    completed(scenario())


def test_an_empty_file_is_a_file(tmp_path: Path) -> None:
    async def scenario() -> None:
        blobs = open_blobs(str(tmp_path))
        stored = await blobs.put(b"")
        assert await blobs.get(stored.sha256) == b""
        assert await streamed(blobs, stored.sha256) == b""

    completed(scenario())


def test_a_second_put_writes_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        blobs = open_blobs(str(tmp_path))
        await blobs.put(CONTENT)
        (before,) = await listed(blobs)
        await blobs.put(CONTENT)
        assert await listed(blobs) == [before]

    completed(scenario())


def test_a_put_makes_a_blob_young_again_that_a_sweep_would_take(tmp_path: Path) -> None:
    async def scenario() -> None:
        blobs = open_blobs(str(tmp_path))
        await blobs.put(CONTENT)
        (new,) = await listed(blobs)
        old_s = (new.last_modified - SWEEP_AFTER).timestamp()
        os.utime(tmp_path / "sha256" / SHA256[:2] / SHA256[2:], (old_s, old_s))
        await blobs.put(CONTENT)
        (again,) = await listed(blobs)
        assert again.last_modified >= new.last_modified

    completed(scenario())


def test_a_put_repairs_what_a_power_cut_left_short(tmp_path: Path) -> None:
    async def scenario() -> None:
        blobs = open_blobs(str(tmp_path))
        await blobs.put(CONTENT)
        (tmp_path / "sha256" / SHA256[:2] / SHA256[2:]).write_bytes(b"")
        await blobs.put(CONTENT)
        assert await blobs.get(SHA256) == CONTENT

    completed(scenario())


def test_a_damaged_blob_is_not_handed_out_as_a_file(tmp_path: Path) -> None:
    async def scenario() -> None:
        blobs = open_blobs(str(tmp_path / "files"))
        await blobs.put(CONTENT)
        (tmp_path / "files" / "sha256" / SHA256[:2] / SHA256[2:]).write_bytes(b"rot")
        with pytest.raises(LaminaError, match="damaged") as caught:
            await blobs.fetch_to(SHA256, tmp_path / "out.png")
        assert caught.value.code == ErrorCode.STORE_UNAVAILABLE
        assert [entry.name for entry in tmp_path.iterdir()] == ["files"]

    completed(scenario())


def test_a_blob_that_is_gone_is_not_found(tmp_path: Path) -> None:
    async def scenario() -> None:
        blobs = open_blobs(str(tmp_path))
        await blobs.put(CONTENT)
        await blobs.delete(SHA256)
        await blobs.delete(SHA256)
        for call in (
            blobs.get(SHA256),
            blobs.size(SHA256),
            streamed(blobs, MISSING),
            blobs.fetch_to(MISSING, tmp_path / "out"),
            blobs.get("../../etc/passwd"),
            blobs.delete(SHA256.upper()),
        ):
            with pytest.raises(LaminaError) as caught:
                await call
            assert caught.value.code == ErrorCode.NOT_FOUND
        assert await listed(blobs) == []

    completed(scenario())


def test_a_listing_knows_sizes_and_skips_what_is_not_a_blob(tmp_path: Path) -> None:
    async def scenario() -> None:
        blobs = open_blobs(str(tmp_path))
        kept = {(await blobs.put(bytes([number]) * number)).sha256: number for number in range(1, 8)}
        (tmp_path / "sha256" / "notes.txt").write_text("not a blob")
        assert {blob.sha256: blob.size for blob in await listed(blobs)} == kept

    completed(scenario())


def test_what_a_killed_writer_left_is_swept_and_what_another_writes_is_not(tmp_path: Path) -> None:
    script = """
import os, signal, sys
import obstore
from obstore.store import LocalStore
def parts():
    yield bytes(9 << 20)
    yield bytes(9 << 20)
    os.kill(os.getpid(), signal.SIGKILL)
obstore.put(LocalStore(sys.argv[1]), "sha256/ab/" + "c" * 62, parts(), chunk_size=1 << 20)
"""
    killed = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    (left,) = [path for path in tmp_path.rglob("*") if path.is_file()]

    async def scenario() -> None:
        blobs = open_blobs(str(tmp_path))
        written_at = left.stat().st_mtime
        assert await blobs.sweep_partial(written_at + 23 * 3600) == 0
        assert await listed(blobs) == []
        await blobs.put(CONTENT)
        assert await blobs.sweep_partial(written_at + 25 * 3600) == 1
        assert not left.exists()
        assert await blobs.get(SHA256) == CONTENT

    completed(scenario())


def test_a_usable_folder_passes_the_check_and_stays_empty(tmp_path: Path) -> None:
    completed(open_blobs(str(tmp_path)).check())
    assert [entry for entry in tmp_path.rglob("*") if entry.is_file()] == []


def test_a_read_only_folder_fails_the_check() -> None:
    with pytest.raises(LaminaError, match="/sys") as caught:  # where even root may not make a folder
        completed(open_blobs("/sys").check())
    assert caught.value.code == ErrorCode.STORE_UNAVAILABLE
    assert "Debug" not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LaminaError, match="file/files") as caught:
        open_blobs(str(tmp_path / "file" / "files"))
    assert caught.value.code == ErrorCode.STORE_UNAVAILABLE


@pytest.mark.parametrize("address", ["ftp://host/files", "http://host/files", "memory:///", "s3://", "az:///"])
def test_what_is_not_storage_is_a_wrong_setting(address: str) -> None:
    with pytest.raises(LaminaError) as caught:
        open_blobs(address)
    assert caught.value.code == ErrorCode.SETTINGS_INVALID
    assert address in caught.value.message
