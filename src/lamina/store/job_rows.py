"""Jobs as rows of their table, and back: the only place where the JSON of its columns is read and written.

A key that a row of an earlier version lacks gets its default, and one that only a later version knows is ignored.
"""

from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from lamina.core.errors import LaminaError
from lamina.core.jobs import (
    AbsentTask,
    Delivery,
    Failure,
    InputRole,
    Job,
    JobInput,
    JobRequest,
    JobState,
    Progress,
    WebhookEvent,
)
from lamina.core.result_records import decode_result
from lamina.core.task_records import decode_task, encode_task, field_names, known_fields
from lamina.core.tasks import Task, TaskKind


def request_record(request: JobRequest) -> dict[str, Any]:
    record = {"kind": request.kind} | {name: getattr(request, name) for name in field_names(JobRequest)}
    record["task"] = {} if isinstance(request.task, AbsentTask) else encode_task(request.task)
    record["inputs"] = tuple(map(asdict, request.inputs))
    record["delivery"] = asdict(request.delivery)
    return {name: value for name, value in record.items() if value is not None}


def progress_record(progress: Progress) -> dict[str, Any]:
    """Rounded to four digits, which are all that anybody can see."""
    known = {name: value for name, value in asdict(progress).items() if value is not None}
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in known.items()}


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
        progress=Progress(**known_fields(Progress, row.progress)),
        failure=None if row.failure is None else Failure(**known_fields(Failure, row.failure)),
        result=None if row.result is None else decode_result(TaskKind(row.kind), row.result),
    )


def _request_of(row: sa.Row[Any]) -> JobRequest:
    record = row.request
    if not record:  # its contents were removed
        return JobRequest(task=AbsentTask(TaskKind(row.kind)), model=row.model)
    own = known_fields(JobRequest, record)
    own["task"] = _task_of(TaskKind(record["kind"]), record["task"])
    own["inputs"] = tuple(JobInput(InputRole(one["role"]), one["source"]) for one in record.get("inputs", ()))
    own["delivery"] = Delivery(**known_fields(Delivery, record.get("delivery", {})))
    own["webhook_events"] = tuple(map(WebhookEvent, record.get("webhook_events", (WebhookEvent.COMPLETED,))))
    return JobRequest(**own)


def _task_of(kind: TaskKind, record: dict[str, Any]) -> Task | AbsentTask:
    """`AbsentTask` as well for what another version has taken in and this one does not take, so that the row can be
    read and the job be shown.
    """
    if not record:
        return AbsentTask(kind)
    try:
        return decode_task(kind, record)
    except (LaminaError, TypeError, ValueError):
        return AbsentTask(kind)
