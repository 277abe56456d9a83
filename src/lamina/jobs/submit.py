"""Submits jobs: checks the limits of the key, holds the price, stores and queues the job, in one transaction."""

import secrets
from collections.abc import Callable, Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.ids import new_id
from lamina.core.jobs import FILE, Job, JobRequest, JobState
from lamina.core.keys import ApiKey
from lamina.core.money import usd_of
from lamina.files.lora_sources import check_lora_source
from lamina.files.loras import with_own_loras
from lamina.service.service import Service
from lamina.store import events, files, jobs, keys, wallets

_MINUTE_S = 60.0


async def submit(
    service: Service,
    key: ApiKey,
    request: JobRequest,
    idempotency_key: str | None = None,
    body_hash: str | None = None,
    also: Callable[[Connection, Job], None] | None = None,
) -> Job:
    """The new job; or the job that was submitted with the same `idempotency_key` before, if `body_hash` is the same.

    `also`: what else the transaction writes for a new job.

    Raises `LaminaError`: key_forbidden, limit_reached, funds_insufficient, idempotency_conflict, not_found (a file, a
    LoRA), state_conflict (a LoRA that is not trained yet), lora_unusable, address_refused (a webhook's).
    """
    job = _new_job(service, key, await with_own_loras(service, key.id, request))

    def work(connection: Connection) -> Job:
        earlier = _earlier_job(connection, key, idempotency_key, body_hash)
        if earlier is not None:
            return earlier
        inserted = _insert(connection, service, key, job, idempotency_key=idempotency_key, body_hash=body_hash)
        if also is not None:
            also(connection, inserted)
        return inserted

    try:
        submitted = await service.database.write(work)
    except IntegrityError:  # another submit used the same idempotency key at the same time
        submitted = await service.database.write(work)
    if submitted.id == job.id:
        service.dispatcher.wake()
        service.observer.job_submitted(submitted)
    return submitted


async def earlier_job(service: Service, key: ApiKey, idempotency_key: str | None, body_hash: str | None) -> Job | None:
    """The job that the same request has submitted before. Raises `LaminaError` (idempotency_conflict)."""
    return await service.database.read(lambda connection: _earlier_job(connection, key, idempotency_key, body_hash))


async def submit_each(
    service: Service, key: ApiKey, requests: Sequence[JobRequest], names: Sequence[str], notes: Sequence[str] = ()
) -> list[Job]:
    """A new job for each request, or for none if one is refused. `names`: a new idempotency key for each; `notes`: the
    first lines of each job's log.

    Raises `LaminaError` as `submit` does.
    """
    submitted = [_new_job(service, key, await with_own_loras(service, key.id, request)) for request in requests]
    unique_hash = secrets.token_hex(32)

    def work(connection: Connection) -> list[Job]:
        for name, job in zip(names, submitted, strict=True):
            _earlier_job(connection, key, name, unique_hash)
            _insert(connection, service, key, job, idempotency_key=name, body_hash=unique_hash)
            for note in notes:
                events.append(connection, job.id, "log", {"line": note}, job.created_at)
        return submitted

    try:
        await service.database.write(work)
    except IntegrityError:  # another submit used the same name at the same time
        await service.database.write(work)
    service.dispatcher.wake()
    for job in submitted:
        service.observer.job_submitted(job)
    return submitted


def _new_job(service: Service, key: ApiKey, request: JobRequest) -> Job:
    _check_model(key, request)
    check_addresses(service, request)
    for lora in request.loras:
        check_lora_source(lora.path)
    now = service.clock()
    price = service.pricing.most(request)
    return Job(
        id=new_id(),
        key_id=key.id,
        request=request,
        state=JobState.QUEUED,
        attempt=0,
        created_at=now,
        queued_at=now,
        price_micros=price,
    )


def check_addresses(service: Service, request: JobRequest) -> None:
    """Checks the URLs of webhooks and uploads without DNS. Raises `LaminaError` (address_refused)."""
    for url in (request.webhook_url, request.upload_url):
        if url is not None:
            service.fetcher.check(url)


def _check_model(key: ApiKey, request: JobRequest) -> None:
    if key.models is not None and request.model not in key.models:
        raise LaminaError(
            ErrorCode.KEY_FORBIDDEN,
            f"This API key may not use {request.model or 'this'}.",
            f"It may use {', '.join(sorted(key.models))}. Create a key for more models: lamina keys create --model.",
        )


def _earlier_job(connection: Connection, key: ApiKey, idempotency_key: str | None, body_hash: str | None) -> Job | None:
    if idempotency_key is None:
        return None
    earlier = jobs.by_idempotency_key(connection, key.id, idempotency_key)
    if earlier is None:
        return None
    job, known_hash = earlier
    if known_hash != body_hash:
        raise LaminaError(
            ErrorCode.IDEMPOTENCY_CONFLICT,
            f"This idempotency key was used for another request, that of job {job.id}.",
            "Use a new idempotency key for a new request.",
        )
    return job


def _insert(
    connection: Connection,
    service: Service,
    key: ApiKey,
    job: Job,
    idempotency_key: str | None,
    body_hash: str | None,
) -> Job:
    check_limits(connection, key, job.created_at)
    _check_files(connection, key, job.request)
    start_within_s = job.request.start_within_s
    start_by = None if start_within_s is None else job.created_at + start_within_s
    jobs.insert(connection, job, start_by, idempotency_key, body_hash)
    if key.is_metered and not wallets.add(
        connection,
        key.id,
        wallets.HOLD,
        amount_micros=-job.price_micros,
        now=job.created_at,
        job_id=job.id,
        note=job.request.model,
    ):
        balance = wallets.balance_micros(connection, key.id)
        raise LaminaError(
            ErrorCode.FUNDS_INSUFFICIENT,
            f"This costs {usd_of(job.price_micros)} USD, and the wallet holds {usd_of(balance)}.",
            "Top it up: lamina wallet add.",
        )
    events.append(connection, job.id, "state", {"state": JobState.QUEUED}, job.created_at)
    service.dispatcher.enqueue(connection, job.id, job.request.priority)
    return job


def check_limits(connection: Connection, key: ApiKey, now: float) -> None:
    """Raises `LaminaError` (limit_reached)."""
    if key.per_minute is None and key.at_once is None:
        return
    keys.lock(connection, key.id)  # so that two submits at the same time cannot both pass the limit
    if key.per_minute is not None and jobs.count_since(connection, key.id, now - _MINUTE_S) >= key.per_minute:
        raise LaminaError(
            ErrorCode.LIMIT_REACHED, f"This key may submit {key.per_minute} jobs per minute.", "Try again in a minute."
        )
    if key.at_once is not None and jobs.count_open(connection, key.id) >= key.at_once:
        raise LaminaError(
            ErrorCode.LIMIT_REACHED,
            f"This key may have {key.at_once} jobs open at once.",
            "Wait until a job has ended, or cancel one.",
        )


def _check_files(connection: Connection, key: ApiKey, request: JobRequest) -> None:
    for job_input in request.inputs:
        if not job_input.source.startswith(FILE):
            continue
        file_id = job_input.source.removeprefix(FILE)
        if files.by_id(connection, file_id, key.id) is None:
            raise LaminaError(ErrorCode.NOT_FOUND, f"There is no file {file_id}.", "Upload it first: POST /v1/files.")
