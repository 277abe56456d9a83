"""Stores uploads that got their id before their content arrived, whole or in parts."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.files import FileRecord
from lamina.files.media_types import media_type_of
from lamina.files.sources import scratch_file
from lamina.files.storage import reserve_bytes, storage_full, upload_as
from lamina.service.service import Service
from lamina.store import stored_bytes, upload_parts
from lamina.store.upload_parts import PartRecord

UPLOAD_S = 6 * 3600
"""Time in which an upload in parts must be completed, in seconds."""

MAX_PARTS = 10_000
_ABORTED = 0  # the number of the part that marks an aborted upload; real parts begin at 1


@dataclass(frozen=True, slots=True)
class PendingUpload:
    """An upload in progress. `keep_s`: the longest time that its owner wants it kept, in seconds."""

    file_id: str
    key_id: str
    name: str
    keep_s: float | None


@dataclass(frozen=True, slots=True)
class IncomingContent:
    """Bytes as they arrive. `length`: the announced number of bytes; 0 if there is none."""

    chunks: AsyncIterator[bytes]
    length: int = 0


async def check_storage(service: Service, key_id: str, size: int) -> None:
    """Checks the limits before anything is sent. `size`: the announced size in bytes, or 0.

    Raises `LaminaError`: input_too_large, storage_full.
    """
    check_size(service, size)
    limit = service.limits.max_stored_bytes
    stored, most = await service.database.read(lambda connection: stored_bytes.of_key(connection, key_id, limit))
    if most is not None and stored + max(size, 1) > most:
        raise storage_full(stored, most)


def check_size(service: Service, size: int) -> None:
    """Raises `LaminaError` (input_too_large)."""
    if size > service.limits.max_upload_bytes:
        raise _too_large(service)


async def store_whole(service: Service, upload: PendingUpload, content: IncomingContent) -> FileRecord:
    """Stores the content of the whole file. Raises `LaminaError`: input_too_large, storage_full."""
    await check_storage(service, upload.key_id, content.length)
    async with scratch_file() as path:
        await _write(service, content, path, 0)
        return await _store(service, upload, path)


async def store_part(service: Service, upload: PendingUpload, number: int, content: IncomingContent) -> str:
    """Stores one part and returns the SHA-256 of its content, in hexadecimal. A part that is sent again replaces the
    earlier one.

    Raises `LaminaError`: input_too_large, storage_full. If a part makes the file too large, the upload is aborted: its
    parts are deleted, and no others are accepted.
    """
    try:
        others = await service.database.read(
            lambda connection: _size_of_others(connection, service, upload.file_id, number)
        )
        async with scratch_file() as path:
            await _write(service, content, path, others)
            stored = await service.blobs.put(path)
        part = PartRecord(
            file_id=upload.file_id,
            number=number,
            key_id=upload.key_id,
            sha256=stored.sha256,
            size=stored.size,
            created_at=service.clock(),
        )
        await service.database.write(lambda connection: _insert(connection, service, part))
    except LaminaError as error:
        if error.code is ErrorCode.INPUT_TOO_LARGE:
            await service.database.write(lambda connection: _abort(connection, service, upload))
        raise
    return stored.sha256


async def assemble(service: Service, upload: PendingUpload, hashes: Sequence[str]) -> FileRecord:
    """Stores the file made of the parts with these hashes, in this order.

    Raises `LaminaError`: input_too_large, storage_full, not_found (a part has been removed).
    """
    if await service.database.read(lambda connection: _is_aborted(connection, upload.file_id)):
        raise _too_large(service)
    sizes = await asyncio.gather(*(service.blobs.size(sha256) for sha256 in hashes))
    check_size(service, sum(sizes))
    async with scratch_file() as path:
        with path.open("wb") as file:
            for sha256 in hashes:
                await _append(service, sha256, file)
        return await _store(service, upload, path)


async def _write(service: Service, content: IncomingContent, path: Path, others: int) -> None:
    """`others`: the size of the file's other parts, in bytes."""
    check_size(service, others + content.length)
    with path.open("wb") as file:
        size = others
        async for chunk in content.chunks:
            size += len(chunk)
            check_size(service, size)
            await asyncio.to_thread(file.write, chunk)


async def _append(service: Service, sha256: str, file: BinaryIO) -> None:
    async for chunk in service.blobs.stream(sha256):
        await asyncio.to_thread(file.write, chunk)


async def _store(service: Service, upload: PendingUpload, path: Path) -> FileRecord:
    return await upload_as(
        service,
        upload.key_id,
        upload.file_id,
        content=path,
        name=upload.name,
        media_type=media_type_of(path),
        lifetime_s=upload.keep_s,
    )


def _size_of_others(connection: Connection, service: Service, file_id: str, number: int) -> int:
    """The size of all other parts in bytes. Raises `LaminaError` (input_too_large) for an aborted upload."""
    others = upload_parts.size_of_others(connection, file_id, number)
    if _is_aborted(connection, file_id):
        raise _too_large(service)
    return others


def _insert(connection: Connection, service: Service, part: PartRecord) -> None:
    """Parts arrive concurrently: updating the key's row first makes these transactions wait for each other."""
    reserve_bytes(connection, service, part.key_id, part.size)
    check_size(service, _size_of_others(connection, service, part.file_id, part.number) + part.size)
    stored_bytes.give_back(connection, upload_parts.remove(connection, part.file_id, part.number))
    upload_parts.insert(connection, part)


def _abort(connection: Connection, service: Service, upload: PendingUpload) -> None:
    """Leaves a mark that rejects further parts; the next sweep deletes the contents."""
    stored_bytes.take(connection, upload.key_id, 0, None)  # waits for transactions that write uploads of this key
    stored_bytes.give_back(connection, upload_parts.remove(connection, upload.file_id))
    mark = PartRecord(
        file_id=upload.file_id,
        number=_ABORTED,
        key_id=upload.key_id,
        sha256="",
        size=0,
        created_at=service.clock(),
    )
    upload_parts.insert(connection, mark)


def _is_aborted(connection: Connection, file_id: str) -> bool:
    return any(part.number == _ABORTED for part in upload_parts.of_file(connection, file_id))


def _too_large(service: Service) -> LaminaError:
    return LaminaError(
        ErrorCode.INPUT_TOO_LARGE,
        f"The file has more than {service.limits.max_upload_bytes:,} bytes.",
        "Make it smaller, or have the setting max_upload_bytes raised.",
    )
