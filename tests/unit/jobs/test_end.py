"""An end: state, money and webhook in one transaction, once, whoever comes with it and however often."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.files import FileRecord
from lamina.core.ids import new_id
from lamina.core.job_results import ResultFile, StackResult
from lamina.core.jobs import Failure, Job, JobState
from lamina.core.keys import ApiKey
from lamina.jobs.cancel import cancel
from lamina.jobs.end import announce, end
from lamina.jobs.retention import forget
from lamina.jobs.retry import LOST, give_back, try_again
from lamina.jobs.submit import submit
from lamina.jobs.sweep import sweep
from lamina.service.service import Limits, Service
from lamina.store import agents, events, files, outbox
from services import (
    PRICE,
    Clock,
    balance,
    job_now,
    ledger_of,
    new_key,
    request,
    run,
    started,
    state_now,
    wrong_balances,
)

FAILURE = Failure(ErrorCode.TASK_INVALID, "It was wrong.")


def running(service: Service, credit: int = 10 * PRICE, **changes: Any) -> tuple[ApiKey, Job]:
    key = new_key(service, credit_micros=credit)
    return key, started(service, run(submit(service, key, request(**changes))).id)


def ended(service: Service, job: Job, state: JobState, **changes: Any) -> Job | None:
    return service.database.write_now(
        lambda connection: end(connection, service, job.id, job.attempt, state, **changes)
    )


@pytest.mark.parametrize(
    ("state", "is_failed_charged", "charged"),
    [
        (JobState.SUCCEEDED, False, PRICE),
        (JobState.FAILED, False, 0),
        (JobState.FAILED, True, PRICE),
        (JobState.ERRORED, True, 0),
        (JobState.CANCELLED, True, 0),
    ],
)
def test_only_what_is_to_be_charged_is(
    service: Service, state: JobState, is_failed_charged: bool, charged: int
) -> None:
    service = replace(service, limits=Limits(is_failed_charged=is_failed_charged))
    key, job = running(service)
    after = ended(service, job, state)
    assert after is not None
    assert after.charged_micros == charged
    assert balance(service, key) == 10 * PRICE - charged
    back = ("settle", 0) if charged else ("release", PRICE)
    assert ledger_of(service, job.id) == [("hold", -PRICE), back]
    assert wrong_balances(service) == []


def test_a_part_of_the_price_can_be_charged_but_never_more(service: Service) -> None:
    key, job = running(service)
    ended(service, job, JobState.CANCELLED, charge_micros=PRICE // 4)
    assert balance(service, key) == 10 * PRICE - PRICE // 4
    key, job = running(service)
    ended(service, job, JobState.SUCCEEDED, charge_micros=9 * PRICE)
    assert balance(service, key) == 9 * PRICE
    assert wrong_balances(service) == []


def picture_of(service: Service, job: Job) -> FileRecord:
    return FileRecord(
        id=new_id(),
        key_id=job.key_id,
        job_id=job.id,
        sha256="a" * 64,
        size=1,
        media_type="image/png",
        name="a.png",
        created_at=service.clock(),
    )


def test_an_end_brings_its_files_event_and_webhook(service: Service) -> None:
    _, job = running(service, webhook_url="https://example.org/hook")
    file = picture_of(service, job)
    result = StackResult(flat=ResultFile(file=file.id, content_type="image/png"))
    ended(service, job, JobState.SUCCEEDED, result=result, made=[file])

    def what_is_there(connection: Connection) -> tuple[object, ...]:
        told = events.after(connection, job.id, 0)[-1]
        waiting = outbox.in_state(connection, outbox.PENDING)
        return files.of_job(connection, job.id), told.data, [(one.job_id, one.event, one.url) for one in waiting]

    made, told, letters = service.database.write_now(what_is_there)
    assert made == [file]
    assert told == {"state": "succeeded"}
    assert letters == [(job.id, "completed", "https://example.org/hook")]


def test_an_end_that_comes_again_or_late_is_void(service: Service) -> None:
    key, job = running(service, webhook_url="https://example.org/hook")
    ended(service, job, JobState.FAILED, failure=FAILURE)
    assert ended(service, job, JobState.SUCCEEDED) is None
    assert ended(service, job, JobState.FAILED) is None
    assert job_now(service, job.id).failure == FAILURE
    assert balance(service, key) == 10 * PRICE


def test_an_end_of_an_old_attempt_is_void_and_leaves_nothing(service: Service) -> None:
    _, job = running(service, webhook_url="https://example.org/hook")
    run(give_back(service, job))
    file = picture_of(service, job)
    assert ended(service, job, JobState.SUCCEEDED, made=[file]) is None
    assert state_now(service, job.id) is JobState.QUEUED
    started(service, job.id)
    assert ended(service, job, JobState.SUCCEEDED, made=[file]) is None
    assert state_now(service, job.id) is JobState.RUNNING
    assert service.database.write_now(lambda connection: files.of_job(connection, job.id)) == []
    assert service.database.write_now(lambda connection: outbox.in_state(connection, outbox.PENDING)) == []
    assert ledger_of(service, job.id) == [("hold", -PRICE)]


def test_of_many_ends_at_once_one_counts(service: Service) -> None:
    key, job = running(service, webhook_url="https://example.org/hook")
    states = [JobState.SUCCEEDED, JobState.FAILED, JobState.ERRORED, JobState.CANCELLED] * 4

    async def scenario() -> list[Job | None]:
        ends = (
            service.database.write(lambda connection, state=state: end(connection, service, job.id, None, state))
            for state in states
        )
        return list(await asyncio.gather(*ends))

    counted = [after for after in run(scenario()) if after is not None]
    assert len(counted) == 1
    assert len(ledger_of(service, job.id)) == 2
    assert balance(service, key) == 10 * PRICE - counted[0].charged_micros
    assert wrong_balances(service) == []


@pytest.mark.parametrize("seed", range(4))
def test_after_any_history_every_job_is_held_for_and_settled_once(service: Service, clock: Clock, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311
    credit = 12 * PRICE
    key = new_key(service, credit_micros=credit)
    submitted: list[str] = []

    async def submit_one() -> None:
        submitted.append((await submit(service, key, request(start_within_s=dice.choice([None, 5.0])))).id)

    async def start_one() -> None:
        await asyncio.to_thread(started, service, dice.choice(submitted), f"agent {dice.randint(1, 3)}")

    async def end_one() -> None:
        job, state = await any_job(), dice.choice([JobState.SUCCEEDED, JobState.FAILED, JobState.ERRORED])
        announce(service, await service.database.write(lambda c: end(c, service, job.id, job.attempt, state)))

    async def any_job() -> Job:
        return await asyncio.to_thread(job_now, service, dice.choice(submitted))

    async def time_goes_by() -> None:
        clock.now += dice.uniform(0, 10)
        await sweep(service)

    async def lose_an_agent() -> None:
        await service.database.write(lambda connection: agents.remove(connection, f"agent {dice.randint(1, 3)}"))

    async def retry() -> None:
        await try_again(service, await any_job(), LOST)

    async def return_one() -> None:
        await give_back(service, await any_job())

    async def cancel_one() -> None:
        await cancel(service, key.id, dice.choice(submitted))

    async def forget_one() -> None:
        await forget(service, key.id, dice.choice(submitted))

    steps: list[Callable[[], Awaitable[None]]] = [
        submit_one,
        start_one,
        start_one,
        end_one,
        time_goes_by,
        lose_an_agent,
        retry,
    ]
    steps += [submit_one, return_one, cancel_one, forget_one]

    async def history() -> None:
        await submit_one()
        for _ in range(80):
            with contextlib.suppress(LaminaError, AssertionError):  # a job that is not in the state for it
                await dice.choice(steps)()

    run(history())
    charged = held = 0
    for job in (job_now(service, job_id) for job_id in submitted):
        kinds = [kind for kind, _ in ledger_of(service, job.id)]
        assert kinds == (["hold"] if job.state.is_open else ["hold", "settle" if job.charged_micros else "release"])
        charged += job.charged_micros
        held += job.price_micros if job.state.is_open else 0
    assert balance(service, key) == credit - charged - held
    assert wrong_balances(service) == []
