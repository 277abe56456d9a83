"""A run that went wrong is tried again, as often as it may be, and what was given back is not counted."""

from lamina.core.errors import ErrorCode
from lamina.core.jobs import Failure, JobState
from lamina.jobs.retry import give_back, try_again
from lamina.jobs.submit import submit
from lamina.service.service import Service
from lamina.store import events, jobs
from services import PRICE, balance, job_now, ledger_of, new_key, request, run, started, state_now

CRASH = Failure(ErrorCode.ENGINE_CRASHED, "The engine was killed.")


def test_a_job_is_tried_as_often_as_it_may_be_and_then_is_our_error(service: Service) -> None:
    key = new_key(service, credit_micros=PRICE)
    job = run(submit(service, key, request()))
    for attempt in range(1, service.limits.max_attempts + 1):
        assert state_now(service, job.id) is JobState.QUEUED
        running = started(service, job.id)
        assert running.attempt == attempt
        run(try_again(service, running, CRASH))
    after = job_now(service, job.id)
    assert (after.state, after.failure) == (JobState.ERRORED, CRASH)
    assert balance(service, key) == PRICE
    assert ledger_of(service, job.id) == [("hold", -PRICE), ("release", PRICE)]


def test_what_is_given_back_does_not_count(service: Service) -> None:
    job = run(submit(service, new_key(service), request()))
    for _ in range(service.limits.max_attempts + 2):
        run(give_back(service, started(service, job.id)))
    assert state_now(service, job.id) is JobState.QUEUED


def test_its_followers_are_told_why(service: Service) -> None:
    job = run(submit(service, new_key(service), request()))
    run(try_again(service, started(service, job.id), CRASH))
    told = service.database.write_now(lambda connection: events.after(connection, job.id, 0))[-1]
    assert told.data == {"state": "queued", "attempt": 1, "why": "The engine was killed."}


def test_an_old_attempt_does_not_disturb_a_new_one(service: Service) -> None:
    job = run(submit(service, new_key(service), request()))
    old = started(service, job.id)
    run(try_again(service, old, CRASH))
    new = started(service, job.id)
    run(try_again(service, old, CRASH))
    run(give_back(service, old))
    assert job_now(service, job.id) == new


def test_a_job_that_is_queued_again_is_offered_again(service: Service) -> None:
    job = run(submit(service, new_key(service), request()))
    run(try_again(service, started(service, job.id), CRASH))
    assert service.database.write_now(jobs.next_queued) == [job.id]


def test_a_job_that_brings_its_engine_down_twice_is_not_tried_a_third_time(service: Service) -> None:
    key = new_key(service, credit_micros=PRICE)
    job = run(submit(service, key, request()))
    run(try_again(service, started(service, job.id), CRASH, is_own_doing=True))
    assert state_now(service, job.id) is JobState.QUEUED
    run(try_again(service, started(service, job.id), CRASH, is_own_doing=True))
    after = job_now(service, job.id)
    assert (after.state, after.attempt) == (JobState.ERRORED, 2)
    assert after.failure is not None and after.failure.code == ErrorCode.ENGINE_CRASHED
    assert after.failure.message.startswith(CRASH.message) and "two attempts" in after.failure.message
    assert "another size" in after.failure.hint
    assert balance(service, key) == PRICE


def test_what_came_from_outside_between_two_crashes_is_not_held_against_it(service: Service) -> None:
    job = run(submit(service, new_key(service), request()))
    run(try_again(service, started(service, job.id), CRASH))
    run(try_again(service, started(service, job.id), CRASH, is_own_doing=True))
    assert state_now(service, job.id) is JobState.QUEUED
