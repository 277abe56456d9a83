"""The lines that a job leaves in the log."""

import logging
from typing import Any

import pytest

from lamina.core.errors import ErrorCode
from lamina.core.jobs import Failure, JobState
from lamina.core.log_context import LINE_FIELDS
from lamina.jobs.cancel import cancel
from lamina.jobs.log import log_start
from lamina.jobs.retry import try_again
from lamina.jobs.submit import submit
from lamina.service.service import Service
from services import new_key, request, run, started

CRASH = Failure(ErrorCode.ENGINE_CRASHED, "The engine was killed.")


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "lamina.jobs.log")


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, dict[str, Any]]]:
    found = [record for record in caplog.records if record.name == "lamina.jobs.log"]
    return [(record.levelname, record.getMessage(), getattr(record, LINE_FIELDS)) for record in found]


def test_a_job_that_cannot_be_done_leaves_its_start_its_attempts_and_its_end(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    key = new_key(service)
    job = run(submit(service, key, request(engine="classic")))
    for _ in range(service.limits.max_attempts):
        running = started(service, job.id)
        log_start(running)
        run(try_again(service, running, CRASH))
    told = lines(caplog)
    assert [(level, message) for level, message, _ in told] == [
        *[("INFO", "job started"), ("WARNING", "job queued again")] * 2,
        ("INFO", "job started"),
        ("ERROR", "job ended"),
    ]
    start, end = told[0][2], told[-1][2]
    about = {"job_id": job.id, "key_id": key.id, "model": "a-model", "engine": "classic", "kind": "decompose"}
    assert start.items() >= (about | {"attempt": 1, "waited_s": 0.0}).items() and start["host"]
    ended = {"state": "errored", "attempt": 3, "error_code": "engine_crashed", "error": CRASH.message, "ran_s": 0.0}
    assert end.items() >= (about | ended).items()


def test_a_job_that_is_cancelled_while_it_waits_has_an_end_too(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    key = new_key(service)
    job = run(submit(service, key, request()))
    run(cancel(service, key.id, job.id))
    [(level, message, fields)] = lines(caplog)
    assert (level, message, fields["state"]) == ("INFO", "job ended", JobState.CANCELLED)
