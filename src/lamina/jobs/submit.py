"""Takes a job in: the key's limits, the price, the hold, the job and its place in the queue, all in one transaction."""

import secrets
from collections.abc import Sequence

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
) -> Job:
    """The new job; or the one that the same `idempotency_key` gave before, if `body_hash` is the same, too.

    Raises `LaminaError`: key_forbidden, limit_reached, funds_insufficient, idempotency_conflict, not_found (a file, a
    LoRA), state_conflict (a LoRA that is not trained yet), address_refused (a webhook's).
    """
    job = _new_job(service, key, await with_own_loras(service, key.id, request))

    def work(connection: Connection) -> Job:
        known = _known(connection, key, idempotency_key, body_hash)
        return known or _taken_in(connection, service, key, job, idempotency_key=idempotency_key, body_hash=body_hash)

    try:
        taken = await service.database.write(work)
    except IntegrityError:  # the same idempotency key came twice at the same time
        taken = await service.database.write(work)
    if taken.id == job.id:
        service.dispatcher.wake()
        service.observer.job_submitted(taken)
    return taken


async def submit_each(
    service: Service, key: ApiKey, requests: Sequence[JobRequest], names: Sequence[str], notes: Sequence[str] = ()
) -> list[Job]:
    """A new job of each request, or of none. `names`: an idempotency key for each, that must not have come before;
    `notes`: what every job's log is to begin with.

    Raises `LaminaError` as `submit` does.
    """
    taken = [_new_job(service, key, await with_own_loras(service, key.id, request)) for request in requests]
    unlike_any = secrets.token_hex(32)

    def work(connection: Connection) -> list[Job]:
        for name, job in zip(names, taken, strict=True):
            _known(connection, key, name, unlike_any)
            _taken_in(connection, service, key, job, idempotency_key=name, body_hash=unlike_any)
            for note in notes:
                events.append(connection, job.id, "log", {"line": note}, job.created_at)
        return taken

    try:
        await service.database.write(work)
    except IntegrityError:  # a name came twice at the same time
        await service.database.write(work)
    service.dispatcher.wake()
    for job in taken:
        service.observer.job_submitted(job)
    return taken


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
    """Of what is to be sent, as far as they can be told without looking names up. Raises `LaminaError`
    (address_refused).
    """
    for url in (request.webhook_url, request.upload_url):
        if url is not None:
            service.fetcher.check(url)


def _check_model(key: ApiKey, request: JobRequest) -> None:
    if key.models is not None and request.model not in key.models:
        raise LaminaError(
            ErrorCode.KEY_FORBIDDEN,
            f"This API key may not use {request.model or 'this'}.",
            f"It is for {', '.join(sorted(key.models))}; make one with more: lamina keys create --model.",
        )


def _known(connection: Connection, key: ApiKey, idempotency_key: str | None, body_hash: str | None) -> Job | None:
    if idempotency_key is None:
        return None
    found = jobs.by_idempotency_key(connection, key.id, idempotency_key)
    if found is None:
        return None
    job, known_hash = found
    if known_hash != body_hash:
        raise LaminaError(
            ErrorCode.IDEMPOTENCY_CONFLICT,
            f"This idempotency key came before, with another request: that of job {job.id}.",
            "Use a new key for a new request.",
        )
    return job


def _taken_in(
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
    keys.lock(connection, key.id)  # so that two submits at the same time do not both take the last place
    if key.per_minute is not None and jobs.count_since(connection, key.id, now - _MINUTE_S) >= key.per_minute:
        raise LaminaError(
            ErrorCode.LIMIT_REACHED, f"This key may submit {key.per_minute} jobs a minute.", "Try again in a minute."
        )
    if key.at_once is not None and jobs.count_open(connection, key.id) >= key.at_once:
        raise LaminaError(
            ErrorCode.LIMIT_REACHED,
            f"This key may have {key.at_once} jobs open at once.",
            "Wait until one has ended, or cancel one.",
        )


def _check_files(connection: Connection, key: ApiKey, request: JobRequest) -> None:
    for one in request.inputs:
        if not one.source.startswith(FILE):
            continue
        file_id = one.source.removeprefix(FILE)
        if files.by_id(connection, file_id, key.id) is None:
            raise LaminaError(ErrorCode.NOT_FOUND, f"There is no file {file_id}.", "Upload it first: POST /v1/files.")
