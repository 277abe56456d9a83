"""Both dispatchers: who is to run what, in which order, at once, and whatever happens to the server meanwhile."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path

import pytest
import sqlalchemy as sa

from lamina.core.errors import LaminaError
from lamina.core.ids import new_id
from lamina.core.jobs import Job, JobState
from lamina.core.keys import ApiKey
from lamina.jobs.dispatch.procrastinate import ProcrastinateDispatcher
from lamina.jobs.end import end
from lamina.jobs.retry import give_back
from lamina.jobs.submit import submit
from lamina.jobs.sweep import keep_sweeping
from lamina.service.service import Limits, Service
from lamina.store import jobs
from lamina.store.database import Database
from lamina.store.migrations import migrate
from services import new_key, request, service_on
from stores import Postgres
from waiting import completed, until_async

WITHIN_S = 20.0


class Runs:
    """Claims each job that it is given, and remembers which, when; like an agent whose engine takes no time."""

    def __init__(self, service: Service, takes_s: float = 0.0) -> None:
        self._service, self._takes_s = service, takes_s
        self.started: dict[str, float] = {}
        self.most_at_once = self._at_once = 0
        self._changed = asyncio.Event()

    async def __call__(self, job_id: str) -> None:
        with contextlib.suppress(LaminaError):
            job = await self._service.database.write(lambda connection: jobs.claim(connection, job_id, new_id(), 0.0))
            if job is None:
                return
            assert job.id not in self.started, "claimed twice"
            self.started[job.id] = time.monotonic()
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self._changed.set()
            try:
                await asyncio.sleep(self._takes_s)
            finally:
                self._at_once -= 1

    async def until(self, job_ids: set[str], within_s: float = WITHIN_S) -> None:
        async with asyncio.timeout(within_s):
            while not job_ids <= self.started.keys():
                self._changed.clear()
                await self._changed.wait()


@contextlib.asynccontextmanager
async def serving(service: Service, runs: Runs, slots: int = 1) -> AsyncGenerator[None]:
    task = asyncio.create_task(service.dispatcher.serve(runs, slots))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def service(database: Database, tmp_path: Path) -> Service:
    return service_on(database, tmp_path, clock=time.time)


@pytest.fixture
def key(service: Service) -> ApiKey:
    return new_key(service)


def test_jobs_start_by_priority_and_then_by_age(service: Service, key: ApiKey) -> None:
    async def scenario() -> list[str]:
        submitted = [await submit(service, key, request(priority=priority)) for priority in (0, 5, 0, -3, 5)]
        runs = Runs(service)
        async with serving(service, runs):
            await runs.until({job.id for job in submitted})
        numbers = {job.id: number for number, job in enumerate(submitted)}
        return [numbers[job_id] for job_id in runs.started]

    assert completed(scenario()) == [1, 4, 0, 2, 3]


def test_a_job_that_comes_again_goes_before_younger_ones(service: Service, key: ApiKey) -> None:
    async def scenario() -> list[str]:
        lost = await submit(service, key, request())
        claimed = await service.database.write(lambda connection: jobs.claim(connection, lost.id, new_id(), 0.0))
        assert claimed is not None
        others = [await submit(service, key, request(priority=priority)) for priority in (0, 1)]
        await give_back(service, claimed)
        runs = Runs(service)
        async with serving(service, runs):
            await runs.until({job.id for job in (lost, *others)})
        numbers = {job.id: number for number, job in enumerate((lost, *others))}
        return [numbers[job_id] for job_id in runs.started]

    assert completed(scenario()) == [2, 0, 1]


def test_a_job_starts_as_soon_as_it_is_submitted(service: Service, key: ApiKey) -> None:
    async def scenario() -> list[float]:
        runs = Runs(service)
        async with serving(service, runs):
            await warm_up(service, key, runs)
            return await delays_s(service, key, runs, count=20, pause_s=0.02)

    delays = completed(scenario())
    assert sorted(delays)[len(delays) // 2] < 0.1, delays
    assert max(delays) < 0.6, delays  # by the bell, not by the poll


def test_no_more_run_at_once_than_there_are_slots(service: Service, key: ApiKey) -> None:
    async def scenario() -> int:
        runs = Runs(service, takes_s=0.05)
        async with serving(service, runs, slots=3):
            submitted = await asyncio.gather(*(submit(service, key, request()) for _ in range(12)))
            await runs.until({job.id for job in submitted})
        return runs.most_at_once

    assert completed(scenario()) == 3


def test_every_job_of_a_crowd_starts_once(service: Service, key: ApiKey) -> None:
    async def scenario() -> int:
        runs = Runs(service)
        async with serving(service, runs, slots=2), serving(service, runs, slots=2):
            submitted = await asyncio.gather(*(submit(service, key, request()) for _ in range(80)))
            await runs.until({job.id for job in submitted})
        return len(runs.started)

    assert completed(scenario()) == 80


def test_what_another_process_queues_is_seen_within_about_a_second(
    service: Service, key: ApiKey, database_url: str, opened: Callable[[str], Database], tmp_path: Path
) -> None:
    elsewhere = service_on(opened(database_url), tmp_path, clock=time.time)

    async def scenario() -> float:
        runs = Runs(service)
        async with serving(service, runs):
            await warm_up(service, key, runs)
            submitted_at = time.monotonic()
            job = await submit(elsewhere, key, request())
            await runs.until({job.id})
            return runs.started[job.id] - submitted_at

    assert completed(scenario()) < 1.5


def test_it_stops_promptly_even_in_the_middle_of_a_run(service: Service, key: ApiKey) -> None:
    async def scenario() -> float:
        runs = Runs(service, takes_s=60.0)
        async with serving(service, runs):
            job = await submit(service, key, request())
            await runs.until({job.id})
            asked_at = time.monotonic()
        return time.monotonic() - asked_at

    assert completed(scenario()) < 2.0


def test_what_was_offered_and_not_claimed_goes_to_the_next(service: Service, key: ApiKey) -> None:
    class Idle(Runs):
        async def __call__(self, job_id: str) -> None:
            self.started[job_id] = time.monotonic()
            self._changed.set()
            await asyncio.Event().wait()

    async def scenario() -> None:
        job = await submit(service, key, request())
        idle = Idle(service)
        async with serving(service, idle):
            await idle.until({job.id})
        runs = Runs(service)
        async with serving(service, runs):
            await runs.until({job.id}, within_s=3.0)

    completed(scenario())


def test_a_run_that_fails_does_not_end_the_serving(service: Service, key: ApiKey) -> None:
    class Failing(Runs):
        async def __call__(self, job_id: str) -> None:
            await super().__call__(job_id)
            raise LaminaError("store_unavailable", "The database cannot be used.")

    async def scenario() -> None:
        runs = Failing(service)
        async with serving(service, runs):
            for _ in range(3):
                job = await submit(service, key, request())
                await runs.until({job.id})

    completed(scenario())


async def warm_up(service: Service, key: ApiKey, runs: Runs) -> None:
    """Until the dispatcher listens."""
    for _ in range(3):
        job = await submit(service, key, request())
        await runs.until({job.id})


async def delays_s(service: Service, key: ApiKey, runs: Runs, count: int, pause_s: float) -> list[float]:
    """From the commit of a submit to the start, of jobs that come one after the other."""
    delays: list[float] = []
    for _ in range(count):
        job = await submit(service, key, request())
        submitted_at = time.monotonic()
        await runs.until({job.id})
        delays.append(runs.started[job.id] - submitted_at)
        await asyncio.sleep(pause_s)
    return delays


def test_a_process_ends_although_the_dispatcher_is_woken_at_the_same_moment(
    database_url: str, opened: Callable[[str], Database], tmp_path: Path
) -> None:
    """As it is when a running job is given back, and then the process ends."""
    service = service_on(opened(database_url), tmp_path)
    key = new_key(service)

    async def scenario() -> bool:
        runs = Runs(service)
        serving_it = asyncio.create_task(service.dispatcher.serve(runs, 2))
        job = await submit(service, key, request())
        await runs.until({job.id})  # one slot runs it, and the other waits
        service.dispatcher.wake()
        serving_it.cancel()
        await asyncio.wait({serving_it}, timeout=WITHIN_S)
        return serving_it.cancelled()

    assert completed(scenario())


class TestWithProcrastinate:
    """What only the dispatcher of many machines has to get right."""

    @pytest.fixture
    def url(self, postgres: Postgres) -> str:
        return postgres.new_database("lamina_template")

    @pytest.fixture
    def service(self, url: str, opened: Callable[[str], Database], tmp_path: Path) -> Service:
        return service_on(opened(url), tmp_path, clock=time.time)

    def rows(self, service: Service) -> list[tuple[str, str]]:
        with service.database.engine.connect() as connection:
            return [
                (row[0], row[1])
                for row in connection.execute(
                    sa.text("select args ->> 'job_id', status::text from procrastinate_jobs order by id")
                )
            ]

    def write(self, service: Service, statement: str) -> None:
        with service.database.engine.begin() as connection:
            connection.execute(sa.text(statement))

    def reconcile(self, service: Service) -> None:
        service.database.write_now(service.dispatcher.reconcile)

    def submitted(self, service: Service, key: ApiKey) -> Job:
        return completed(submit(service, key, request()))

    def test_a_submit_that_is_undone_queues_nothing(self, service: Service) -> None:
        def work(connection: sa.Connection) -> None:
            service.dispatcher.enqueue(connection, new_id(), 0)
            raise RuntimeError("undone")

        with pytest.raises(RuntimeError, match="undone"):
            service.database.write_now(work)
        assert self.rows(service) == []

    def test_a_queued_job_that_was_forgotten_is_queued_again(self, service: Service, key: ApiKey) -> None:
        job = self.submitted(service, key)
        self.write(service, "delete from procrastinate_jobs")
        self.reconcile(service)
        assert self.rows(service) == [(job.id, "todo")]
        self.reconcile(service)
        assert self.rows(service) == [(job.id, "todo")]

    def test_one_whose_row_is_another_jobs_is_queued_again(self, service: Service, key: ApiKey) -> None:
        job, other = self.submitted(service, key), self.submitted(service, key)
        self.write(service, "update jobs set dispatch_ref = (select max(dispatch_ref) from jobs)")
        self.write(service, "delete from procrastinate_jobs where id <> (select max(dispatch_ref) from jobs)")
        self.reconcile(service)
        assert sorted(self.rows(service)) == sorted([(job.id, "todo"), (other.id, "todo")])

    def test_what_a_dead_worker_had_fetched_is_queued_again(self, service: Service, key: ApiKey) -> None:
        job = self.submitted(service, key)
        self.write(service, "update procrastinate_jobs set status = 'doing'")
        self.reconcile(service)
        assert self.rows(service) == [(job.id, "todo")]

    def test_what_a_living_worker_has_just_fetched_is_left_to_it(self, service: Service, key: ApiKey) -> None:
        job = self.submitted(service, key)
        self.write(service, "select procrastinate_register_worker_v1()")
        self.write(
            service,
            "update procrastinate_jobs set status = 'doing', worker_id = (select max(id) from procrastinate_workers)",
        )
        self.reconcile(service)
        assert self.rows(service) == [(job.id, "doing")]

    def test_what_a_living_worker_fetched_long_ago_and_never_claimed_is_queued_again(
        self, service: Service, key: ApiKey
    ) -> None:
        job = self.submitted(service, key)
        self.write(service, "select procrastinate_register_worker_v1()")
        self.write(
            service,
            "update procrastinate_jobs set status = 'doing', worker_id = (select max(id) from procrastinate_workers)",
        )
        self.write(service, "update procrastinate_events set at = now() - interval '1 minute'")
        self.reconcile(service)
        assert self.rows(service) == [(job.id, "todo")]

    def test_a_running_job_keeps_its_row_however_long_it_runs(self, service: Service, key: ApiKey) -> None:
        job = self.submitted(service, key)
        self.write(service, "select procrastinate_register_worker_v1()")
        self.write(
            service,
            "update procrastinate_jobs set status = 'doing', worker_id = (select max(id) from procrastinate_workers)",
        )
        self.write(service, "update procrastinate_events set at = now() - interval '1 hour'")
        self.write(service, "update jobs set state = 'running'")
        self.reconcile(service)
        assert self.rows(service) == [(job.id, "doing")]

    def test_nothing_is_left_of_jobs_that_have_run(self, service: Service, key: ApiKey) -> None:
        async def scenario() -> None:
            runs = Runs(service)
            async with serving(service, runs, slots=2):
                submitted = [await submit(service, key, request()) for _ in range(5)]
                await runs.until({job.id for job in submitted})

        completed(scenario())
        assert self.rows(service) == []

    def test_its_tables_are_made_once_by_however_many(
        self, postgres: Postgres, opened: Callable[[str], Database]
    ) -> None:
        from concurrent.futures import ThreadPoolExecutor

        url = postgres.new_database()
        databases = [opened(url) for _ in range(3)]
        migrate(databases[0].engine)
        with ThreadPoolExecutor() as threads:
            list(threads.map(lambda one: ProcrastinateDispatcher(one, url).open(), databases))
        ProcrastinateDispatcher(databases[0], url).open()
        with databases[0].engine.connect() as connection:
            assert connection.execute(sa.text("select count(*) from procrastinate_jobs")).scalar() == 0

    def test_tables_of_an_older_library_are_brought_up_to_date(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.write(service, "comment on table procrastinate_jobs is 'procrastinate 3.2.0'")
        self.write(service, "drop function procrastinate_fetch_job_v2")
        monkeypatch.setattr("lamina.jobs.dispatch.procrastinate_schema.version", lambda _name: "3.3.0")
        ProcrastinateDispatcher(service.database, service.database.url).open()
        with service.database.engine.connect() as connection:
            assert connection.execute(sa.text("select to_regproc('procrastinate_fetch_job_v2') is not null")).scalar()
            mark = connection.execute(sa.text("select obj_description(to_regclass('procrastinate_jobs'))")).scalar()
        assert mark == "procrastinate 3.3.0"


@pytest.fixture(scope="module")
def own_postgres(postgres: Postgres) -> Generator[Postgres]:
    """Another server, for the tests that take it away: those that have the first are not to be disturbed."""
    del postgres
    server = Postgres()
    server.make_template()
    yield server
    server.remove()


class WholeRuns(Runs):
    """Ends its jobs, too. Where the answer to a claim is lost with the server, the sweep gives the job to somebody."""

    async def __call__(self, job_id: str) -> None:
        with contextlib.suppress(LaminaError):
            job = await self._service.database.write(lambda connection: jobs.claim(connection, job_id, new_id(), 0.0))
            if job is None:
                return
            self.started.setdefault(job_id, time.monotonic())
            self._changed.set()
            await self._service.database.write(
                lambda connection: end(connection, self._service, job_id, job.attempt, JobState.SUCCEEDED)
            )


@contextlib.asynccontextmanager
async def sweeping(service: Service) -> AsyncGenerator[None]:
    task = asyncio.create_task(keep_sweeping(service))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class TestThroughRestarts:
    """A server that goes away under a trickle of submits and comes back: everything runs, and as quickly as before."""

    @pytest.fixture
    def service(self, own_postgres: Postgres, opened: Callable[[str], Database], tmp_path: Path) -> Service:
        url = own_postgres.new_database("lamina_template")
        return service_on(opened(url), tmp_path, Limits(agent_lost_s=2.0, max_attempts=99), clock=time.time)

    @pytest.mark.parametrize(("mode", "away_s"), [("fast", 0.0), ("immediate", 0.0), ("immediate", 5.0)])
    def test_all_jobs_run_and_start_as_quickly_as_before(
        self, service: Service, key: ApiKey, own_postgres: Postgres, mode: str, away_s: float
    ) -> None:
        async def scenario() -> tuple[list[float], list[float]]:
            runs = WholeRuns(service)
            async with serving(service, runs, slots=2), sweeping(service):
                await warm_up(service, key, runs)
                before = await delays_s(service, key, runs, count=50, pause_s=0.01)
                accepted: set[str] = set()
                trickle = asyncio.create_task(submitting(service, key, accepted, pause_s=0.02))
                await until_async(lambda: len(accepted) >= 10, "ten jobs were accepted")
                await asyncio.to_thread(own_postgres.stop, mode)
                await asyncio.sleep(away_s)
                await asyncio.to_thread(own_postgres.start)
                before_restart = len(accepted)
                await until_async(lambda: len(accepted) >= before_restart + 10, "jobs are accepted again")
                trickle.cancel()
                await asyncio.gather(trickle, return_exceptions=True)
                await runs.until(accepted, within_s=60.0)
                return before, await delays_s(service, key, runs, count=100, pause_s=0.01)

        before, after = (sorted(delays) for delays in completed(scenario()))
        # On a machine that is busy with other things, everything takes longer, before as well as after.
        assert after[98] < max(0.15, 3 * before[-1]), (before[-3:], after[90:])
        assert after[50] < max(0.05, 3 * before[25]), (before[25], after[50])


async def submitting(service: Service, key: ApiKey, accepted: set[str], pause_s: float) -> None:
    """Submits jobs until it is cancelled; the ids of those that were accepted go into `accepted`."""
    while True:
        with contextlib.suppress(LaminaError):  # the server is away
            accepted.add((await submit(service, key, request())).id)
        await asyncio.sleep(pause_s)
