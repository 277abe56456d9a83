"""fal's uploads: the data of an upload is sealed in its token, and the hash of a part in its ETag."""

import re
from dataclasses import dataclass
from typing import Any

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.files import FileRecord
from lamina.core.ids import new_id
from lamina.files.multipart import MAX_PARTS, UPLOAD_S, IncomingContent, PendingUpload, assemble, store_part
from lamina.files.sources import clean_name
from lamina.files.storage import lasting_address_of, shorter
from lamina.service.service import Service
from lamina.service.tokens import seal, unseal

SINGLE, MULTIPART = "upload", "multipart"
"""How a file is sent: the first segment of the upload path."""

_UPLOAD = "fal upload"
_PART = "fal part"
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class StartedUpload:
    """`token`: authorizes its holder to send the content. `file_url`: the address that the file will have."""

    token: str
    file_url: str


def start_upload(service: Service, key_id: str, file_name: str, keep_s: float | None) -> StartedUpload:
    """`keep_s`: the longest time that the owner wants the file kept, in seconds."""
    file_id, name = new_id(), clean_name(file_name)
    claims = {"file": file_id, "key": key_id, "name": name, "keep_s": keep_s}
    token = seal(service.secret, _UPLOAD, claims, int(service.clock()) + UPLOAD_S)
    kept_s = shorter(service.limits.upload_s, keep_s)
    return StartedUpload(token, lasting_address_of(service, file_id, _url_name(name), kept_s))


def pending_upload(service: Service, token: str) -> PendingUpload:
    """The upload that a token of `start_upload` is for. Raises `LaminaError` (key_forbidden) if it is not valid."""
    claims = unseal(service.secret, _UPLOAD, token, service.clock())
    if claims is None:
        raise LaminaError(
            ErrorCode.KEY_FORBIDDEN, "This upload URL is invalid or has expired.", "Start the upload again."
        )
    return PendingUpload(claims["file"], claims["key"], claims["name"], claims["keep_s"])


async def receive_part(service: Service, upload: PendingUpload, number: int, content: IncomingContent) -> str:
    """Stores a part and returns its ETag, which only this server can make: it proves that the upload may use this
    content. Raises as `store_part` does.
    """
    sha256 = await store_part(service, upload, number, content)
    return seal(service.secret, f"{_PART} {upload.file_id}", {"sha256": sha256}, int(service.clock()) + UPLOAD_S)


async def complete_upload(service: Service, upload: PendingUpload, body: Any) -> FileRecord:
    """`body`: `{"parts": [{"partNumber", "etag"}]}`. Raises `LaminaError`: task_invalid, input_too_large, not_found."""
    return await assemble(service, upload, _parse_hashes(service, upload, body))


def _parse_hashes(service: Service, upload: PendingUpload, body: Any) -> list[str]:
    """The SHA-256 hashes of the parts, in the order of their numbers."""
    parts = body.get("parts") if isinstance(body, dict) else None
    if not isinstance(parts, list) or not 0 < len(parts) <= MAX_PARTS:
        raise _wrong_parts()
    numbered: dict[int, str] = {}
    for part in parts:
        number, etag = (part.get("partNumber"), part.get("etag")) if isinstance(part, dict) else (None, None)
        if not isinstance(number, int) or not isinstance(etag, str):
            raise _wrong_parts()
        claims = unseal(service.secret, f"{_PART} {upload.file_id}", etag.strip('"'), service.clock())
        if claims is None or not _SHA256.fullmatch(claims["sha256"]):
            raise _wrong_parts()
        numbered[number] = claims["sha256"]
    return [numbered[number] for number in sorted(numbered)]


def _wrong_parts() -> LaminaError:
    return LaminaError(
        ErrorCode.TASK_INVALID,
        "The list of parts does not match this upload.",
        "Send the number and the ETag of each part.",
    )


def _url_name(name: str) -> str:
    """The name with every character replaced that a URL would escape."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)
