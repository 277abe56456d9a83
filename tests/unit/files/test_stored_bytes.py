"""How much a key may store: counted with what is stored, whoever comes at the same time, and given back."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection

import audits
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.files import FileRecord
from lamina.core.keys import ApiKey
from lamina.files.storage import remove_upload, upload
from lamina.jobs.retention import forget_old
from lamina.service.service import Limits, Service
from lamina.store import files, stored_bytes
from services import Clock, new_key, run


def limited(service: Service, most: int | None = 100, upload_s: float | None = 60.0) -> Service:
    return replace(service, limits=Limits(max_stored_bytes=most, upload_s=upload_s))


async def sent(service: Service, key: ApiKey, size: int, letter: bytes = b"x") -> FileRecord:
    return await upload(service, key.id, letter * size, "file", "text/plain")


def stored(service: Service, key: ApiKey) -> int:
    return service.database.write_now(lambda connection: stored_bytes.of_key(connection, key.id))[0]


def wrong_counts(service: Service) -> list[tuple[str, int, int]]:
    return service.database.write_now(audits.wrong_counts)


def test_a_key_stores_as_much_as_it_may_and_not_a_byte_more(service: Service) -> None:
    service = limited(service)
    key, other = new_key(service), new_key(service)
    run(sent(service, key, 60))
    run(sent(service, key, 40))
    with pytest.raises(LaminaError, match="may store 100 bytes, and stores 100:") as caught:
        run(sent(service, key, 1))
    assert caught.value.code is ErrorCode.STORAGE_FULL
    run(sent(service, other, 100))
    assert (stored(service, key), stored(service, other), wrong_counts(service)) == (100, 100, [])


@pytest.mark.parametrize(
    ("own", "most", "fits"),
    [(200, 100, 200), (0, 100, 10_000), (None, None, 10_000), (None, 0, 10_000), (50, None, 50)],
)
def test_a_keys_own_limit_goes_before_the_settings(
    service: Service, own: int | None, most: int | None, fits: int
) -> None:
    service = limited(service, most)
    key = new_key(service, max_stored_bytes=own)
    run(sent(service, key, fits))
    if fits < 10_000:
        with pytest.raises(LaminaError, match="no room"):
            run(sent(service, key, 1))
    assert wrong_counts(service) == []


def test_uploads_at_the_same_time_get_no_more_together(service: Service) -> None:
    service = limited(service)
    key = new_key(service)

    async def many() -> list[FileRecord | BaseException]:
        letters = [bytes([number]) for number in range(65, 85)]
        return await asyncio.gather(*(sent(service, key, 30, one) for one in letters), return_exceptions=True)

    results = run(many())
    assert sum(isinstance(one, FileRecord) for one in results) == 3
    assert {one.code for one in results if isinstance(one, LaminaError)} == {ErrorCode.STORAGE_FULL}
    assert (stored(service, key), wrong_counts(service)) == (90, [])


def test_what_expires_or_is_deleted_is_given_back(service: Service, clock: Clock) -> None:
    service = limited(service)
    key, other = new_key(service), new_key(service)
    run(sent(service, key, 60))
    run(sent(service, other, 10))
    clock.now += 61
    second = run(sent(service, key, 40))
    run(forget_old(service))
    assert (stored(service, key), stored(service, other)) == (40, 0)
    run(remove_upload(service, key.id, second.id))
    with pytest.raises(LaminaError) as caught:
        run(remove_upload(service, key.id, second.id))
    assert caught.value.code is ErrorCode.NOT_FOUND
    assert (stored(service, key), wrong_counts(service)) == (0, [])


def test_what_jobs_make_does_not_count_and_goes_with_the_job(service: Service) -> None:
    service = limited(service)
    key = new_key(service)
    made = FileRecord(
        id="made",
        key_id=key.id,
        job_id="a job",
        sha256="hash",
        size=1000,
        media_type="image/png",
        name="0.png",
        created_at=service.clock(),
    )
    service.database.write_now(lambda connection: files.insert(connection, made))
    with pytest.raises(LaminaError, match="is a result of job") as caught:
        run(remove_upload(service, key.id, "made"))
    assert caught.value.code is ErrorCode.STATE_CONFLICT

    def gone(connection: Connection) -> None:
        files.remove(connection, ["made", "made"])

    service.database.write_now(gone)
    assert (stored(service, key), wrong_counts(service)) == (0, [])


def test_another_keys_file_is_not_there_to_be_deleted(service: Service, tmp_path: Path) -> None:
    path = tmp_path / "a file"
    path.write_bytes(b"content")
    key, other = new_key(service), new_key(service)
    record = run(upload(service, key.id, path, "a file", "text/plain"))
    with pytest.raises(LaminaError, match="no file"):
        run(remove_upload(service, other.id, record.id))
    assert stored(service, key) == 7
