"""Following a job: its place, when it may be done, its events from anywhere on, and its end as soon as it comes."""

import asyncio
import time

import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import JobState, Progress
from lamina.jobs.end import announce, end
from lamina.jobs.follow import ended, followed, newest, view
from lamina.jobs.submit import submit
from lamina.service.service import Service
from lamina.store import events, jobs
from services import Clock, new_key, request, run, started


def test_a_waiting_job_tells_its_place(service: Service) -> None:
    key = new_key(service)
    first, second = (run(submit(service, key, request())) for _ in range(2))
    assert (run(view(service, key.id, first.id)).position, run(view(service, key.id, second.id)).position) == (0, 1)
    started(service, first.id)
    assert run(view(service, key.id, first.id)).position is None
    assert run(view(service, key.id, second.id)).position == 0


def test_when_it_may_be_done_is_known_from_earlier_jobs(service: Service, clock: Clock) -> None:
    key = new_key(service)
    first = started(service, run(submit(service, key, request())).id, "agent")
    assert run(view(service, key.id, first.id)).eta_s is None
    clock.now += 10.0
    service.database.write_now(lambda connection: end(connection, service, first.id, 1, JobState.SUCCEEDED))
    second, third = (run(submit(service, key, request())) for _ in range(2))
    assert run(view(service, key.id, third.id)).eta_s == pytest.approx(20.0)
    started(service, second.id, "agent")
    clock.now += 4.0
    assert run(view(service, key.id, second.id)).eta_s == pytest.approx(6.0)
    progress = Progress(stage="sampling", share=0.5, step=10, steps=20, eta_s=3.0)
    service.database.write_now(lambda connection: jobs.write_progress(connection, second.id, 1, progress))
    assert run(view(service, key.id, second.id)).eta_s == 3.0


def test_another_keys_job_is_not_there(service: Service) -> None:
    job, other = run(submit(service, new_key(service), request())), new_key(service)
    for look in (view(service, other.id, job.id), ended(service, other.id, job.id, 1.0)):
        with pytest.raises(LaminaError, match="no job") as caught:
            run(look)
        assert caught.value.code is ErrorCode.NOT_FOUND
    assert run(newest(service, other.id, 9)) == []


def test_who_waits_for_the_end_gets_it_when_it_comes(service: Service) -> None:
    key = new_key(service)

    async def scenario() -> tuple[JobState, float]:
        job = await submit(service, key, request())
        waiting = asyncio.create_task(ended(service, key.id, job.id, 30.0))
        await asyncio.sleep(0)
        announce(service, await service.database.write(lambda c: end(c, service, job.id, None, JobState.ERRORED)))
        begun = time.monotonic()
        return (await waiting).state, time.monotonic() - begun

    state, took_s = run(scenario())
    assert state is JobState.ERRORED
    assert took_s < 1.0


def test_who_waits_too_short_gets_the_job_as_it_is(service: Service) -> None:
    key = new_key(service)
    job = run(submit(service, key, request()))
    assert run(ended(service, key.id, job.id, 0.0)).state is JobState.QUEUED


def test_an_end_in_another_process_is_seen_by_looking_again(service: Service) -> None:
    key = new_key(service)

    async def scenario() -> JobState:
        job = await submit(service, key, request())
        waiting = asyncio.create_task(ended(service, key.id, job.id, 30.0))
        await asyncio.sleep(0)
        await service.database.write(lambda c: end(c, service, job.id, None, JobState.ERRORED))  # and nobody is told
        return (await asyncio.wait_for(waiting, 5.0)).state

    assert run(scenario()) is JobState.ERRORED


def test_all_events_come_in_order_until_the_end(service: Service) -> None:
    key = new_key(service)

    async def scenario() -> list[tuple[int, str]]:
        job = await submit(service, key, request())
        seen: list[tuple[int, str]] = []
        async for event in followed(service, key.id, job.id):
            if event is None:  # nothing new: let something happen
                await asyncio.to_thread(started, service, job.id)
                await service.database.write(lambda c: events.append(c, job.id, "log", {"line": "hello"}, 1.0))
                await service.database.write(lambda c: end(c, service, job.id, 1, JobState.SUCCEEDED))
            else:
                seen.append((event.number, event.kind))
        return seen

    assert run(scenario()) == [(1, "state"), (2, "log"), (3, "state")]


def test_who_comes_back_reads_on(service: Service) -> None:
    key = new_key(service)
    job = run(submit(service, key, request()))
    for line in ("a", "b"):
        service.database.write_now(lambda c, line=line: events.append(c, job.id, "log", {"line": line}, 1.0))
    service.database.write_now(lambda c: end(c, service, job.id, None, JobState.CANCELLED))

    async def scenario() -> list[int]:
        return [event.number async for event in followed(service, key.id, job.id, after=2) if event is not None]

    assert run(scenario()) == [3, 4]
