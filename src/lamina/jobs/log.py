"""Logs the start, the retries and the end of each job as one structured line."""

import logging
import socket

from lamina.core.jobs import Job, JobState
from lamina.core.log_context import LineExtra, with_fields

_log = logging.getLogger(__name__)
_LEVELS = {JobState.ERRORED: logging.ERROR, JobState.FAILED: logging.WARNING}


def log_start(job: Job) -> None:
    """Logs the start of an attempt."""
    _log.info("job started", extra=_fields(job, waited_s=_rounded(job.waited_s)))


def log_again(job: Job, why: str) -> None:
    """Logs that the job is queued again. `why`: what went wrong, or that it was given back."""
    _log.warning("job queued again", extra=_fields(job, why=why))


def log_end(job: Job) -> None:
    error = {} if job.failure is None else {"error_code": str(job.failure.code), "error": job.failure.message}
    fields = _fields(job, state=job.state.value, ran_s=_rounded(job.ran_s), charged_micros=job.charged_micros, **error)
    _log.log(_LEVELS.get(job.state, logging.INFO), "job ended", extra=fields)


def _fields(job: Job, **more: object) -> LineExtra:
    """`engine`: the one that made the result; before there is one, the one that was asked for."""
    return with_fields(
        job_id=job.id,
        attempt=job.attempt,
        key_id=job.key_id,
        kind=job.request.kind.value,
        model=job.request.model,
        engine=(job.result.engine if job.result is not None else "") or job.request.engine,
        dialect=job.request.dialect,
        host=socket.gethostname(),
        **more,
    )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
