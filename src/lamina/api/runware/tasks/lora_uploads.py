"""The modelUpload task, and the LoRAs of an account: uploaded or trained."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lamina.accounts.records import insert_record, read_records
from lamina.api.runware.access import Caller
from lamina.api.runware.airs import AIRS, ARCHITECTURES
from lamina.api.runware.errors import RunwareError
from lamina.api.runware.task_records import recorded
from lamina.api.runware.translate import Registered
from lamina.api.runware.wire import LORA
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import Job
from lamina.core.keys import Scope
from lamina.core.tasks import TrainTask
from lamina.core.training import trained_model
from lamina.files.loras import check_lora_file, fetch_lora, keep_lora, trained_file, trained_loras
from lamina.files.sources import scratch_file

Data = Sequence[Mapping[str, Any]]
_KIND = "runware/lora"
_AIR = re.compile(r"[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+@[A-Za-z0-9_.-]+")
_INVALID_CHARACTERS = re.compile(r"[^A-Za-z0-9_.-]+")
_METADATA = (
    "name", "version", "architecture", "uniqueIdentifier", "downloadURL", "defaultWeight", "tags", "heroImageURL",
    "positiveTriggerWords", "negativeTriggerWords", "shortDescription", "comment",
)  # fmt: skip

_MESSAGES = {
    "validated": "Model parameters and configuration validated.",
    "downloaded": "Model downloaded from provider.",
    "optimized": "Model optimized for deployment.",
    "stored": "Model uploaded to secure storage.",
    "ready": "Model successfully deployed and ready for use.",
}
"""The vendor's words for each phase, in order."""


def model_upload(caller: Caller, task: Mapping[str, Any]) -> AsyncIterator[Data]:
    caller.require(Scope.WRITE)
    return recorded(caller, task, _uploaded(caller, task))


async def registered_loras(caller: Caller, airs: Sequence[str]) -> dict[str, Registered]:
    """The LoRAs with these AIRs that the account has uploaded or trained."""
    loras = await trained_here(caller) | await every_lora(caller) if airs else {}
    return {
        air: Registered(loras[air]["file"], loras[air].get("defaultWeight", 1), loras[air])
        for air in airs
        if air in loras
    }


async def every_lora(caller: Caller) -> dict[str, dict[str, Any]]:
    """The uploaded LoRAs by AIR, the newest first: their metadata, and the id of their `file`."""
    return await read_records(caller.service, caller.key.id, _KIND)


async def trained_here(caller: Caller) -> dict[str, dict[str, Any]]:
    """The LoRAs from the account's trainings, in the form of `every_lora`; their AIRs are `lamina:JOB@1`."""
    return {
        f"lamina:{job.id}@1": {
            "name": f"Training {job.id}",
            "version": "1",
            "architecture": _architecture(job),
            "file": trained_file(job),
        }
        for job in await trained_loras(caller.service, caller.key.id)
    }


def _architecture(job: Job) -> str:
    task = job.request.task
    model, _ = trained_model(task.model if isinstance(task, TrainTask) else None)
    return next((air.architecture for air in AIRS.values() if air.model == model.name), model.name)


async def _uploaded(caller: Caller, task: Mapping[str, Any]) -> AsyncIterator[Data]:
    air = _parse_air(task)
    existing = (await every_lora(caller)).get(air)
    if existing is not None:
        if any(existing.get(name) != task.get(name) for name in ("uniqueIdentifier", "downloadURL")):
            raise RunwareError(
                "modelAlreadyExists", f"This account already has another LoRA {air!r}.", parameter="air", type="string"
            )
        yield [_state(task, air, "ready")]
        return
    yield [_state(task, air, "validated")]
    async with scratch_file() as scratch:
        path = scratch.with_suffix(".safetensors")
        await _fetch(caller, task, path)
        yield [_state(task, air, "downloaded")]
        await check_lora_file(path, task["name"])
        yield [_state(task, air, "optimized")]
        record = await keep_lora(caller.service, caller.key, path, f"{task['name']}.safetensors")
    yield [_state(task, air, "stored")]
    metadata = {name: task[name] for name in _METADATA if name in task} | {"file": record.id}
    await insert_record(caller.service, caller.key.id, kind=_KIND, name=air, value=metadata)
    yield [_state(task, air, "ready")]


def _parse_air(task: Mapping[str, Any]) -> str:
    """Raises `RunwareError`."""
    if task["category"] != LORA:
        raise RunwareError(
            "unsupportedParameter",
            f"Models of the category {task['category']!r} cannot be uploaded, only LoRAs.",
            parameter="category",
            type="string",
            allowedValues=[LORA],
        )
    if task["architecture"].lower().replace("-", "_") not in ARCHITECTURES:
        raise RunwareError(
            "unsupportedLoraModel",
            f"LoRAs for {task['architecture']!r} are not compatible with the available models.",
            parameter="architecture",
            type="string",
            allowedValues=list(ARCHITECTURES),
        )
    air = task.get("air") or f"lamina:{_slug(task.get('uniqueIdentifier') or task['name'])}@{_slug(task['version'])}"
    if not _AIR.fullmatch(air):
        raise RunwareError(
            "invalidParameter", "Invalid value for air: write SOURCE:ID@VERSION.", parameter="air", type="string"
        )
    if air in AIRS:
        raise RunwareError("modelAlreadyExists", f"{air} is a model of the service.", parameter="air", type="string")
    return air


async def _fetch(caller: Caller, task: Mapping[str, Any], path: Path) -> None:
    try:
        await fetch_lora(caller.service, task["downloadURL"], path)
    except LaminaError as error:
        code = "invalidParameter" if error.code is ErrorCode.ADDRESS_REFUSED else "downloadFailed"
        raise RunwareError(code, str(error), parameter="downloadURL", type="string") from error


def _state(task: Mapping[str, Any], air: str, status: str) -> dict[str, Any]:
    about = {"taskType": task["taskType"], "taskUUID": task["taskUUID"]}
    return {**about, "status": status, "message": _MESSAGES[status], "air": air}


def _slug(text: str) -> str:
    return _INVALID_CHARACTERS.sub("-", text).strip("-") or "model"
