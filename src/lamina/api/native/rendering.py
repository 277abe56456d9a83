"""From what the service has done to the native JSON; pure functions."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TypeVar

from lamina.api.native.answers import (
    DefaultsBody,
    EntryBody,
    FailureBody,
    FileBody,
    GroupBody,
    JobBody,
    JobLinks,
    LayerBody,
    MadeFile,
    ModelBody,
    PictureBody,
    ProgressBody,
    RecompositionBody,
    ResultBody,
    SpanBody,
    StackBody,
    WalletBody,
    WebhookBody,
)
from lamina.core.catalog import Model, Span
from lamina.core.files import FileRecord
from lamina.core.job_results import PicturesResult, Result, ResultFile, StackResult, TrainingResult
from lamina.core.jobs import FILE, Job, JobEvent, JobState, Progress
from lamina.core.keys import ApiKey
from lamina.core.money import usd_of
from lamina.core.tasks import TaskKind
from lamina.core.times import render_time
from lamina.core.wallets import LedgerEntry
from lamina.core.webhooks import PENDING, Webhook
from lamina.jobs.follow import JobView

B = TypeVar("B", bound=MadeFile)

STACK_ENDINGS = ("psd", "ora", "pptx", "svg", "tiff", "webp", "zip")
Address = Callable[[str, str], str]
"""(file id, media type) -> signed address."""


def render_job(view: JobView, address: Address) -> JobBody:
    job = view.job
    is_stack = job.request.kind is TaskKind.DECOMPOSE and job.result is not None
    return JobBody(
        id=job.id,
        kind=job.request.kind.value,
        model=job.request.model,
        state=job.state.value,
        created_at=render_time(job.created_at),
        started_at=None if job.started_at is None else render_time(job.started_at),
        ended_at=None if job.ended_at is None else render_time(job.ended_at),
        waited_s=_rounded(job.waited_s),
        ran_s=_rounded(job.ran_s),
        attempt=job.attempt,
        position=view.position,
        eta_s=_rounded(view.eta_s),
        is_cancel_requested=job.is_cancel_requested,
        progress=_render_progress(job),
        price_usd=usd_of(job.price_micros),
        charged_usd=usd_of(job.charged_micros),
        error=None if job.failure is None else FailureBody.model_validate(job.failure, from_attributes=True),
        result=None if job.result is None else render_result(job, job.result, address),
        webhooks=[_render_webhook(webhook) for webhook in view.webhooks],
        links=JobLinks(
            self=f"/v1/jobs/{job.id}",
            events=f"/v1/jobs/{job.id}/events",
            cancel=f"/v1/jobs/{job.id}/cancel",
            stack=f"/v1/stacks/{job.id}" if is_stack else None,
        ),
    )


def render_result(job: Job, result: Result, address: Address) -> ResultBody:
    """The URLs of the files are made now, since they expire."""
    body = ResultBody.model_validate({})
    body.engine, body.checkpoint, body.seed = result.engine, result.checkpoint, result.seed
    body.stands_in_for, body.is_free, body.notes = result.stands_in_for, result.is_free, list(result.notes)
    if isinstance(result, TrainingResult):
        body.steps_done, body.layer_count = result.steps_done, result.layer_count
        body.lora = _located_if_any(result.lora, address)
        body.config = _located_if_any(result.config, address)
        body.loss_plot = _located_if_any(result.loss_plot, address)
        body.last_checkpoint = _located_if_any(result.last_checkpoint, address)
        return body
    _add_sampling(body, result)
    body.pictures = [_located(PictureBody, file, address) for file in result.pictures]
    if isinstance(result, StackResult):
        body.layers = [_located(LayerBody, file, address) for file in result.layers]
        body.groups = [GroupBody.model_validate(asdict(group)) for group in result.groups]
        body.flat = _located_if_any(result.flat, address)
        body.files = {} if result.stack is None else _stack_files(job.id)
        if result.recomposition is not None:
            body.recomposition = RecompositionBody.model_validate(asdict(result.recomposition))
    return body


def _add_sampling(body: ResultBody, result: PicturesResult) -> None:
    body.prompt, body.timings_s = result.prompt, dict(result.timings_s)
    body.steps, body.skipped_steps = result.steps, result.skipped_steps
    body.is_flagged, body.width, body.height = result.is_flagged, result.width, result.height


def render_stack(job: Job, result: Result, address: Address) -> StackBody:
    whole = render_result(job, result, address).model_dump()
    return StackBody(id=job.id, **{name: whole[name] for name in StackBody.model_fields if name != "id"})


def render_event(event: JobEvent, address: Address) -> bytes:
    """One event of a stream (HTML Living Standard, 9.2): what it says is one line of JSON. A file gets its address."""
    file = event.data.get("file")
    where = {} if file is None else {"url": address(file, event.data["content_type"])}
    data = json.dumps({"at": render_time(event.at), **event.data, **where})
    return f"id: {event.number}\nevent: {event.kind}\ndata: {data}\n\n".encode()


def render_webhook_body(event_id: str, job: Job, now: float, address: Address) -> bytes:
    """The body of a webhook."""
    body = {
        "id": event_id,
        "type": f"job.{job.state}",
        "timestamp": render_time(now),
        "data": render_job(JobView(job), address).model_dump(mode="json"),
    }
    return json.dumps(body).encode()


def render_file(record: FileRecord, address: Address) -> FileBody:
    return FileBody(
        id=record.id,
        reference=f"{FILE}{record.id}",
        name=record.name,
        content_type=record.media_type,
        size=record.size,
        sha256=record.sha256,
        created_at=render_time(record.created_at),
        expires_at=None if record.expires_at is None else render_time(record.expires_at),
        url=address(record.id, record.media_type),
    )


def render_model(model: Model, is_here: bool, price_micros: Callable[[TaskKind, str], int]) -> ModelBody:
    kinds = sorted(model.tasks)
    return ModelBody(
        name=model.name,
        title=model.title,
        aliases=list(model.aliases),
        kinds=[kind.value for kind in kinds],
        steps=_render_span(model.steps),
        guidance=_render_span(model.guidance),
        defaults={
            kind.value: DefaultsBody(steps=model.default_steps(kind), guidance=model.default_guidance(kind))
            for kind in kinds
        },
        native_px=model.native_px,
        max_references=model.max_references,
        licence=model.checkpoint.licence,
        is_here=is_here,
        prices_usd={kind.value: usd_of(price_micros(kind, model.name)) for kind in kinds},
    )


def render_wallet(key: ApiKey, balance_micros: int, entries: Sequence[LedgerEntry]) -> WalletBody:
    lines = [
        EntryBody.model_validate(
            {
                "id": entry.id,
                "kind": entry.kind,
                "amount_usd": usd_of(entry.amount_micros),
                "at": render_time(entry.at),
                "job": entry.job_id,
                "note": entry.note,
            }
        )
        for entry in entries
    ]
    return WalletBody(is_metered=key.is_metered, balance_usd=usd_of(balance_micros), entries=lines)


def _render_webhook(webhook: Webhook) -> WebhookBody:
    """Without what the receiver answered: it may be a machine that only the operator can see."""
    has_answered = webhook.last_status is not None
    is_waiting = webhook.state == PENDING
    return WebhookBody.model_validate(
        {
            "id": webhook.id,
            "event": webhook.event,
            "state": webhook.state,
            "attempts": webhook.attempts,
            "last_status": webhook.last_status,
            "error": f"It answered {webhook.last_status}."
            if has_answered and webhook.last_error
            else webhook.last_error,
            "next_attempt_at": render_time(webhook.next_at) if is_waiting else None,
        }
    )


def _render_progress(job: Job) -> ProgressBody | None:
    if job.progress == Progress() or job.state is not JobState.RUNNING:
        return None
    now = job.progress
    return ProgressBody(stage=now.stage, share=now.share, step=now.step, steps=now.steps)


def _located(body: type[B], file: ResultFile, address: Address) -> B:
    own = {name: value for name, value in asdict(file).items() if name in body.model_fields}
    return body(**own, id=file.file, url=address(file.file, file.content_type))


def _located_if_any(file: ResultFile | None, address: Address) -> MadeFile | None:
    return None if file is None else _located(MadeFile, file, address)


def _stack_files(job_id: str) -> dict[str, str]:
    return {ending: f"/v1/stacks/{job_id}.{ending}" for ending in STACK_ENDINGS}


def _render_span(span: Span) -> SpanBody:
    return SpanBody(least=span.least, most=span.most, default=span.default)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
