"""The modelUpload task: downloads a LoRA, checks it, and adds it to the account."""

import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from lamina.api.runware.access import Caller
from lamina.api.runware.airs import AIRS, ARCHITECTURES
from lamina.api.runware.answers import Answer, ModelUpload
from lamina.api.runware.errors import parameter_error
from lamina.api.runware.loras import add_uploaded_lora, read_uploaded_loras
from lamina.api.runware.task_fields import TaskFields
from lamina.api.runware.task_records import record_outcome
from lamina.api.runware.wire import LORA
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.keys import Scope
from lamina.files.loras import check_lora_file, fetch_lora, keep_lora
from lamina.files.sources import scratch_file

_AIR = re.compile(r"[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+@[A-Za-z0-9_.-]+")
_INVALID_CHARACTERS = re.compile(r"[^A-Za-z0-9_.-]+")
_MESSAGES = {
    "validated": "Model parameters and configuration validated.",
    "downloaded": "Model downloaded from provider.",
    "optimized": "Model optimized for deployment.",
    "stored": "Model uploaded to secure storage.",
    "ready": "Model successfully deployed and ready for use.",
}
"""The message of each phase, as the vendor writes it, in order."""


def model_upload(caller: Caller, task: TaskFields) -> AsyncIterator[Sequence[Answer]]:
    caller.require(Scope.WRITE)
    return record_outcome(caller, task, _upload(caller, task))


async def _upload(caller: Caller, task: TaskFields) -> AsyncIterator[Sequence[ModelUpload]]:
    air, name = _parse_air(task), task.text("name")
    existing = (await read_uploaded_loras(caller)).get(air)
    if existing is not None:
        source = existing.get("uniqueIdentifier"), existing.get("downloadURL")
        if source != (task.optional_text("uniqueIdentifier"), task.text("downloadURL")):
            raise parameter_error("modelAlreadyExists", f"This account already has another LoRA {air!r}.", "air")
        yield [_phase(task, air, "ready")]
        return
    yield [_phase(task, air, "validated")]
    async with scratch_file() as scratch:
        path = scratch.with_suffix(".safetensors")
        await _fetch(caller, task, path)
        yield [_phase(task, air, "downloaded")]
        await check_lora_file(path, name)
        yield [_phase(task, air, "optimized")]
        record = await keep_lora(caller.service, caller.key, path, f"{name}.safetensors")
    yield [_phase(task, air, "stored")]
    await add_uploaded_lora(caller, air, task, record.id)
    yield [_phase(task, air, "ready")]


def _parse_air(task: TaskFields) -> str:
    """Raises `RunwareError`."""
    category, architecture = task.text("category"), task.text("architecture")
    if category != LORA:
        message = f"Models of the category {category!r} cannot be uploaded, only LoRAs."
        raise parameter_error("unsupportedParameter", message, "category", [LORA])
    if architecture.lower().replace("-", "_") not in ARCHITECTURES:
        message = f"LoRAs for {architecture!r} are not compatible with the available models."
        raise parameter_error("unsupportedLoraModel", message, "architecture", ARCHITECTURES)
    identifier = task.text("uniqueIdentifier", task.text("name"))
    air = task.text("air", f"lamina:{_slug(identifier)}@{_slug(task.text('version'))}")
    if not _AIR.fullmatch(air):
        raise parameter_error("invalidParameter", "Invalid value for air: write SOURCE:ID@VERSION.", "air")
    if air in AIRS:
        raise parameter_error("modelAlreadyExists", f"{air} is a model of the service.", "air")
    return air


async def _fetch(caller: Caller, task: TaskFields, path: Path) -> None:
    try:
        await fetch_lora(caller.service, task.text("downloadURL"), path)
    except LaminaError as error:
        code = "invalidParameter" if error.code is ErrorCode.ADDRESS_REFUSED else "downloadFailed"
        raise parameter_error(code, str(error), "downloadURL") from error


def _phase(task: TaskFields, air: str, status: str) -> ModelUpload:
    return {
        "taskType": task.task_type,
        "taskUUID": task.task_uuid,
        "status": status,
        "message": _MESSAGES[status],
        "air": air,
    }


def _slug(text: str) -> str:
    return _INVALID_CHARACTERS.sub("-", text).strip("-") or "model"
