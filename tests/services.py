"""A whole service for tests, on any store, with a clock that stands still until it is told to go on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from typing import Any, TypeVar

from sqlalchemy import Connection

import audits
from lamina.accounts.keys import KeyTerms, create_key
from lamina.core.ids import new_id
from lamina.core.jobs import Job, JobRequest, JobState
from lamina.core.keys import ApiKey
from lamina.core.ports import Dispatcher
from lamina.core.tasks import DecomposeTask, TaskKind, TrainTask
from lamina.fetch.fetcher import Fetcher
from lamina.jobs.dispatch.in_process import InProcessDispatcher
from lamina.jobs.dispatch.procrastinate import ProcrastinateDispatcher
from lamina.service.service import Limits, Service
from lamina.store import agents, jobs, wallets
from lamina.store.agents import AgentRecord
from lamina.store.blobs import open_blobs
from lamina.store.database import Database
from waiting import completed

T = TypeVar("T")
PRICE = 1_000  # micro-dollars, of every job


class Clock:
    """Seconds since 1970, as a test wants them."""

    def __init__(self) -> None:
        self.now = time()

    def __call__(self) -> float:
        return self.now


@dataclass
class Heard:
    """What the service tells of its jobs, in order."""

    told: list[tuple[str, Any]] = field(default_factory=list)

    def job_submitted(self, job: Job) -> None:
        self.told.append(("submitted", job.id))

    def job_started(self, job: Job) -> None:
        self.told.append(("started", job.id))

    def job_ended(self, job: Job) -> None:
        self.told.append(("ended", job.id))

    def step_took(self, model: str, seconds: float) -> None: ...

    def webhook_attempted(self, outcome: str) -> None:
        self.told.append(("webhook", outcome))

    def request_crashed(self, route: str) -> None:
        self.told.append(("crashed", route))


class FlatPrices:
    """`PRICE` for everything; of a training's steps the part that was done."""

    def most(self, request: JobRequest) -> int:  # noqa: ARG002
        return PRICE

    def of_pictures(self, kind: TaskKind, model: str, pictures: int = 1) -> int:  # noqa: ARG002
        return PRICE

    def of_training(self, request: JobRequest, steps: int, layers: int, is_whole: bool) -> int:  # noqa: ARG002
        assert isinstance(request.task, TrainTask) and request.task.steps is not None
        return PRICE * steps // request.task.steps


def dispatcher_for(database: Database, limits: Limits) -> Dispatcher:
    if database.is_postgres:
        dispatcher = ProcrastinateDispatcher(database, database.url, limits.agent_lost_s)
        dispatcher.open()
        return dispatcher
    return InProcessDispatcher(database)


def service_on(
    database: Database,
    folder: Path,
    limits: Limits | None = None,
    fetcher: Any = None,
    clock: Callable[[], float] | None = None,
) -> Service:
    return Service(
        database=database,
        blobs=open_blobs(str(folder / "blobs")),
        fetcher=fetcher or Fetcher(allow_private_urls=True),
        dispatcher=dispatcher_for(database, limits or Limits()),
        pricing=FlatPrices(),
        secret=b"secret",
        cache=folder / "cache",
        limits=limits or Limits(),
        observer=Heard(),
        clock=clock or Clock(),
    )


def new_key(service: Service, credit_micros: int | None = None, **terms: Any) -> ApiKey:
    key, _ = create_key(service.database, KeyTerms(credit_micros=credit_micros, **terms), service.clock())
    return key


def request(**changes: Any) -> JobRequest:
    return JobRequest(**{"task": DecomposeTask(layers=3), "model": "a-model", **changes})


def run(awaitable: Awaitable[T]) -> T:
    return completed(awaitable)


def written(database: Database, work: Callable[[Connection], T]) -> T:
    return database.write_now(work)


def started(service: Service, job_id: str, agent_id: str | None = None) -> Job:
    """Claimed by an agent that is there."""

    def work(connection: Connection) -> Job:
        name = agent_id or new_id()
        if name not in {agent.id for agent in agents.every(connection)}:
            now = service.clock()
            agent = AgentRecord(id=name, host="host", process=1, device="cpu", started_at=now, seen_at=now)
            agents.insert(connection, agent)
        job = jobs.claim(connection, job_id, name, service.clock())
        assert job is not None
        return job

    return service.database.write_now(work)


def job_now(service: Service, job_id: str) -> Job:
    job = service.database.write_now(lambda connection: jobs.by_id(connection, job_id))
    assert job is not None
    return job


def state_now(service: Service, job_id: str) -> JobState:
    return job_now(service, job_id).state


def balance(service: Service, key: ApiKey) -> int:
    return service.database.write_now(lambda connection: wallets.balance_micros(connection, key.id))


def ledger_of(service: Service, job_id: str) -> list[tuple[str, int]]:
    entries = service.database.write_now(lambda connection: wallets.entries_of_job(connection, job_id))
    return [(entry.kind, entry.amount_micros) for entry in entries]


def wrong_balances(service: Service) -> list[Any]:
    return service.database.write_now(audits.wrong_balances)
