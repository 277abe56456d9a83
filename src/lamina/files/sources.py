"""Stores content that requests carry, as a `data:` URI, a URL or a form file, as a file of the API key."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.files import FileRecord
from lamina.core.jobs import FILE, InputRole, JobInput, JobRequest
from lamina.core.keys import ApiKey
from lamina.fetch.data_uri import decode, is_data_uri
from lamina.files.media_types import is_picture, media_type_of
from lamina.files.signed_urls import own_file as own_file_of
from lamina.files.storage import signed_file, upload
from lamina.service.service import Service

_LONGEST_NAME = 120
_ZIP = b"PK"


async def stored_inputs(service: Service, key: ApiKey, request: JobRequest) -> JobRequest:
    """The request with each `data:` URI stored as a file. Raises `LaminaError`: input_not_an_image, input_corrupt, …"""
    inputs = [await _stored_input(service, key, job_input) for job_input in request.inputs]
    return replace(request, inputs=tuple(inputs))


async def file_of_data(service: Service, key: ApiKey, uri: str, name: str | None) -> FileRecord:
    """Raises `LaminaError`: input_corrupt, input_too_large."""
    content, _ = await asyncio.to_thread(decode, uri, service.limits.max_upload_bytes)
    return await upload(service, key.id, content, clean_name(name or "file"), media_type_of(content))


async def file_of_url(service: Service, key: ApiKey, url: str, name: str | None) -> FileRecord:
    """Raises `LaminaError`: address_refused, address_unreachable, input_too_large, not_found (a file of ours)."""
    async with scratch_file() as path:
        own = own_file_of(url, (service.base_url, *service.base_urls))
        if own is not None:
            record = await signed_file(service, own.file_id, own.expires, own.signature)
            await service.blobs.fetch_to(record.sha256, path)
            file_name = record.name
        else:
            file_name = (await service.fetcher.fetch(url, path)).name
        return await file_of_path(service, key, path, name or file_name)


async def file_of_path(service: Service, key: ApiKey, path: Path, name: str) -> FileRecord:
    """Raises `LaminaError` (input_too_large)."""
    most = service.limits.max_upload_bytes
    if path.stat().st_size > most:
        raise LaminaError(
            ErrorCode.INPUT_TOO_LARGE, f"The file has more than {most:,} bytes.", "Make it smaller, or raise the limit."
        )
    return await upload(service, key.id, path, clean_name(name), media_type_of(path))


@asynccontextmanager
async def scratch_file() -> AsyncGenerator[Path]:
    """A path in a temporary folder, which is deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="lamina-upload-") as folder:
        yield Path(folder, "content")


def clean_name(name: str) -> str:
    """The last part of a path, without characters that cannot be in a file name or be printed to a terminal."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(letter if letter.isprintable() else "_" for letter in last)
    return kept.strip(". ")[-_LONGEST_NAME:] or "file"


async def _stored_input(service: Service, key: ApiKey, job_input: JobInput) -> JobInput:
    if not is_data_uri(job_input.source):
        return job_input
    content, _ = await asyncio.to_thread(decode, job_input.source, service.limits.max_upload_bytes)
    if job_input.role is InputRole.ARCHIVE:
        _check_zip(content)
    elif not is_picture(content):
        raise LaminaError(
            ErrorCode.INPUT_NOT_AN_IMAGE,
            f"The data: URI of the {job_input.role} does not contain an image in a supported format.",
            "Send PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF.",
        )
    record = await upload(service, key.id, content, job_input.role, media_type_of(content))
    return replace(job_input, source=f"{FILE}{record.id}")


def _check_zip(content: bytes) -> None:
    """Checks the signature only; the contents are checked when the job runs."""
    if not content.startswith(_ZIP):
        raise LaminaError(
            ErrorCode.INPUT_CORRUPT,
            "The data: URI of the archive does not contain a ZIP file.",
            "Send a ZIP of images.",
        )
