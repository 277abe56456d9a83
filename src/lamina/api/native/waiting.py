"""Keeps a client waiting: for a job's end, as it prefers (RFC 7240), or on the stream of what happens to a job."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import aclosing

from lamina.api.native.rendering import render_event
from lamina.api.shared.context import ApiContext
from lamina.core.errors import LaminaError
from lamina.files.storage import address_of
from lamina.jobs.follow import followed

LONGEST_WAIT_S = 600
_QUIET_S = 15.0  # proxies give up on a stream that says nothing for long
_WAIT = re.compile(r'(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?=$|[,;])', re.IGNORECASE)
_log = logging.getLogger(__name__)


def parse_wait(prefer: str | None) -> int | None:
    """Seconds, at most `LONGEST_WAIT_S`; None where no such thing is preferred, or what is cannot be understood."""
    wait_match = _WAIT.search(prefer or "")
    return min(int(wait_match[1]), LONGEST_WAIT_S) if wait_match else None


async def event_stream(context: ApiContext, key_id: str, job_id: str, after: int) -> AsyncIterator[bytes]:
    """Until the job has ended. A comment now and then shows that it is alive; `id:` is what to resume after."""
    clock = asyncio.get_running_loop().time

    def address(file_id: str, media_type: str) -> str:
        return address_of(context.service, file_id, media_type)

    spoke_at = clock()
    yield b": events of the job\n\n"
    try:
        async with aclosing(followed(context.service, key_id, job_id, after)) as happened:  # pyright: ignore[reportArgumentType]
            async for event in happened:
                if event is not None:
                    yield render_event(event, address)
                elif clock() - spoke_at >= _QUIET_S:
                    yield b": nothing new\n\n"
                else:
                    if context.is_closing.is_set():
                        return
                    continue
                spoke_at = clock()
    except LaminaError as error:  # the headers are sent; the client can reconnect with Last-Event-ID
        _log.warning("the events of job %s broke off: %s", job_id, error)
