"""A job as a row of its table, and back."""

from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from lamina.core.jobs import Delivery, Failure, InputRole, Job, JobInput, JobRequest, JobState, Progress, WebhookEvent
from lamina.core.tasks import TaskKind


def request_record(request: JobRequest) -> dict[str, Any]:
    record = asdict(request)
    return {name: value for name, value in record.items() if value is not None}


def progress_record(progress: Progress) -> dict[str, Any]:
    """As it is kept and told: four digits are all that anybody can see."""
    known = {name: value for name, value in asdict(progress).items() if value is not None}
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in known.items()}


def job_of(row: sa.Row[Any]) -> Job:
    """`row`: with all columns of the table."""
    return Job(
        row.id,
        row.key_id,
        _request_of(row),
        JobState(row.state),
        row.attempt,
        row.created_at,
        row.queued_at,
        row.price_micros,
        row.charged_micros,
        row.started_at,
        row.ended_at,
        row.agent_id,
        row.is_cancel_requested,
        Progress(**row.progress),
        None if row.failure is None else Failure(**row.failure),
        row.result,
    )


def _request_of(row: sa.Row[Any]) -> JobRequest:
    record = dict(row.request)
    if not record:  # forgotten
        return JobRequest(TaskKind(row.kind), {}, model=row.model)
    record["kind"] = TaskKind(record["kind"])
    record["inputs"] = tuple(JobInput(InputRole(one["role"]), one["source"]) for one in record["inputs"])
    record["delivery"] = Delivery(**record["delivery"])
    record["webhook_events"] = tuple(map(WebhookEvent, record.get("webhook_events", (WebhookEvent.COMPLETED,))))
    return JobRequest(**record)
