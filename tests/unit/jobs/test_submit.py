"""A submit: everything in one transaction, the same answer to the same idempotency key, and limits that hold."""

import asyncio

import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import InputRole, JobInput, JobState
from lamina.core.keys import ApiKey
from lamina.files import storage as service_files
from lamina.jobs.end import end
from lamina.jobs.submit import submit
from lamina.service.service import Service
from lamina.store import events, jobs
from services import PRICE, Clock, Heard, balance, job_now, ledger_of, new_key, request, run, started, wrong_balances


def test_a_submitted_job_waits_and_is_held_for(service: Service) -> None:
    key = new_key(service, credit_micros=10 * PRICE)
    job = run(submit(service, key, request()))
    assert job == job_now(service, job.id)
    assert (job.state, job.attempt, job.price_micros) == (JobState.QUEUED, 0, PRICE)
    assert balance(service, key) == 9 * PRICE
    assert ledger_of(service, job.id) == [("hold", -PRICE)]
    told = service.database.write_now(lambda connection: events.after(connection, job.id, 0))
    assert [(event.kind, event.data["state"]) for event in told] == [("state", "queued")]
    assert isinstance(service.observer, Heard)
    assert service.observer.told == [("submitted", job.id)]


def test_a_key_without_credit_is_not_metered(service: Service) -> None:
    key = new_key(service)
    job = run(submit(service, key, request()))
    assert ledger_of(service, job.id) == []


def test_without_funds_nothing_is_kept(service: Service) -> None:
    key = new_key(service, credit_micros=PRICE - 1)
    with pytest.raises(LaminaError, match=r"0\.001 USD") as caught:
        run(submit(service, key, request()))
    assert caught.value.code is ErrorCode.FUNDS_INSUFFICIENT
    assert balance(service, key) == PRICE - 1
    assert service.database.write_now(lambda connection: jobs.of_key(connection, key.id, 9)) == []


def test_the_same_idempotency_key_and_body_give_the_same_job(service: Service) -> None:
    key = new_key(service, credit_micros=10 * PRICE)
    first = run(submit(service, key, request(), "again", "body"))
    second = run(submit(service, key, request(), "again", "body"))
    assert second.id == first.id
    assert balance(service, key) == 9 * PRICE


def test_the_same_idempotency_key_and_another_body_conflict(service: Service) -> None:
    key = new_key(service)
    run(submit(service, key, request(), "again", "body"))
    with pytest.raises(LaminaError, match="another request") as caught:
        run(submit(service, key, request(), "again", "another body"))
    assert caught.value.code is ErrorCode.IDEMPOTENCY_CONFLICT


def test_idempotency_keys_of_two_keys_are_not_the_same(service: Service) -> None:
    first = run(submit(service, new_key(service), request(), "again", "body"))
    second = run(submit(service, new_key(service), request(), "again", "another body"))
    assert first.id != second.id


def test_the_same_idempotency_key_at_the_same_time_gives_one_job(service: Service) -> None:
    key = new_key(service, credit_micros=10 * PRICE)

    async def scenario() -> set[str]:
        submits = (submit(service, key, request(), "again", "body") for _ in range(16))
        return {job.id for job in await asyncio.gather(*submits)}

    assert len(run(scenario())) == 1
    assert balance(service, key) == 9 * PRICE
    assert wrong_balances(service) == []


async def crowd(service: Service, key: ApiKey, count: int) -> list[object]:
    submits = (submit(service, key, request()) for _ in range(count))
    return list(await asyncio.gather(*submits, return_exceptions=True))


def refused(outcomes: list[object]) -> list[ErrorCode]:
    return [outcome.code for outcome in outcomes if isinstance(outcome, LaminaError)]


def test_no_more_jobs_are_open_at_once_than_a_key_may_have(service: Service) -> None:
    key = new_key(service, at_once=3)
    outcomes = run(crowd(service, key, 16))
    assert refused(outcomes) == [ErrorCode.LIMIT_REACHED] * 13
    open_job = service.database.write_now(lambda connection: jobs.of_key(connection, key.id, 1))[0]
    service.database.write_now(lambda c: end(c, service, open_job.id, None, JobState.CANCELLED))
    run(submit(service, key, request()))


def test_no_more_jobs_come_in_a_minute_than_a_key_may_submit(service: Service, clock: Clock) -> None:
    key = new_key(service, per_minute=5)
    assert refused(run(crowd(service, key, 16))) == [ErrorCode.LIMIT_REACHED] * 11
    clock.now += 59.0
    with pytest.raises(LaminaError, match="5 jobs per minute"):
        run(submit(service, key, request()))
    clock.now += 2.0
    run(submit(service, key, request()))


def test_a_crowd_never_spends_more_than_there_is(service: Service) -> None:
    key = new_key(service, credit_micros=5 * PRICE)
    assert refused(run(crowd(service, key, 16))) == [ErrorCode.FUNDS_INSUFFICIENT] * 11
    assert balance(service, key) == 0
    assert wrong_balances(service) == []


def test_submits_and_ends_of_a_limited_and_metered_key_do_not_lock_each_other_out(service: Service) -> None:
    key = new_key(service, credit_micros=100 * PRICE, at_once=100)
    running = [started(service, job.id) for job in run(crowd(service, key, 20))]

    async def scenario() -> None:
        ends = (
            service.database.write(lambda c, job=job: end(c, service, job.id, job.attempt, JobState.FAILED))
            for job in running
        )
        submits = (submit(service, key, request()) for _ in range(20))
        await asyncio.gather(*(one for pair in zip(ends, submits, strict=True) for one in pair))

    run(scenario())
    assert balance(service, key) == 80 * PRICE
    assert wrong_balances(service) == []


def test_a_file_must_be_ones_own(service: Service) -> None:
    key, other = new_key(service), new_key(service)
    file = run(service_files.upload(service, key.id, b"content", "a.png", "image/png"))
    asked = request(inputs=(JobInput(InputRole.PICTURE, f"file:{file.id}"),))
    assert run(submit(service, key, asked)).request.inputs == asked.inputs
    with pytest.raises(LaminaError, match="no file") as caught:
        run(submit(service, other, asked))
    assert caught.value.code is ErrorCode.NOT_FOUND
