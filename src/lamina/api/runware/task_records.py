"""Stores the outcomes of tasks that are not jobs, so that their UUIDs are unique and clients can query them."""

from collections.abc import AsyncIterator, Sequence
from typing import Literal, TypedDict, cast

from pydantic import JsonValue

from lamina.accounts.records import insert_record, read_record, replace_record
from lamina.api.runware.access import Caller
from lamina.api.runware.answers import Answer, ErrorBody
from lamina.api.runware.errors import RunwareError, error_of, task_conflict
from lamina.api.runware.results import jobs_of
from lamina.api.runware.task_fields import TaskFields
from lamina.core.errors import LaminaError

_KIND = "runware/task"
_RETENTION_S = 7 * 24 * 3600.0
_MAX_DURATION_S = 1800.0  # maximum duration of such a task; one that is still processing then was interrupted
_MAX_STORED_LENGTH = 2000  # characters of a parameter; longer ones, such as images, are not stored
_INTERRUPTED = RunwareError("inferenceError", "The task was interrupted. Send it again with a new taskUUID.")


class TaskRecord(TypedDict):
    """`request`: the task without long strings. `at`: when `status` was set, in seconds since 1970."""

    request: dict[str, JsonValue]
    status: Literal["processing", "success", "error"]
    at: float
    data: list[Answer]
    errors: list[ErrorBody]


async def read_task(caller: Caller, task_uuid: str) -> TaskRecord | None:
    """The record of a task of the caller; None if there is none."""
    stored = await read_record(caller.service, caller.key.id, kind=_KIND, name=task_uuid.lower())
    record = cast("TaskRecord | None", stored)
    if record is None or record["status"] != "processing" or caller.service.clock() - record["at"] <= _MAX_DURATION_S:
        return record
    request = TaskFields(record["request"])
    return {**record, "status": "error", "errors": [_INTERRUPTED.body(request.task_type, request.task_uuid)]}


async def record_outcome(
    caller: Caller, task: TaskFields, work: AsyncIterator[Sequence[Answer]]
) -> AsyncIterator[Sequence[Answer]]:
    """Yields what `work` yields, and stores it. Raises `RunwareError` (conflictTaskUUID)."""
    record = await _begin(caller, task)
    try:
        async for answers in work:
            record["data"].extend(answers)
            yield answers
    except (RunwareError, LaminaError) as error:
        converted = error_of(error)
        record["errors"].append(converted.body(task.task_type, task.task_uuid))
        await _end(caller, task, {**record, "status": "error"})
        raise converted from error
    await _end(caller, task, {**record, "status": "success"})


async def _begin(caller: Caller, task: TaskFields) -> TaskRecord:
    service, key_id = caller.service, caller.key.id
    sent = task.to_json().items()
    request = {name: value for name, value in sent if not isinstance(value, str) or len(value) <= _MAX_STORED_LENGTH}
    record = TaskRecord(request=request, status="processing", at=service.clock(), data=[], errors=[])
    name = task.task_uuid.lower()
    is_new = not await jobs_of(service, key_id, task.task_uuid) and await insert_record(
        service, key_id, kind=_KIND, name=name, value=record, lifetime_s=_RETENTION_S
    )
    if not is_new:
        raise task_conflict(task.task_type, task.task_uuid)
    return record


async def _end(caller: Caller, task: TaskFields, record: TaskRecord) -> None:
    name, value = task.task_uuid.lower(), {**record, "at": caller.service.clock()}
    await replace_record(caller.service, caller.key.id, kind=_KIND, name=name, value=value)
