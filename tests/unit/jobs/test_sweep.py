"""The sweep: jobs of lost agents go on, those past their deadlines end, and each is put right once."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lamina.core.errors import ErrorCode
from lamina.core.jobs import JobState
from lamina.jobs.end import end
from lamina.jobs.submit import submit
from lamina.jobs.sweep import keep_sweeping, sweep
from lamina.service.service import Service
from lamina.store import agents, jobs
from lamina.store.database import Database
from services import PRICE, Clock, Heard, balance, job_now, new_key, request, run, service_on, started, state_now
from waiting import until_async


def test_a_job_of_a_lost_agent_is_queued_again(service: Service, clock: Clock) -> None:
    job = started(service, run(submit(service, new_key(service), request())).id, "agent")
    clock.now += service.limits.agent_lost_s - 1
    assert run(sweep(service)) == []
    assert state_now(service, job.id) is JobState.RUNNING
    clock.now += 2
    assert run(sweep(service)) == []
    assert state_now(service, job.id) is JobState.QUEUED
    assert service.database.write_now(agents.every) == []


def test_a_job_of_a_living_agent_is_left_alone(service: Service, clock: Clock) -> None:
    job = started(service, run(submit(service, new_key(service), request())).id, "agent")
    for _ in range(5):
        clock.now += service.limits.agent_lost_s / 2
        service.database.write_now(lambda connection: agents.beat(connection, "agent", clock.now))
        run(sweep(service))
    assert state_now(service, job.id) is JobState.RUNNING


def test_a_job_that_kills_every_agent_ends_as_our_error(service: Service, clock: Clock) -> None:
    key = new_key(service, credit_micros=PRICE)
    job = run(submit(service, key, request()))
    ended = []
    for _ in range(service.limits.max_attempts):
        started(service, job.id)
        clock.now += service.limits.agent_lost_s + 1
        ended = run(sweep(service))
    assert [one.id for one in ended] == [job.id]
    assert job_now(service, job.id).failure.code == ErrorCode.ENGINE_CRASHED
    assert state_now(service, job.id) is JobState.ERRORED
    assert balance(service, key) == PRICE
    assert isinstance(service.observer, Heard)
    assert service.observer.told[-1] == ("ended", job.id)


def test_a_job_that_did_not_start_in_time_fails(service: Service, clock: Clock) -> None:
    late = run(submit(service, new_key(service), request(start_within_s=5.0)))
    patient = run(submit(service, new_key(service), request()))
    clock.now += 6.0
    assert [job.id for job in run(sweep(service))] == [late.id]
    assert (job_now(service, late.id).state, state_now(service, patient.id)) == (JobState.FAILED, JobState.QUEUED)
    assert job_now(service, late.id).failure.code == ErrorCode.DEADLINE_PASSED


def test_a_job_that_started_in_time_may_wait_again(service: Service, clock: Clock) -> None:
    job = run(submit(service, new_key(service), request(start_within_s=5.0)))
    started(service, job.id)
    clock.now += service.limits.agent_lost_s + 1
    run(sweep(service))
    run(sweep(service))
    assert state_now(service, job.id) is JobState.QUEUED


def test_a_run_that_takes_too_long_ends(service: Service, clock: Clock) -> None:
    job = started(service, run(submit(service, new_key(service), request())).id, "agent")
    service.database.write_now(lambda connection: jobs.set_run_by(connection, job.id, clock.now + 60.0))
    clock.now += 61.0
    service.database.write_now(lambda connection: agents.beat(connection, "agent", clock.now))
    assert [one.id for one in run(sweep(service))] == [job.id]
    assert job_now(service, job.id).failure.code == ErrorCode.DEADLINE_PASSED
    assert service.database.write_now(lambda c: end(c, service, job.id, 1, JobState.SUCCEEDED)) is None


def test_sweeps_at_the_same_time_put_each_job_right_once(
    service: Service, clock: Clock, database_url: str, opened: Callable[[str], Database], tmp_path: Path
) -> None:
    others = [service_on(opened(database_url), tmp_path, clock=clock) for _ in range(2)]
    key = new_key(service, credit_micros=100 * PRICE)
    for _ in range(10):
        started(service, run(submit(service, key, request())).id)
    clock.now += service.limits.agent_lost_s + 1

    async def scenario() -> None:
        await asyncio.gather(*(sweep(one) for one in (service, *others)))

    run(scenario())
    again = service.database.write_now(jobs.queued)
    assert len(again) == 10
    assert {service.database.write_now(lambda c, job=job: jobs.counted_attempts(c, job.id)) for job in again} == {1}


def test_it_goes_on_when_the_store_has_been_away(service: Service, clock: Clock) -> None:
    job = started(service, run(submit(service, new_key(service), request())).id)
    clock.now += service.limits.agent_lost_s + 1
    away = Database("sqlite:////no/such/folder/lamina.db")
    hasty = replace(service, limits=replace(service.limits, agent_lost_s=0.04))

    async def is_queued() -> bool:
        return await asyncio.to_thread(state_now, service, job.id) is JobState.QUEUED

    async def scenario() -> None:
        broken = asyncio.create_task(keep_sweeping(replace(hasty, database=away)))
        sweeping = asyncio.create_task(keep_sweeping(hasty))
        await until_async(is_queued, "the job is queued again")
        assert not broken.done()
        for task in (broken, sweeping):
            task.cancel()
        await asyncio.gather(broken, sweeping, return_exceptions=True)

    run(asyncio.wait_for(scenario(), 10.0))
    away.close()
