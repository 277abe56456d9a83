"""Copies the LoRAs of a job to local files for its engine; those from URLs are cached."""

import hashlib
from dataclasses import replace
from pathlib import Path

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.ids import new_id
from lamina.core.jobs import FILE, Job, JobRequest
from lamina.files.lora_sources import check_lora_source
from lamina.service.service import Service
from lamina.store import files

_CACHED_S = 3600.0  # the owner of a URL may replace the LoRA
_CACHED_BYTES = 20 * 2**30
_PARTIAL_S = 86_400.0


async def with_local_loras(service: Service, job: Job, folder: Path) -> JobRequest:
    """The job's request with the paths of local files in place of the addresses of its LoRAs.

    Raises `LaminaError`: not_found, address_refused, address_unreachable, lora_unusable. Paths of this machine are
    refused.
    """
    loras = [replace(lora, path=await _local(service, job, lora.path, folder)) for lora in job.request.loras]
    return job.request.with_loras(tuple(loras))


async def _local(service: Service, job: Job, source: str, folder: Path) -> str:
    check_lora_source(source)
    if source.startswith(FILE):
        return str(await _uploaded(service, job, source.removeprefix(FILE), folder))
    if source.startswith(("http://", "https://")):
        return str(await _fetched(service, source))
    return source


async def _uploaded(service: Service, job: Job, file_id: str, folder: Path) -> Path:
    record = await service.database.read(lambda connection: files.by_id(connection, file_id, job.key_id))
    if record is None:
        raise LaminaError(ErrorCode.NOT_FOUND, f"There is no file {file_id}.", "It may have expired: upload it again.")
    path = folder / f"{file_id}.safetensors"
    await service.blobs.fetch_to(record.sha256, path)
    return path


async def _fetched(service: Service, url: str) -> Path:
    cached = service.cache / "loras"
    cached.mkdir(parents=True, exist_ok=True)
    path = cached / f"{hashlib.sha256(url.encode()).hexdigest()}.safetensors"
    if not path.exists() or service.clock() - path.stat().st_mtime > _CACHED_S:
        _evict(cached, service.clock())
        partial = path.with_suffix(f".{new_id()}")
        await service.patient_fetcher.fetch(url, partial)
        partial.replace(path)
    return path


def _evict(folder: Path, now: float) -> None:
    """Deletes the least recently used files, and downloads that a killed process left incomplete a day before.

    A process that reads a file still has it open.
    """
    for path in folder.iterdir():
        if path.suffix != ".safetensors" and path.stat().st_mtime < now - _PARTIAL_S:
            path.unlink(missing_ok=True)
    complete = sorted(folder.glob("*.safetensors"), key=lambda path: path.stat().st_atime)
    size = sum(path.stat().st_size for path in complete)
    for path in complete:
        if size <= _CACHED_BYTES:
            return
        size -= path.stat().st_size
        path.unlink(missing_ok=True)
