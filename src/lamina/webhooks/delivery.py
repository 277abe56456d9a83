"""Sends what is in the outbox, webhooks and files that are to be uploaded, at least once each, until it is taken or has
been tried often enough.
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
_LEASE_S = 2 * _TIMEOUT_S  # whoever dies while sending leaves it to others after this
_UPLOAD_S = 300.0


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent: `headers` are signed for this attempt. `method`: PUT for a file that is uploaded."""

    body: bytes
    headers: Mapping[str, str]
    method: str = "POST"


Writer = Callable[[Webhook, Job, float], Letter | Awaitable[Letter]]
"""(the webhook, its job, the time in seconds since 1970) -> what that dialect sends. Raises `LaminaError`
where what was to be sent is gone.
"""


async def keep_delivering(service: Service, writers: Mapping[str, Writer]) -> None:
    """Until it is cancelled. `writers`: by dialect."""
    is_begun = False
    while True:
        try:
            if not is_begun:
                await revive_refused(service)
                is_begun = True
            sent = await deliver_due(service, writers)
        except LaminaError as error:  # the store is away
            _log.warning("webhooks wait: %s", error)
            sent = 0
        if not sent:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_AGAIN_S):
                    await service.deliveries_due.wait()
            service.deliveries_due.clear()


async def revive_refused(service: Service) -> int:
    """How many are tried again that were given up because of where they lead, since addresses of one's own network are
    allowed by now; those as young as what is still being tried.
    """
    if not service.fetcher.allow_private_urls:
        return 0
    now = service.clock()
    return await service.database.write(
        lambda connection: outbox.revive_refused(connection, now - LONGEST_TRYING_S, now)
    )  # fmt: skip


async def deliver_due(service: Service, writers: Mapping[str, Writer]) -> int:
    """How many were tried."""
    now = service.clock()
    due = await service.database.write(lambda connection: outbox.lease(connection, now, now + _LEASE_S, _AT_ONCE))
    await asyncio.gather(*(_deliver(service, writers, webhook) for webhook in due))
    return len(due)


async def _deliver(service: Service, writers: Mapping[str, Writer], webhook: Webhook) -> None:
    job = await service.database.read(lambda connection: jobs.by_id(connection, webhook.job_id))
    if job is None or job.request.dialect not in writers:
        await _bury(service, webhook, None, "the job is not there any more")
        return
    is_upload = webhook.event == UPLOAD
    if is_upload:
        await service.database.write(
            lambda connection: outbox.hold(connection, webhook.id, service.clock() + _UPLOAD_S + _TIMEOUT_S)
        )
    try:
        written = writers[job.request.dialect](webhook, job, service.clock())
        letter = written if isinstance(written, Letter) else await written
        timeout_s = _UPLOAD_S if is_upload else _TIMEOUT_S
        status, answer = await service.fetcher.send(letter.method, webhook.url, letter.body, letter.headers, timeout_s)
    except LaminaError as error:
        if error.code is ErrorCode.ADDRESS_REFUSED:  # which no other attempt will change, but perhaps a setting
            await _bury(service, webhook, None, error.message, is_refused=True)
        else:
            await _failed(service, webhook, None, error.message)
        return
    except Exception as error:  # noqa: BLE001  (the worker loop: one that we get wrong must not hold up the others)
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
