"""The LoRAs of an account: those of the modelUpload task, from their address on, and those that were trained here."""

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
_ODD = re.compile(r"[^A-Za-z0-9_.-]+")
_FACTS = (
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
    """Those of the AIRs that the account has, uploaded or trained."""
    known = await trained_here(caller) | await every_lora(caller) if airs else {}
    return {
        air: Registered(known[air]["file"], known[air].get("defaultWeight", 1), known[air])
        for air in airs
        if air in known
    }


async def every_lora(caller: Caller) -> dict[str, dict[str, Any]]:
    """By AIR, the newest first: what was said of each, and the id of its `file`."""
    return await read_records(caller.service, caller.key.id, _KIND)


async def trained_here(caller: Caller) -> dict[str, dict[str, Any]]:
    """As `every_lora`, of those that the account's trainings have made: each is `lamina:JOB@1`."""
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
    return next((one.architecture for one in AIRS.values() if one.model == model.name), model.name)


async def _uploaded(caller: Caller, task: Mapping[str, Any]) -> AsyncIterator[Data]:
    air = _parse_air(task)
    known = (await every_lora(caller)).get(air)
    if known is not None:
        if any(known.get(name) != task.get(name) for name in ("uniqueIdentifier", "downloadURL")):
            raise RunwareError(
                "modelAlreadyExists", f"There is another LoRA {air!r} of this account.", parameter="air", type="string"
            )
        yield [_state(task, air, "ready")]
        return
    yield [_state(task, air, "validated")]
    async with scratch_file() as place:
        path = place.with_suffix(".safetensors")
        await _fetched(caller, task, path)
        yield [_state(task, air, "downloaded")]
        await check_lora_file(path, task["name"])
        yield [_state(task, air, "optimized")]
        record = await keep_lora(caller.service, caller.key, path, f"{task['name']}.safetensors")
    yield [_state(task, air, "stored")]
    facts = {name: task[name] for name in _FACTS if name in task} | {"file": record.id}
    await insert_record(caller.service, caller.key.id, kind=_KIND, name=air, value=facts)
    yield [_state(task, air, "ready")]


def _parse_air(task: Mapping[str, Any]) -> str:
    """Raises `RunwareError`."""
    if task["category"] != LORA:
        raise RunwareError(
            "unsupportedParameter",
            f"Models of the category {task['category']!r} cannot be uploaded here; LoRAs can.",
            parameter="category",
            type="string",
            allowedValues=[LORA],
        )
    if task["architecture"].lower().replace("-", "_") not in ARCHITECTURES:
        raise RunwareError(
            "unsupportedLoraModel",
            f"LoRAs for {task['architecture']!r} cannot be used with the models here.",
            parameter="architecture",
            type="string",
            allowedValues=list(ARCHITECTURES),
        )
    air = task.get("air") or f"lamina:{_named(task.get('uniqueIdentifier') or task['name'])}@{_named(task['version'])}"
    if not _AIR.fullmatch(air):
        raise RunwareError(
            "invalidParameter", "Invalid value for air: write SOURCE:ID@VERSION.", parameter="air", type="string"
        )
    if air in AIRS:
        raise RunwareError("modelAlreadyExists", f"{air} is a model of the service.", parameter="air", type="string")
    return air


async def _fetched(caller: Caller, task: Mapping[str, Any], path: Path) -> None:
    try:
        await fetch_lora(caller.service, task["downloadURL"], path)
    except LaminaError as error:
        code = "invalidParameter" if error.code is ErrorCode.ADDRESS_REFUSED else "downloadFailed"
        raise RunwareError(code, str(error), parameter="downloadURL", type="string") from error


def _state(task: Mapping[str, Any], air: str, status: str) -> dict[str, Any]:
    about = {"taskType": task["taskType"], "taskUUID": task["taskUUID"]}
    return {**about, "status": status, "message": _MESSAGES[status], "air": air}


def _named(text: str) -> str:
    return _ODD.sub("-", text).strip("-") or "model"
