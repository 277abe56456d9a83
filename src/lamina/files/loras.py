"""Finds the LoRAs of an API key, whether trained or uploaded, and checks those that are fetched."""

import asyncio
from dataclasses import replace
from pathlib import Path

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.files import FileRecord
from lamina.core.job_results import ResultFile, TrainingResult
from lamina.core.jobs import FILE, JOB, Job, JobRequest
from lamina.core.keys import ApiKey
from lamina.core.tasks import TaskKind
from lamina.engines.qwen.adapters.architectures import other_architecture
from lamina.engines.qwen.adapters.header_sniffing import check_lora
from lamina.engines.weights.tensor_files import read_tensors
from lamina.files.signed_urls import is_signed, own_file
from lamina.files.storage import insert_upload, keep, signed_file
from lamina.service.service import Service
from lamina.store import files, jobs

MEDIA_TYPE = "application/octet-stream"
_MOST_TRAINED = 100
_MARKS = ("lora", ".alpha")  # in the names of what a LoRA holds, whoever trained it


async def with_own_loras(service: Service, key_id: str, request: JobRequest) -> JobRequest:
    """The request with `file:ID` for each LoRA of this service, however it names them. Raises as `own_lora` does."""
    loras = [replace(lora, path=await own_lora(service, key_id, lora.path)) for lora in request.loras]
    return request.with_loras(tuple(loras))


async def own_lora(service: Service, key_id: str, source: str) -> str:
    """`file:ID` of the LoRA that is meant: by a file's id, by that of the job that trained it (`job:ID`), by an address
    that the service has signed. Anything else as it is.

    Raises `LaminaError`: not_found, for those of other keys, too; state_conflict (it is not trained yet);
    lora_unusable (the job trains none).
    """
    own = own_file(source, (service.base_url, *service.base_urls))
    if own is not None:
        if not is_signed(service.secret, own.file_id, own.expires, own.signature, service.clock()):
            raise _no_lora(f"The URL of the LoRA has expired or its signature is invalid: {own.file_id}.")
        source = f"{FILE}{own.file_id}"
    if source.startswith(JOB):
        job_id = source.removeprefix(JOB)
        job = await service.database.read(lambda connection: jobs.by_id(connection, job_id, key_id))
        if job is None:
            raise _no_lora(f"There is no job {job_id}.")
        source = f"{FILE}{trained_file(job)}"
    if source.startswith(FILE):
        file_id = source.removeprefix(FILE)
        if await service.database.read(lambda connection: files.by_id(connection, file_id, key_id)) is None:
            raise _no_lora(f"There is no file {file_id}.")
    return source


def trained_file(job: Job) -> str:
    """The id of the LoRA that a job has trained. Raises as `own_lora` does."""
    if job.request.kind is not TaskKind.TRAIN:
        raise LaminaError(ErrorCode.LORA_UNUSABLE, f"Job {job.id} is not a training.", "Use the id of a training.")
    if job.state.is_open:
        raise LaminaError(
            ErrorCode.STATE_CONFLICT,
            f"Job {job.id} has no LoRA yet: it is {job.state}.",
            "Wait until it has succeeded.",
        )
    lora = _lora_of(job)
    if lora is None:
        raise _no_lora(f"Job {job.id} has no LoRA: it is {job.state}, or the LoRA was deleted.")
    return lora.file


async def trained_loras(service: Service, key_id: str) -> list[Job]:
    """The newest trainings that have left one, at most 100."""
    trainings = await service.database.read(lambda connection: jobs.trained(connection, key_id, _MOST_TRAINED))
    return [job for job in trainings if _lora_of(job) is not None]


async def fetch_lora(service: Service, url: str, to: Path) -> None:
    """Raises `LaminaError`: address_refused, address_unreachable, input_too_large, not_found (a file of ours)."""
    own = own_file(url, (service.base_url, *service.base_urls))
    if own is None:
        await service.patient_fetcher.fetch(url, to)
    else:
        record = await signed_file(service, own.file_id, own.expires, own.signature)
        await service.blobs.fetch_to(record.sha256, to)


async def check_lora_file(path: Path, label: str) -> None:
    """`path`: ends in .safetensors. Raises `LaminaError` (lora_unusable) if it is not a complete safetensors file, or
    not a LoRA for this family. Whether it fits the model is checked when it is used.
    """
    await asyncio.to_thread(_check, path, label)


async def keep_lora(service: Service, key: ApiKey, path: Path, name: str) -> FileRecord:
    """As a file that does not expire. Raises `LaminaError` (storage_full)."""
    record = await keep(service, key.id, path, name, MEDIA_TYPE)
    await service.database.write(lambda connection: insert_upload(connection, service, record))
    return record


def _check(path: Path, label: str) -> None:
    check_lora(path, label)
    try:
        keys = read_tensors(path).keys()
    except LaminaError as error:
        raise _unusable(label, "the file is damaged or truncated", "Download the file again.") from error
    if other := other_architecture(keys, {}):
        raise _unusable(label, f"it is for {other}, not for Qwen-Image", "Use a LoRA that was trained for Qwen-Image.")
    if not any(mark in key.lower() for key in keys for mark in _MARKS):
        raise _unusable(label, "the file does not contain a LoRA", "Use the adapter alone, not a whole model.")


def _lora_of(job: Job) -> ResultFile | None:
    return job.result.lora if isinstance(job.result, TrainingResult) else None


def _no_lora(what: str) -> LaminaError:
    return LaminaError(ErrorCode.NOT_FOUND, what, "Use a LoRA of this key: file:ID, or job:ID of its training.")


def _unusable(label: str, why: str, hint: str) -> LaminaError:
    return LaminaError(ErrorCode.LORA_UNUSABLE, f"The LoRA {label!r} cannot be used: {why}.", hint)
