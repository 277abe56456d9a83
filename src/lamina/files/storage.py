"""Stores the files of API keys, finds them, signs their URLs, and deletes them."""

import mimetypes
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.files import FileRecord
from lamina.core.ids import new_id
from lamina.core.jobs import JobRequest
from lamina.files.signed_urls import is_signed, sign, signed_path
from lamina.service.service import Service
from lamina.store import files, stored_bytes, upload_parts

_TEN_YEARS_S = 10 * 365 * 86_400.0


async def keep(
    service: Service,
    key_id: str,
    content: Path | bytes,
    name: str,
    media_type: str,
    job_id: str | None = None,
    lifetime_s: float | None = None,
) -> FileRecord:
    """Stores the content and returns its record, which is not in the database yet."""
    stored = await service.blobs.put(content)
    now = service.clock()
    expires_at = None if lifetime_s is None else now + lifetime_s
    return FileRecord(
        id=new_id(),
        key_id=key_id,
        job_id=job_id,
        sha256=stored.sha256,
        size=stored.size,
        media_type=media_type,
        name=name,
        created_at=now,
        expires_at=expires_at,
    )


async def upload(service: Service, key_id: str, content: Path | bytes, name: str, media_type: str) -> FileRecord:
    """Stores a file for later jobs. Raises `LaminaError` (storage_full)."""
    record = await keep(service, key_id, content, name, media_type, lifetime_s=service.limits.upload_s)
    await service.database.write(lambda connection: insert_upload(connection, service, record))
    return record


async def upload_as(
    service: Service,
    key_id: str,
    file_id: str,
    content: Path | bytes,
    name: str,
    media_type: str,
    lifetime_s: float | None = None,
) -> FileRecord:
    """As `upload`, with an id that was assigned before. Uploading the same id again changes nothing.

    `lifetime_s`: if it is less than `Limits.upload_s`.
    """
    kept_s = shorter(service.limits.upload_s, lifetime_s)
    record = replace(await keep(service, key_id, content, name, media_type, lifetime_s=kept_s), id=file_id)

    def work(connection: Connection) -> FileRecord:
        stored_bytes.give_back(connection, upload_parts.remove(connection, file_id))  # the parts of this file
        existing = files.by_id(connection, file_id)
        if existing is None:
            insert_upload(connection, service, record)
        return existing or record

    return await service.database.write(work)


def insert_upload(connection: Connection, service: Service, record: FileRecord) -> None:
    """Inserts an upload, which counts towards the storage limit of its key. Raises `LaminaError` (storage_full)."""
    reserve_bytes(connection, service, record.key_id, record.size)
    files.insert(connection, record)


def reserve_bytes(connection: Connection, service: Service, key_id: str, size: int) -> None:
    """Raises `LaminaError` (storage_full). Concurrent uploads cannot exceed the limit together."""
    if not stored_bytes.take(connection, key_id, size, service.limits.max_stored_bytes):
        raise no_room(connection, service, key_id)


def no_room(connection: Connection, service: Service, key_id: str) -> LaminaError:
    """The error of a key that has no room left."""
    stored, most = stored_bytes.of_key(connection, key_id, service.limits.max_stored_bytes)
    return storage_full(stored, most or 0)


def storage_full(stored: int, most: int) -> LaminaError:
    return LaminaError(
        ErrorCode.STORAGE_FULL,
        f"This key may store {most:,} bytes, and stores {stored:,}: there is no room for this.",
        "Delete files or stacks, wait until old ones expire, or raise the key's limit or the setting max_stored_bytes.",
    )


def result_lifetime_s(service: Service, request: JobRequest) -> float | None:
    """How long the results of a job are kept, in seconds; None is forever."""
    return shorter(service.limits.retention_s, request.delivery.keep_s)


def shorter(one_s: float | None, other_s: float | None) -> float | None:
    """The shorter of two lifetimes in seconds; None is forever."""
    return min((lifetime_s for lifetime_s in (one_s, other_s) if lifetime_s is not None), default=None)


async def own_file(service: Service, key_id: str, file_id: str) -> FileRecord:
    """A file of the key. Raises `LaminaError` (not_found), also for files of other keys."""
    return _existing(
        await service.database.read(lambda connection: files.by_id(connection, file_id, key_id)), file_id
    )  # fmt: skip


async def signed_file(service: Service, file_id: str, expires: int | None, signature: str) -> FileRecord:
    """The file of a signed URL. Raises `LaminaError` (not_found) if it is invalid or expired, or the file deleted."""
    is_good = is_signed(service.secret, file_id, expires, signature, service.clock())
    if not is_good:
        raise _no_such_file(file_id)
    return _existing(await service.database.read(lambda connection: files.by_id(connection, file_id)), file_id)


def address_of(service: Service, file_id: str, media_type: str, until: float | None = None) -> str:
    """A signed URL that is valid for `Limits.url_s`, but not after `until` (seconds since 1970)."""
    ending = mimetypes.guess_extension(media_type) or ""
    expires_at = int(service.clock() + service.limits.url_s)
    if until is not None:
        expires_at = min(expires_at, int(until))
    return f"{service.base_url}/files/{file_id}{ending}?{sign(service.secret, file_id, expires_at)}"


def lasting_address_of(service: Service, file_id: str, name: str, lifetime_s: float | None) -> str:
    """As `address_of`, without a query, valid as long as the file is kept (at most ten years). `name`: the end of its
    path. The file need not exist yet.
    """
    expires_at = int(service.clock() + (_TEN_YEARS_S if lifetime_s is None else lifetime_s))
    return f"{service.base_url}/files/{signed_path(service.secret, file_id, expires_at, quote(name, safe='.-_'))}"


def content(
    service: Service, record: FileRecord, start: int | None = None, end: int | None = None
) -> AsyncIterator[bytes]:
    return service.blobs.stream(record.sha256, start, end)


async def read_content(service: Service, record: FileRecord) -> bytes:
    return await service.blobs.get(record.sha256)


async def fetch_content(service: Service, record: FileRecord, to: Path) -> None:
    """Writes the content to the file `to`."""
    await service.blobs.fetch_to(record.sha256, to)


async def remove(service: Service, records: list[FileRecord]) -> None:
    """Deletes the records. The next sweep deletes contents, because a new file may be about to use the same content."""
    ids = [record.id for record in records]
    if ids:
        await service.database.write(lambda connection: files.remove(connection, ids))


async def remove_upload(service: Service, key_id: str, file_id: str) -> None:
    """Raises `LaminaError`: not_found; state_conflict for what a job has made."""
    record = await own_file(service, key_id, file_id)
    if record.job_id is not None:
        raise LaminaError(
            ErrorCode.STATE_CONFLICT,
            f"The file {file_id} is a result of job {record.job_id}.",
            f"Delete the job: DELETE /v1/jobs/{record.job_id}.",
        )
    await remove(service, [record])


def _existing(record: FileRecord | None, file_id: str) -> FileRecord:
    if record is None:
        raise _no_such_file(file_id)
    return record


def _no_such_file(file_id: str) -> LaminaError:
    return LaminaError(ErrorCode.NOT_FOUND, f"There is no file {file_id}.", "It may have expired. Run the job again.")
