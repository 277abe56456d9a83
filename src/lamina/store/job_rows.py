"""Jobs as rows of their table, and back: the only place where the JSON of its columns is read and written.

A key that a row of an earlier version lacks gets its default, and one that only a later version knows is ignored.
"""

from typing import Any

import sqlalchemy as sa

from lamina.core.errors import LaminaError
from lamina.core.jobs import (
    AbsentTask,
    Failure,
    Job,
    JobRequest,
    JobState,
    Progress,
)
from lamina.core.records import decode, encode
from lamina.core.result_records import decode_result
from lamina.core.tasks import TASKS, Task, TaskKind


def request_record(request: JobRequest) -> dict[str, Any]:
    record = {"kind": request.kind, **encode(request)}
    if not request.has_task:
        record["task"] = {}
    return {name: value for name, value in record.items() if value is not None}


def progress_record(progress: Progress) -> dict[str, Any]:
    """Rounded to four digits, which are all that anybody can see."""
    return {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in encode(progress).items()
        if value is not None
    }


def job_of(row: sa.Row[Any]) -> Job:
    """`row`: with all columns of the table."""
    return Job(
        id=row.id,
        key_id=row.key_id,
        request=_request_of(row),
        state=JobState(row.state),
        attempt=row.attempt,
        created_at=row.created_at,
        queued_at=row.queued_at,
        price_micros=row.price_micros,
        charged_micros=row.charged_micros,
        started_at=row.started_at,
        ended_at=row.ended_at,
        agent_id=row.agent_id,
        is_cancel_requested=row.is_cancel_requested,
        progress=decode(Progress, row.progress),
        failure=None if row.failure is None else decode(Failure, row.failure),
        result=None if row.result is None else decode_result(TaskKind(row.kind), row.result),
    )


def _request_of(row: sa.Row[Any]) -> JobRequest:
    """Its task is an `AbsentTask` as well where another version has taken in what this one does not take, so that the
    row can be read and the job be shown.
    """
    record = row.request
    if not record:  # its contents were removed
        return JobRequest(task=AbsentTask(TaskKind(row.kind)), model=row.model)
    kind = TaskKind(record["kind"])
    return decode(JobRequest, {**record, "task": _task_of(kind, record["task"])})


def _task_of(kind: TaskKind, record: Any) -> Task | AbsentTask:
    if not record:
        return AbsentTask(kind)
    try:
        return decode(TASKS[kind], record)
    except (LaminaError, TypeError, ValueError):
        return AbsentTask(kind)
