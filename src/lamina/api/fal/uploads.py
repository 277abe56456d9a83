"""Uploads as fal's clients make them, whole or in parts: what is begun is in its token, what has come in the blobs."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.ids import new_id
from lamina.files.media_types import media_type_of
from lamina.files.sources import clean_name, scratch_file
from lamina.files.storage import lasting_address_of, shorter, storage_full, take_room, upload_as
from lamina.jobs.retention import UPLOAD_S
from lamina.service.service import Service
from lamina.service.tokens import seal, unseal
from lamina.store import stored_bytes, upload_parts
from lamina.store.files import FileRecord
from lamina.store.upload_parts import PartRecord

SINGLE, MULTIPART = "upload", "multipart"
"""How a file comes, and the first part of the path that it comes to."""

PURPOSE = "fal upload"
_PART = "fal part"
_GIVEN_UP = 0  # instead of a part's number, which begin at 1
MOST_PARTS = 10_000
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Incoming:
    """Bytes as they come. `length`: how many, if that was told; else 0."""

    chunks: AsyncIterator[bytes]
    length: int = 0


@dataclass(frozen=True, slots=True)
class Upload:
    """`token`: lets whoever has it send the content; `file_url`: where that will be."""

    token: str
    file_url: str


def begun(service: Service, key_id: str, file_name: str, keep_s: float | None) -> Upload:
    """`keep_s`: how long its owner wants it kept at most."""
    file_id, name = new_id(), clean_name(file_name)
    claims = {"file": file_id, "key": key_id, "name": name, "keep_s": keep_s}
    token = seal(service.secret, PURPOSE, claims, int(service.clock()) + UPLOAD_S)
    kept_s = shorter(service.limits.upload_s, keep_s)
    return Upload(token, lasting_address_of(service, file_id, _plain(name), kept_s))


async def check_room(service: Service, key_id: str, size: int) -> None:
    """Before anything is sent. `size`: as far as it is told, or 0. Raises `LaminaError`: input_too_large,
    storage_full.
    """
    check_size(service, size)
    limit = service.limits.max_stored_bytes
    stored, most = await service.database.read(lambda connection: stored_bytes.of_key(connection, key_id, limit))
    if most is not None and stored + max(size, 1) > most:
        raise storage_full(stored, most)


async def kept(service: Service, claims: Mapping[str, Any], content: Incoming) -> FileRecord:
    """Of a whole content. Raises `LaminaError`: input_too_large, storage_full."""
    await check_room(service, claims["key"], content.length)
    async with scratch_file() as path:
        await _written(service, content, path, 0)
        return await _kept(service, claims, path)


async def kept_part(service: Service, claims: Mapping[str, Any], number: int, content: Incoming) -> str:
    """Its ETag, which nobody else can make: it is what lets the upload have this content. A part that comes again takes
    the place of the first.

    Raises `LaminaError`: input_too_large, storage_full. One with which the file becomes too large ends the upload:
    nothing of it is kept, and no other part of it is taken.
    """
    file_id, key_id = claims["file"], claims["key"]
    try:
        others = await service.database.read(lambda connection: _room_for_part(connection, service, file_id, number))
        async with scratch_file() as path:
            await _written(service, content, path, others)
            stored = await service.blobs.put(path)
        part = PartRecord(file_id, number, key_id, stored.sha256, stored.size, service.clock())
        await service.database.write(lambda connection: _insert(connection, service, part))
    except LaminaError as error:
        if error.code is ErrorCode.INPUT_TOO_LARGE:
            await service.database.write(lambda connection: _give_up(connection, service, file_id, key_id))
        raise
    sealed = {"sha256": stored.sha256}
    return seal(service.secret, f"{_PART} {file_id}", sealed, int(service.clock()) + UPLOAD_S)


async def completed(service: Service, claims: Mapping[str, Any], body: Any) -> FileRecord:
    """Of `{"parts": [{"partNumber", "etag"}]}`. Raises `LaminaError`: task_invalid, input_too_large, not_found."""
    hashes = _hashes(service, claims, body)
    if await service.database.read(lambda connection: _is_given_up(connection, claims["file"])):
        raise _too_large(service)
    sizes = await asyncio.gather(*(service.blobs.size(sha256) for sha256 in hashes))
    check_size(service, sum(sizes))
    async with scratch_file() as path:
        with path.open("wb") as file:
            for sha256 in hashes:
                await _append(service, sha256, file)
        return await _kept(service, claims, path)


async def _written(service: Service, content: Incoming, path: Path, others: int) -> None:
    """`others`: bytes that the file has beside these."""
    check_size(service, others + content.length)
    with path.open("wb") as file:
        size = others
        async for chunk in content.chunks:
            size += len(chunk)
            check_size(service, size)
            await asyncio.to_thread(file.write, chunk)


def _room_for_part(connection: Connection, service: Service, file_id: str, number: int) -> int:
    """The bytes of all other parts."""
    others = upload_parts.size_of_others(connection, file_id, number)
    if _is_given_up(connection, file_id):
        raise _too_large(service)
    return others


def _insert(connection: Connection, service: Service, part: PartRecord) -> None:
    """Parts come at the same time: the key's row, which is changed first, lets them in one after the other."""
    take_room(connection, service, part.key_id, part.size)
    check_size(service, _room_for_part(connection, service, part.file_id, part.number) + part.size)
    stored_bytes.give_back(connection, upload_parts.remove(connection, part.file_id, part.number))
    upload_parts.insert(connection, part)


def _give_up(connection: Connection, service: Service, file_id: str, key_id: str) -> None:
    """What stays is a mark that lets no other part in; contents go with the next sweep."""
    stored_bytes.take(connection, key_id, 0, None)  # after others that write of this key's uploads
    stored_bytes.give_back(connection, upload_parts.remove(connection, file_id))
    upload_parts.insert(connection, PartRecord(file_id, _GIVEN_UP, key_id, "", 0, service.clock()))


def _is_given_up(connection: Connection, file_id: str) -> bool:
    return any(part.number == _GIVEN_UP for part in upload_parts.of_file(connection, file_id))


async def _append(service: Service, sha256: str, file: BinaryIO) -> None:
    async for chunk in service.blobs.stream(sha256):
        await asyncio.to_thread(file.write, chunk)


def _hashes(service: Service, claims: Mapping[str, Any], body: Any) -> list[str]:
    """In the order of the parts' numbers."""
    parts = body.get("parts") if isinstance(body, dict) else None
    if not isinstance(parts, list) or not 0 < len(parts) <= MOST_PARTS:
        raise _wrong_parts()
    numbered: dict[int, str] = {}
    for part in parts:
        number, etag = (part.get("partNumber"), part.get("etag")) if isinstance(part, dict) else (None, None)
        if not isinstance(number, int) or not isinstance(etag, str):
            raise _wrong_parts()
        known = unseal(service.secret, f"{_PART} {claims['file']}", etag.strip('"'), service.clock())
        if known is None or not _SHA256.fullmatch(known["sha256"]):
            raise _wrong_parts()
        numbered[number] = known["sha256"]
    return [numbered[number] for number in sorted(numbered)]


async def _kept(service: Service, claims: Mapping[str, Any], path: Path) -> FileRecord:
    media_type = media_type_of(path)
    return await upload_as(
        service, claims["key"], claims["file"], path, claims["name"], media_type, claims["keep_s"]
    )  # fmt: skip


def check_size(service: Service, size: int) -> None:
    """Raises `LaminaError` (input_too_large)."""
    if size > service.limits.max_upload_bytes:
        raise _too_large(service)


def _too_large(service: Service) -> LaminaError:
    return LaminaError(
        ErrorCode.INPUT_TOO_LARGE,
        f"The file has more than {service.limits.max_upload_bytes:,} bytes.",
        "Make it smaller, or have the setting max_upload_bytes raised.",
    )


def _wrong_parts() -> LaminaError:
    return LaminaError(
        ErrorCode.TASK_INVALID, "These are not the parts of this upload.", "Send each part's number and ETag."
    )


def _plain(name: str) -> str:
    """What may stand in an address without being written otherwise."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)
