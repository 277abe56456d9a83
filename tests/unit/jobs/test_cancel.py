"""A cancel: at once while a job waits, asked of the engine while it runs, refused when there is nothing to stop."""

import asyncio

import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import JobState
from lamina.jobs.cancel import cancel
from lamina.jobs.end import end
from lamina.jobs.retry import LOST, give_back, try_again
from lamina.jobs.submit import submit
from lamina.service.service import Service
from lamina.store import jobs, outbox
from services import PRICE, balance, job_now, ledger_of, new_key, request, run, started, state_now


def test_a_waiting_job_is_cancelled_at_once_and_paid_back(service: Service) -> None:
    key = new_key(service, credit_micros=PRICE)
    job = run(submit(service, key, request(webhook_url="https://example.org")))
    assert run(cancel(service, key.id, job.id)).state is JobState.CANCELLED
    assert balance(service, key) == PRICE
    assert len(service.database.write_now(lambda connection: outbox.in_state(connection, outbox.PENDING))) == 1


def test_a_running_job_is_asked_to_stop(service: Service) -> None:
    key = new_key(service, credit_micros=PRICE)
    job = started(service, run(submit(service, key, request())).id)
    asked = run(cancel(service, key.id, job.id))
    assert (asked.state, asked.is_cancel_requested) == (JobState.RUNNING, True)
    assert service.database.write_now(lambda connection: jobs.is_to_stop(connection, job.id, job.attempt)) is True
    assert run(cancel(service, key.id, job.id)).is_cancel_requested  # asking again is no mistake


@pytest.mark.parametrize("is_agents_fault", [True, False], ids=["its agent is lost", "its agent gives it back"])
def test_a_job_that_was_asked_to_stop_does_not_start_again(service: Service, is_agents_fault: bool) -> None:
    key = new_key(service, credit_micros=PRICE)
    job = started(service, run(submit(service, key, request())).id)
    run(cancel(service, key.id, job.id))
    run(try_again(service, job, LOST) if is_agents_fault else give_back(service, job))
    assert state_now(service, job.id) is JobState.CANCELLED
    assert balance(service, key) == PRICE
    assert ledger_of(service, job.id)[-1] == ("release", PRICE)


def test_there_is_nothing_to_stop_of_an_ended_job(service: Service) -> None:
    key = new_key(service)
    job = run(submit(service, key, request()))
    run(cancel(service, key.id, job.id))
    with pytest.raises(LaminaError, match="has ended: cancelled") as caught:
        run(cancel(service, key.id, job.id))
    assert caught.value.code is ErrorCode.STATE_CONFLICT


def test_another_keys_job_is_not_there(service: Service) -> None:
    job = run(submit(service, new_key(service), request()))
    with pytest.raises(LaminaError, match="no job") as caught:
        run(cancel(service, new_key(service).id, job.id))
    assert caught.value.code is ErrorCode.NOT_FOUND
    assert state_now(service, job.id) is JobState.QUEUED


def test_a_cancel_and_a_claim_at_the_same_time_leave_no_job_that_runs_unasked(service: Service) -> None:
    key = new_key(service)

    async def one() -> None:
        job = await submit(service, key, request())
        await asyncio.gather(
            cancel(service, key.id, job.id),
            service.database.write(lambda connection: jobs.claim(connection, job.id, "agent", 1.0)),
        )
        after = await asyncio.to_thread(job_now, service, job.id)
        assert after.state is JobState.CANCELLED or after.is_cancel_requested

    async def scenario() -> None:
        await asyncio.gather(*(one() for _ in range(12)))

    run(scenario())


def test_a_cancel_and_a_requeue_at_the_same_time_never_say_that_an_open_job_has_ended(service: Service) -> None:
    key = new_key(service)

    async def one() -> None:
        job = await submit(service, key, request())
        running = await asyncio.to_thread(started, service, job.id)
        await asyncio.gather(cancel(service, key.id, job.id), try_again(service, running, LOST))
        after = await asyncio.to_thread(job_now, service, job.id)
        assert after.state is JobState.CANCELLED

    async def scenario() -> None:
        await asyncio.gather(*(one() for _ in range(12)))

    run(scenario())


def test_a_success_that_comes_before_the_engine_stops_counts(service: Service) -> None:
    key = new_key(service, credit_micros=PRICE)
    job = started(service, run(submit(service, key, request())).id)
    run(cancel(service, key.id, job.id))
    service.database.write_now(lambda connection: end(connection, service, job.id, 1, JobState.SUCCEEDED))
    assert state_now(service, job.id) is JobState.SUCCEEDED
