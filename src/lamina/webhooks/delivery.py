"""Sends webhooks and uploads from the outbox, at least once each, until the receiver accepts them or the last attempt
has failed.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import Job
from lamina.core.webhooks import UPLOAD, Webhook
from lamina.service.service import Service
from lamina.store import jobs, outbox
from lamina.webhooks.signing import LONGEST_TRYING_S, MAX_ATTEMPTS, backoff_s

_log = logging.getLogger(__name__)
_AT_ONCE = 16
_LOOK_AGAIN_S = 1.0
_TIMEOUT_S = 15.0
_LEASE_S = 2 * _TIMEOUT_S  # after this time, others take over from a process that died while sending
_UPLOAD_S = 300.0


@dataclass(frozen=True, slots=True)
class OutgoingRequest:
    """The HTTP request of one attempt: `headers` are signed for it. `method`: PUT for an upload."""

    body: bytes
    headers: Mapping[str, str]
    method: str = "POST"


Writer = Callable[[Webhook, Job, float], OutgoingRequest | Awaitable[OutgoingRequest]]
"""(the webhook, its job, the time in seconds since 1970) -> the request that the API sends. Raises `LaminaError` if the
content no longer exists.
"""


async def keep_delivering(service: Service, writers: Mapping[str, Writer]) -> None:
    """Runs until it is cancelled. `writers`: by API."""
    is_begun = False
    while True:
        try:
            if not is_begun:
                await revive_refused(service)
                is_begun = True
            sent = await deliver_due(service, writers)
        except LaminaError as error:  # the database is unavailable
            _log.warning("webhooks wait: %s", error)
            sent = 0
        if not sent:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_AGAIN_S):
                    await service.outbox_changed.wait()
            service.outbox_changed.clear()


async def revive_refused(service: Service) -> int:
    """Retries webhooks that were given up because of a private address, if private addresses are allowed now, and
    returns their number. Only those young enough that they would still be retried count.
    """
    if not service.fetcher.allow_private_urls:
        return 0
    now = service.clock()
    return await service.database.write(
        lambda connection: outbox.revive_refused(connection, now - LONGEST_TRYING_S, now)
    )  # fmt: skip


async def deliver_due(service: Service, writers: Mapping[str, Writer]) -> int:
    """Sends what is due, and returns the number of attempts."""
    now = service.clock()
    due = await service.database.write(lambda connection: outbox.lease(connection, now, now + _LEASE_S, _AT_ONCE))
    await asyncio.gather(*(_deliver(service, writers, webhook) for webhook in due))
    return len(due)


async def _deliver(service: Service, writers: Mapping[str, Writer], webhook: Webhook) -> None:
    job = await service.database.read(lambda connection: jobs.by_id(connection, webhook.job_id))
    if job is None or job.request.dialect not in writers:
        await _bury(service, webhook, None, "the job no longer exists")
        return
    is_upload = webhook.event == UPLOAD
    if is_upload:
        await service.database.write(
            lambda connection: outbox.hold(connection, webhook.id, service.clock() + _UPLOAD_S + _TIMEOUT_S)
        )
    try:
        written = writers[job.request.dialect](webhook, job, service.clock())
        delivery = written if isinstance(written, OutgoingRequest) else await written
        timeout_s = _UPLOAD_S if is_upload else _TIMEOUT_S
        status, answer = await service.fetcher.send(
            delivery.method, webhook.url, delivery.body, delivery.headers, timeout_s
        )
    except LaminaError as error:
        if error.code is ErrorCode.ADDRESS_REFUSED:  # another attempt would not help, but a setting might
            await _bury(service, webhook, None, error.message, is_refused=True)
        else:
            await _failed(service, webhook, None, error.message)
        return
    except Exception as error:  # noqa: BLE001  (one failure must not stop the delivery of the others)
        _log.exception("webhook %s of job %s could not be sent", webhook.id, webhook.job_id)
        await _failed(service, webhook, None, f"it could not be sent: {type(error).__name__}")
        return
    if 200 <= status < 300:
        service.observer.webhook_attempted("delivered")
        await service.database.write(
            lambda connection: outbox.delivered(connection, webhook.id, status, service.clock())
        )
    else:
        await _failed(service, webhook, status, f"it answered {status}: {answer[:200].decode('utf-8', 'replace')}")


async def _failed(service: Service, webhook: Webhook, status: int | None, why: str) -> None:
    if webhook.attempts >= MAX_ATTEMPTS:
        await _bury(service, webhook, status, why)
        return
    service.observer.webhook_attempted("failed")
    next_at = service.clock() + backoff_s(webhook.attempts, random.Random())  # noqa: S311  (jitter, no secret)
    await service.database.write(lambda connection: outbox.failed(connection, webhook.id, status, why, next_at))


async def _bury(service: Service, webhook: Webhook, status: int | None, why: str, *, is_refused: bool = False) -> None:
    service.observer.webhook_attempted("dead")
    _log.warning("webhook %s of job %s is dead: %s", webhook.id, webhook.job_id, why)
    now = service.clock()
    await service.database.write(
        lambda connection: outbox.died(connection, webhook.id, status, why, now, is_refused=is_refused)
    )
