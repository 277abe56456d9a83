"""Uploads in parts: as large as may be and no larger, at the first part that exceeds it, with nothing left behind."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audits import wrong_counts
from lamina.api.fal.uploads import complete_upload, pending_upload, receive_part, start_upload
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.files import FileRecord
from lamina.core.keys import ApiKey
from lamina.files.multipart import UPLOAD_S, IncomingContent, PendingUpload, check_storage, store_whole
from lamina.jobs.retention import forget_old, sweep_blobs
from lamina.service.service import Limits, Service
from lamina.store import stored_bytes, upload_parts
from lamina.store.blobs import SWEEP_AFTER
from lamina.store.database import Database
from services import Clock, new_key, run, service_on

MOST = 25


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(database: Database, tmp_path: Path, clock: Clock) -> Service:
    return service_on(database, tmp_path, Limits(max_upload_bytes=MOST, max_stored_bytes=40), clock=clock)


def new_upload(service: Service, key: ApiKey) -> PendingUpload:
    return pending_upload(service, start_upload(service, key.id, "a.bin", None).token)


async def chunks(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 4):
        yield content[start : start + 4]


def incoming(content: bytes, length: int = 0) -> IncomingContent:
    return IncomingContent(chunks(content), length)


def part(service: Service, upload: PendingUpload, number: int, size: int) -> dict[str, Any]:
    content = bytes([96 + number]) * size
    return {"partNumber": number, "etag": run(receive_part(service, upload, number, incoming(content)))}


def whole(service: Service, upload: PendingUpload, parts: list[dict[str, Any]]) -> FileRecord:
    return run(complete_upload(service, upload, {"parts": parts}))


def stored(service: Service, key: ApiKey) -> int:
    assert service.database.write_now(wrong_counts) == []
    return service.database.write_now(lambda connection: stored_bytes.of_key(connection, key.id))[0]


def sizes_kept(service: Service, upload: PendingUpload) -> list[int]:
    known = service.database.write_now(lambda connection: upload_parts.of_file(connection, upload.file_id))
    return [one.size for one in known]


def test_a_file_of_exactly_the_most_bytes_passes(service: Service) -> None:
    key = new_key(service)
    upload = new_upload(service, key)
    parts = [part(service, upload, number, size) for number, size in ((2, 10), (1, 10), (3, 5))]
    assert stored(service, key) == MOST
    record = whole(service, upload, parts)
    assert run(service.blobs.get(record.sha256)) == b"a" * 10 + b"b" * 10 + b"c" * 5
    assert (record.size, stored(service, key), sizes_kept(service, upload)) == (MOST, MOST, [])
    assert whole(service, upload, parts) == record


@pytest.mark.parametrize("told", [0, 6])
def test_a_larger_one_is_refused_at_the_part_that_exceeds_it(service: Service, told: int) -> None:
    key = new_key(service)
    upload = new_upload(service, key)
    parts = [part(service, upload, number, 10) for number in (1, 2)]
    with pytest.raises(LaminaError, match="more than 25 bytes") as caught:
        run(receive_part(service, upload, 3, incoming(b"c" * 6, told)))
    assert caught.value.code is ErrorCode.INPUT_TOO_LARGE
    assert (stored(service, key), sizes_kept(service, upload)) == (0, [0])
    for refused in (lambda: part(service, upload, 4, 1), lambda: whole(service, upload, parts)):
        with pytest.raises(LaminaError, match="more than 25 bytes"):
            refused()
    assert stored(service, key) == 0


def test_parts_at_the_same_time_are_no_more_than_the_file_may_be(service: Service) -> None:
    key = new_key(service)
    upload = new_upload(service, key)

    async def many() -> list[str | BaseException]:
        each = (receive_part(service, upload, number, incoming(bytes([number]) * 10)) for number in range(1, 6))
        return await asyncio.gather(*each, return_exceptions=True)

    results = run(many())
    assert {one.code for one in results if isinstance(one, LaminaError)} == {ErrorCode.INPUT_TOO_LARGE}
    assert (stored(service, key), sizes_kept(service, upload)) == (0, [0])


def test_a_part_that_comes_again_takes_the_place_of_the_first(service: Service) -> None:
    key = new_key(service)
    upload = new_upload(service, key)
    part(service, upload, 1, 20)
    parts = [part(service, upload, 1, 15), part(service, upload, 2, 10)]
    assert (stored(service, key), whole(service, upload, parts).size) == (MOST, MOST)


def test_what_is_told_to_be_too_large_is_refused_before_it_is_sent(service: Service) -> None:
    key = new_key(service)
    run(check_storage(service, key.id, MOST))

    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("the content was read")
        yield b""

    for refused in (
        check_storage(service, key.id, MOST + 1),
        store_whole(service, new_upload(service, key), IncomingContent(never(), 26)),
    ):
        with pytest.raises(LaminaError) as caught:
            run(refused)
        assert caught.value.code is ErrorCode.INPUT_TOO_LARGE


def test_parts_count_towards_what_a_key_may_store(service: Service) -> None:
    key = new_key(service)
    first, second = new_upload(service, key), new_upload(service, key)
    whole(service, first, [part(service, first, 1, 25)])
    part(service, second, 1, 15)
    with pytest.raises(LaminaError, match="no room") as caught:
        part(service, second, 2, 1)
    assert caught.value.code is ErrorCode.STORAGE_FULL
    with pytest.raises(LaminaError, match="no room"):
        run(check_storage(service, key.id, 0))
    assert (stored(service, key), sizes_kept(service, second)) == (40, [15])


def test_what_nobody_completes_is_forgotten(service: Service, clock: Clock) -> None:
    key = new_key(service)
    upload = new_upload(service, key)
    part(service, upload, 1, 10)
    clock.now += max(UPLOAD_S - 1, SWEEP_AFTER.total_seconds() + 1)
    assert run(sweep_blobs(service)) == 0
    clock.now += 2
    run(forget_old(service))
    assert (stored(service, key), sizes_kept(service, upload)) == (0, [])
    assert run(sweep_blobs(service)) == 1


def test_a_whole_file_in_one_counts_as_well(service: Service) -> None:
    service = replace(service, limits=Limits(max_upload_bytes=MOST, max_stored_bytes=30))
    key = new_key(service)
    assert run(store_whole(service, new_upload(service, key), incoming(b"x" * 25))).size == 25
    with pytest.raises(LaminaError, match="no room"):
        run(store_whole(service, new_upload(service, key), incoming(b"y" * 6)))
    assert stored(service, key) == 25
