"""Agents of a process: what they take in, when; and that no job is forgotten."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.ids import new_id
from lamina.core.jobs import Failure, Job, JobState
from lamina.jobs.run.agent import Agent
from lamina.jobs.run.agent_pool import AgentPool
from lamina.jobs.submit import submit
from lamina.jobs.sweep import sweep
from lamina.service.service import Service
from lamina.store import agents, jobs
from lamina.store.agents import AgentRecord
from lamina.worker.host import EngineDied
from lamina.worker.protocol import EngineIdle, RunMessage, RunOrder, RunOutcome
from services import new_key, request, run, state_now
from waiting import until_async


class Engine:
    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class ForsakenAgent:
    """Claims its first job, and then fails as it is told to; the jobs after that it sees to their ends."""

    def __init__(self, service: Service, error: Exception) -> None:
        self.service, self.engine, self.id = service, Engine(), ""
        self.running: list[Job] = []
        self.error: Exception | None = error
        self.done = asyncio.Event()

    async def register(self) -> None:
        record = AgentRecord(
            id=new_id(),
            host="host",
            process=1,
            device="cpu",
            started_at=self.service.clock(),
            seen_at=self.service.clock(),
        )
        await self.service.database.write(lambda connection: agents.insert(connection, record))
        self.id = record.id

    async def beat(self) -> None:
        await self.service.database.write(lambda connection: agents.beat(connection, self.id, self.service.clock()))

    async def run(self, job_id: str, _on_free: Callable[[], None]) -> None:
        now = self.service.clock()
        job = await self.service.database.write(lambda connection: jobs.claim(connection, job_id, self.id, now))
        if job is None:
            return
        error, self.error = self.error, None
        if error is not None:
            raise error
        await self.service.database.write(
            lambda connection: jobs.end(connection, job_id, job.attempt, JobState.SUCCEEDED, now, 0)
        )
        self.done.set()


def outcome(service: Service, error: Exception) -> JobState:
    async def scenario() -> JobState:
        agent: Any = ForsakenAgent(service, error)
        key = await asyncio.to_thread(new_key, service)
        async with AgentPool(service, [agent]).serving():
            job = await submit(service, key, request())

            async def is_done() -> bool:
                await sweep(service)
                return agent.done.is_set()

            await until_async(is_done, "the job has ended")
        return await asyncio.to_thread(state_now, service, job.id)

    return run(asyncio.wait_for(scenario(), 20.0))


def test_a_job_whose_end_could_not_be_written_is_run_again(service: Service) -> None:
    away = LaminaError(ErrorCode.STORE_UNAVAILABLE, "The database cannot be used.")
    assert outcome(service, away) is JobState.SUCCEEDED


def test_a_fault_of_ours_in_one_run_does_not_end_the_agent(service: Service) -> None:
    assert outcome(service, OSError("no space left")) is JobState.SUCCEEDED


class KilledEngine(Engine):
    """Somebody kills it as it starts, so many times."""

    def __init__(self, times: int) -> None:
        self.times = times

    async def start(self) -> None:
        if self.times:
            self.times -= 1
            raise EngineDied(-9, ())


def test_an_engine_that_is_killed_as_it_starts_is_started_again(service: Service) -> None:
    async def registered(times: int) -> str:
        agent: Any = ForsakenAgent(service, OSError())
        agent.engine = KilledEngine(times)
        async with AgentPool(service, [agent], start_again_s=0.0).serving():
            return agent.id

    assert run(registered(2))
    with pytest.raises(ExceptionGroup) as raised:
        run(registered(3))
    assert raised.value.subgroup(EngineDied)


REFUSED = RunOutcome(failure=Failure(ErrorCode.TASK_INVALID, "It cannot be done.", "Ask for something else."))


class SlowlyWritingEngine(Engine):
    """Makes things at once, and ends no run before it is told to. `begun`: the jobs, in that order."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.may_end = asyncio.Event()

    async def run(self, order: RunOrder, hear: Callable[[RunMessage], Awaitable[None] | None]) -> RunOutcome:
        self.begun.append(order.job_id)
        told = hear(EngineIdle())
        assert told is not None
        await told
        await self.may_end.wait()
        return REFUSED


@asynccontextmanager
async def two_begun(service: Service, engine: Any, count: int) -> AsyncGenerator[list[str]]:
    """The ids of so many jobs that one agent is given, when it has begun two."""
    key = await asyncio.to_thread(new_key, service)
    async with AgentPool(service, [Agent(service, engine)]).serving():
        ids = [(await submit(service, key, request())).id for _ in range(count)]
        await until_async(lambda: len(engine.begun) == 2, "two runs have begun")
        yield ids


async def has_failed(service: Service, job_id: str) -> bool:
    return await asyncio.to_thread(state_now, service, job_id) is JobState.FAILED


async def states_of(service: Service, ids: list[str]) -> list[JobState]:
    return [await asyncio.to_thread(state_now, service, job_id) for job_id in ids]


def test_one_job_is_begun_while_another_is_written_and_no_more(service: Service) -> None:
    async def scenario() -> list[JobState]:
        engine = SlowlyWritingEngine()
        async with two_begun(service, engine, 3) as ids:
            for _ in range(20):  # a third run would begin meanwhile
                service.dispatcher.wake()
                assert await states_of(service, ids) == [JobState.RUNNING, JobState.RUNNING, JobState.QUEUED]
            assert engine.begun == ids[:2]
            engine.may_end.set()
            await until_async(lambda: has_failed(service, ids[2]), "the third job has failed")
        return await states_of(service, ids)

    assert run(asyncio.wait_for(scenario(), 20.0)) == [JobState.FAILED] * 3


def test_all_jobs_that_an_agent_has_are_given_back_at_the_end(service: Service) -> None:
    hurried = replace(service, limits=replace(service.limits, drain_s=0.1))

    async def scenario() -> list[JobState]:
        async with two_begun(hurried, SlowlyWritingEngine(), 2) as ids:
            pass
        return await states_of(service, ids)

    assert run(asyncio.wait_for(scenario(), 20.0)) == [JobState.QUEUED] * 2
