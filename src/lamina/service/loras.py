"""LoRAs that a user keeps here under a name: fetched, looked through without running anything, stored as a file."""

import asyncio
from pathlib import Path

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.keys import ApiKey
from lamina.engine.qwen.adapters.architectures import other_architecture
from lamina.engine.qwen.adapters.heads import check_lora
from lamina.engine.weights.tensor_files import read_tensors
from lamina.service.files import keep, signed_file
from lamina.service.service import Service
from lamina.service.signed_urls import own_file
from lamina.store import files
from lamina.store.files import FileRecord

MEDIA_TYPE = "application/octet-stream"
_MARKS = ("lora", ".alpha")  # in the names of what a LoRA holds, whoever trained it


async def fetch_lora(service: Service, url: str, to: Path) -> None:
    """Raises `LaminaError`: address_refused, address_unreachable, input_too_large, not_found (a file of ours)."""
    own = own_file(url, (service.base_url, *service.base_urls))
    if own is None:
        await service.lora_fetcher.fetch(url, to)
    else:
        record = await signed_file(service, own.file_id, own.expires, own.signature)
        await service.blobs.fetch_to(record.sha256, to)


async def check_lora_file(path: Path, label: str) -> None:
    """`path`: ends in .safetensors. Raises `LaminaError` (lora_unusable) where it is no whole safetensors file, or
    plainly no LoRA for this family; whether it fits the model, its use will tell.
    """
    await asyncio.to_thread(_check, path, label)


async def keep_lora(service: Service, key: ApiKey, path: Path, name: str) -> FileRecord:
    """As a file that does not expire."""
    record = await keep(service, key.id, path, name, MEDIA_TYPE)
    await service.database.write(lambda connection: files.insert(connection, record))
    return record


def _check(path: Path, label: str) -> None:
    check_lora(path, label)
    try:
        keys = read_tensors(path).keys()
    except LaminaError as error:
        raise _unusable(label, "it is damaged or cut short", "Get the file again.") from error
    if other := other_architecture(keys, {}):
        raise _unusable(label, f"it is for {other}, not for Qwen-Image", "Give one that was trained for this family.")
    if not any(mark in key.lower() for key in keys for mark in _MARKS):
        raise _unusable(label, "there is no LoRA in it", "Give the adapter alone, not a whole model.")


def _unusable(label: str, why: str, hint: str) -> LaminaError:
    return LaminaError(ErrorCode.LORA_UNUSABLE, f"The LoRA {label!r} cannot be used: {why}.", hint)
