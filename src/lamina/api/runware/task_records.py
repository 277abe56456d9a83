"""Stores the outcomes of tasks that are not jobs, so that their UUIDs are unique and clients can query them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from lamina.accounts.records import insert_record, read_record, replace_record
from lamina.api.runware.access import Caller
from lamina.api.runware.errors import RunwareError, error_of, task_conflict
from lamina.api.runware.results import jobs_of
from lamina.core.errors import LaminaError

_KIND = "runware/task"
_KEPT_S = 7 * 24 * 3600.0
_LONGEST_S = 1800.0  # maximum duration of such a task; one that is still processing then was interrupted
_LONGEST_KEPT = 2000  # characters of a parameter; longer ones, such as images, are not stored
_INTERRUPTED = RunwareError("inferenceError", "The task was interrupted. Send it again with a new taskUUID.")

Data = Sequence[Mapping[str, Any]]


async def is_known(caller: Caller, task_uuid: str) -> bool:
    return await record_of_task(caller, task_uuid) is not None


async def record_of_task(caller: Caller, task_uuid: str) -> dict[str, Any] | None:
    """{request, status ("processing", "success" or "error"), data, errors} of a task of the caller; None if unknown."""
    record = await read_record(caller.service, caller.key.id, kind=_KIND, name=task_uuid.lower())
    if record is not None and record["status"] == "processing" and caller.service.clock() - record["at"] > _LONGEST_S:
        return {**record, "status": "error", "errors": [_error_body(_INTERRUPTED, record["request"])]}
    return record


async def recorded(caller: Caller, task: Mapping[str, Any], work: AsyncIterator[Data]) -> AsyncIterator[Data]:
    """Yields what `work` yields, and stores it. Raises `RunwareError` (conflictTaskUUID)."""
    await _begin(caller, task)
    results: list[Mapping[str, Any]] = []
    try:
        async for data in work:
            results.extend(data)
            yield data
    except (RunwareError, LaminaError) as error:
        converted = error if isinstance(error, RunwareError) else error_of(error)
        await _end(caller, task, {"status": "error", "data": results, "errors": [_error_body(converted, task)]})
        raise converted from error
    await _end(caller, task, {"status": "success", "data": results, "errors": []})


async def _begin(caller: Caller, task: Mapping[str, Any]) -> None:
    service, key_id, task_uuid = caller.service, caller.key.id, str(task["taskUUID"])
    value = {"request": _kept(task), "status": "processing", "at": service.clock(), "data": [], "errors": []}
    is_new = not await jobs_of(service, key_id, task_uuid) and await insert_record(
        service, key_id, kind=_KIND, name=task_uuid.lower(), value=value, lifetime_s=_KEPT_S
    )
    if not is_new:
        raise task_conflict(str(task["taskType"]), task_uuid)


async def _end(caller: Caller, task: Mapping[str, Any], outcome: Mapping[str, Any]) -> None:
    name, value = str(task["taskUUID"]).lower(), {"request": _kept(task), "at": caller.service.clock(), **outcome}
    await replace_record(caller.service, caller.key.id, kind=_KIND, name=name, value=value)


def _kept(task: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in task.items() if not isinstance(value, str) or len(value) <= _LONGEST_KEPT
    }  # fmt: skip


def _error_body(error: RunwareError, task: Mapping[str, Any]) -> dict[str, Any]:
    return error.body(task.get("taskType"), task.get("taskUUID"))
