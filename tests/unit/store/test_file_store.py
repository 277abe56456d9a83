"""Who has which file: never another key, not after its time, and contents live as long as somebody has them."""

from sqlalchemy import Connection
from store_rows import added_key

from lamina.core.files import FileRecord
from lamina.core.ids import new_id
from lamina.core.keys import ApiKey
from lamina.store import files


def added(
    connection: Connection,
    key: ApiKey,
    sha256: str = "a",
    job_id: str | None = None,
    expires_at: float | None = None,
) -> FileRecord:
    file = FileRecord(
        id=new_id(),
        key_id=key.id,
        job_id=job_id,
        sha256=sha256,
        size=2**40,
        media_type="image/png",
        name="näme.png",
        created_at=1.5,
        expires_at=expires_at,
    )
    files.insert(connection, file)
    return file


def test_a_file_is_its_keys_alone(connection: Connection, key: ApiKey) -> None:
    file, other = added(connection, key), added_key(connection)
    assert files.by_id(connection, file.id) == file
    assert files.by_id(connection, file.id, key.id) == file
    assert files.by_id(connection, file.id, other.id) is None


def test_files_of_a_job_are_found(connection: Connection, key: ApiKey) -> None:
    made = [added(connection, key, job_id="job") for _ in range(2)]
    added(connection, key, job_id="another")
    assert files.of_job(connection, "job") == sorted(made, key=lambda file: file.id)


def test_expired_files_are_found_and_removed(connection: Connection, key: ApiKey) -> None:
    old, later = added(connection, key, expires_at=10.0), added(connection, key, expires_at=20.0)
    added(connection, key)
    assert files.expired(connection, 15.0) == [old]
    files.remove(connection, [old.id, later.id])
    assert files.expired(connection, 30.0) == []


def test_a_content_is_wanted_as_long_as_one_file_has_it(connection: Connection, key: ApiKey) -> None:
    one, _ = added(connection, key, "shared"), added(connection, key, "shared")
    lone = added(connection, key, "lone")
    files.remove(connection, [one.id, lone.id])
    assert files.unwanted(connection, ["shared", "lone", "never"]) == ["lone", "never"]
