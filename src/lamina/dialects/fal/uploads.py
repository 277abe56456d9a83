"""Uploads as fal's clients make them, whole or in parts: what is begun is in its token, what has come in the blobs."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.ids import new_id
from lamina.service.file_kinds import media_type_of
from lamina.service.files import lasting_address_of, shorter, upload_as
from lamina.service.service import Service
from lamina.service.sources import clean_name, scratch_file
from lamina.service.tokens import seal, unseal
from lamina.store.files import FileRecord

SINGLE, MULTIPART = "upload", "multipart"
"""How a file comes, and the first part of the path that it comes to."""

PURPOSE = "fal upload"
_PART = "fal part"
_UPLOAD_S = 6 * 3600
_MOST_PARTS = 10_000
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Upload:
    """`token`: lets whoever has it send the content; `file_url`: where that will be."""

    token: str
    file_url: str


def begun(service: Service, key_id: str, file_name: str, keep_s: float | None) -> Upload:
    """`keep_s`: how long its owner wants it kept at most."""
    file_id, name = new_id(), clean_name(file_name)
    claims = {"file": file_id, "key": key_id, "name": name, "keep_s": keep_s}
    token = seal(service.secret, PURPOSE, claims, int(service.clock()) + _UPLOAD_S)
    kept_s = shorter(service.limits.upload_s, keep_s)
    return Upload(token, lasting_address_of(service, file_id, _plain(name), kept_s))


async def kept(service: Service, claims: Mapping[str, Any], chunks: AsyncIterator[bytes]) -> FileRecord:
    """Of a whole content. Raises `LaminaError` (input_too_large)."""
    async with scratch_file() as path:
        with path.open("wb") as file:
            size = 0
            async for chunk in chunks:
                size += len(chunk)
                _check_size(service, size)
                await asyncio.to_thread(file.write, chunk)
        return await _kept(service, claims, path)


async def kept_part(service: Service, claims: Mapping[str, Any], content: bytes) -> str:
    """Its ETag, which nobody else can make: it is what lets the upload have this content."""
    stored = await service.blobs.put(content)
    part = {"sha256": stored.sha256}
    return seal(service.secret, f"{_PART} {claims['file']}", part, int(service.clock()) + _UPLOAD_S)


async def completed(service: Service, claims: Mapping[str, Any], body: Any) -> FileRecord:
    """Of `{"parts": [{"partNumber", "etag"}]}`. Raises `LaminaError`: task_invalid, input_too_large, not_found."""
    hashes = _hashes(service, claims, body)
    sizes = await asyncio.gather(*(service.blobs.size(sha256) for sha256 in hashes))
    _check_size(service, sum(sizes))
    async with scratch_file() as path:
        with path.open("wb") as file:
            for sha256 in hashes:
                await _append(service, sha256, file)
        return await _kept(service, claims, path)


async def _append(service: Service, sha256: str, file: BinaryIO) -> None:
    async for chunk in service.blobs.stream(sha256):
        await asyncio.to_thread(file.write, chunk)


def _hashes(service: Service, claims: Mapping[str, Any], body: Any) -> list[str]:
    """In the order of the parts' numbers."""
    parts = body.get("parts") if isinstance(body, dict) else None
    if not isinstance(parts, list) or not 0 < len(parts) <= _MOST_PARTS:
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


def _check_size(service: Service, size: int) -> None:
    most = service.limits.max_upload_bytes
    if size > most:
        raise LaminaError(
            ErrorCode.INPUT_TOO_LARGE,
            f"The file has more than {most:,} bytes.",
            "Make it smaller, or have the setting max_upload_bytes raised.",
        )


def _wrong_parts() -> LaminaError:
    return LaminaError(
        ErrorCode.TASK_INVALID, "These are not the parts of this upload.", "Send each part's number and ETag."
    )


def _plain(name: str) -> str:
    """What may stand in an address without being written otherwise."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)
