"""Ends a job: writes its state, its charge and its webhook in one transaction."""

from collections.abc import Sequence

from sqlalchemy import Connection

from lamina.core.ids import new_id
from lamina.core.job_results import Result, TrainingResult
from lamina.core.jobs import Failure, Job, JobRequest, JobState, Progress, WebhookEvent
from lamina.core.stand_ins import stood_in_for, with_stand_in
from lamina.core.tasks import TaskKind
from lamina.core.webhooks import UPLOAD
from lamina.jobs.log import log_end
from lamina.jobs.training_charge import forget_progress, settled_training
from lamina.service.service import Service
from lamina.store import events, files, jobs, outbox, wallets
from lamina.store.job_rows import progress_record


def end(
    connection: Connection,
    service: Service,
    job_id: str,
    attempt: int | None,
    state: JobState,
    failure: Failure | None = None,
    result: Result | None = None,
    made: Sequence[files.FileRecord] = (),
    charge_micros: int | None = None,
) -> Job | None:
    """The job as it is now. None if it has ended before or another attempt has begun; nothing is written then.

    `attempt`: None is any. `charge_micros`: None charges the whole price of a job that succeeded and nothing of others;
    of a training see `settled_training`. Results of stand-ins are free, unless the limits say otherwise.
    """
    now = service.clock()
    before = jobs.locked(connection, job_id)
    if before is None:
        return None
    is_training = before.request.kind is TaskKind.TRAIN
    if is_training and charge_micros is None:
        trained = result if isinstance(result, TrainingResult) else None
        settled = settled_training(connection, service, before, state=state, result=trained, made=made)
        charge_micros, result, made = settled.charge_micros, settled.result, settled.made
    is_metered = _is_held(connection, job_id)
    charge = _charge(service, before, state) if charge_micros is None else min(charge_micros, before.price_micros)
    if result is not None:
        result = _with_stand_in(service, before.request, result)
    charge = charge if is_metered and not (result is not None and result.is_free) else 0
    job = jobs.end(
        connection,
        job_id,
        attempt=attempt,
        state=state,
        now=now,
        charged_micros=charge,
        failure=failure,
        result=result,
    )
    if job is None:
        return None
    if is_metered:
        _settle(connection, job, now)
    if is_training:
        forget_progress(connection, job_id)
    for file in made:
        files.insert(connection, file)
    if result is not None and result.stands_in_for is not None:
        events.append(connection, job_id, "log", {"line": result.notes[-1]}, now)
    state_data = (
        {"state": state} if failure is None else {"state": state, "code": failure.code, "message": failure.message}
    )
    if state is JobState.SUCCEEDED and before.progress.stage:  # followers of its progress see it end
        events.append(connection, job_id, "progress", progress_record(Progress(stage="done", share=1.0)), now)
    events.append(connection, job_id, "state", state_data, now)
    enqueue_webhook(connection, job, WebhookEvent.COMPLETED, now)
    if job.request.upload_url is not None and state is JobState.SUCCEEDED:
        _insert_in_outbox(connection, job, UPLOAD, job.request.upload_url, now)
    return job


def enqueue_webhook(connection: Connection, job: Job, event: WebhookEvent, now: float) -> None:
    """Puts a webhook into the outbox, if the request asks for one of this event."""
    if job.request.webhook_url is not None and event in job.request.webhook_events:
        _insert_in_outbox(connection, job, event, job.request.webhook_url, now)


def announce(service: Service, job: Job | None) -> None:
    """Logs the end, and notifies followers, deliveries and metrics. Call it after the transaction has committed."""
    if job is not None:
        log_end(job)
        service.signals.changed(job.id)
        wake_delivery(service, job)
        service.observer.job_ended(job)


def wake_delivery(service: Service, job: Job) -> None:
    """Wakes the delivery of webhooks and uploads, if the job's request asks for any."""
    if job.request.webhook_url is not None or job.request.upload_url is not None:
        service.outbox_changed.set()


def _insert_in_outbox(connection: Connection, job: Job, event: str, url: str, now: float) -> None:
    outbox.insert(connection, event_id=new_id(), job_id=job.id, key_id=job.key_id, event=event, url=url, now=now)


def _with_stand_in(service: Service, request: JobRequest, result: Result) -> Result:
    """Decided by the engine that has run, not by the one that was to run."""
    model = stood_in_for(result.engine, request.named_model)
    return result if model is None else with_stand_in(result, model, service.limits.are_stand_ins_charged)


def _charge(service: Service, job: Job, state: JobState) -> int:
    is_charged = state is JobState.SUCCEEDED or (state is JobState.FAILED and service.limits.is_failed_charged)
    return job.price_micros if is_charged else 0


def _is_held(connection: Connection, job_id: str) -> bool:
    """False for a job of a key that was not metered when it was submitted: it is free, whatever its price."""
    return any(entry.kind == wallets.HOLD for entry in wallets.entries_of_job(connection, job_id))


def _settle(connection: Connection, job: Job, now: float) -> None:
    """Releases what was held and is not charged."""
    kind = wallets.SETTLE if job.charged_micros else wallets.RELEASE
    note = f"{job.request.model}, free: nano stood in" if job.is_free else job.request.model
    wallets.add(
        connection,
        job.key_id,
        kind,
        amount_micros=job.price_micros - job.charged_micros,
        now=now,
        job_id=job.id,
        note=note,
    )
