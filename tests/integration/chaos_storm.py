"""The storm: clients that want their jobs done, while processes are killed, frozen and revived, all from one seed."""

import asyncio
import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import sqlalchemy as sa
from chaos_fleet import AGENT_LOST_S, Fleet, Member
from chaos_receiver import Receiver, receiving
from chaos_verdict import Verdict, is_all_done, judged

from lamina.accounts.keys import KeyTerms, create_key
from lamina.core.errors import LaminaError
from lamina.store.database import Database
from lamina.store.migrations import migrate
from lamina.store.tables import agents, jobs
from waiting import completed

CREDIT_MICROS = 1_000_000_000
_CLIENT_TIMEOUT_S = 4.0  # a frozen gateway says nothing
_LONGEST_FREEZE_S = 4 * AGENT_LOST_S
_BESIDES_S = 240.0  # until the fleet has started, and until the last mischief is over
_VOID = ("this run was superseded", "the end of this run is ignored")


@dataclass
class Plan:
    """What is to happen. `over_s`: jobs come, and mischief is done, over so many seconds; `end_s`: until all is done,
    afterwards. Counts are of acts. `is_one_spared`: of gateways, and of processes with agents, one at least is left
    alone at any time, so that it is sooner over. `outage` takes the database away and brings it back.
    """

    seed: int = 1
    jobs: int = 60
    over_s: float = 16.0
    end_s: float = 180.0
    agent_kills: int = 1
    engine_kills: int = 2
    gateway_kills: int = 1
    freezes: int = 1
    hangs: int = 1
    gateway_freezes: int = 1
    is_one_spared: bool = True
    outages: int = 0
    outage: Callable[[], Awaitable[None]] | None = None


@dataclass
class Storm:
    """What was done, as the harness saw it. `zombies`: runs of frozen processes that others had taken over before
    these came back; `fenced`: runs that found that they were not the latest any more.
    """

    acts: Counter[str] = field(default_factory=Counter[str])
    promised: dict[str, str] = field(default_factory=dict[str, str])
    retries: int = 0
    cancels: int = 0
    zombies: int = 0
    fenced: int = 0
    crashes: list[str] = field(default_factory=list[str])
    took_s: float = 0.0


def run_storm(folder: Path, database_url: str | None, plan: Plan) -> tuple[Verdict, Storm]:
    """`database_url`: None is SQLite in `folder`. Raises `TimeoutError` where not all jobs end in time."""
    fleet = Fleet(folder, database_url)
    (folder / "data").mkdir(exist_ok=True)
    database = Database(fleet.database)
    try:
        migrate(database.engine)
        key, secret = create_key(database, KeyTerms(name="chaos", credit_micros=CREDIT_MICROS), time.time())
        with receiving(plan.seed) as receiver:
            storm = _Running(plan, fleet, database, receiver, secret)
            try:
                completed(storm.run(key.id), plan.over_s + plan.end_s + _BESIDES_S)
                verdict = database.write_now(
                    lambda connection: judged(connection, key.id, CREDIT_MICROS, storm.told.promised.values(), receiver)
                )
            except BaseException as error:
                _read_logs(fleet, storm.told)
                error.add_note("\n".join(["What the processes logged:", *storm.told.crashes]))
                raise
            finally:
                exits = fleet.close()
        if any(exits):
            verdict.wrong.append(f"the processes ended with {exits}")
    finally:
        database.close()
    _read_logs(fleet, storm.told)
    verdict.wrong += [f"a process logged: {line}" for line in storm.told.crashes]
    return verdict, storm.told


def _read_logs(fleet: Fleet, told: Storm) -> None:
    for line in fleet.logs().splitlines():
        told.fenced += any(words in line for words in _VOID)
        if '"exception"' in line or "Traceback" in line:
            told.crashes.append(line[:2000])


class _Running:
    def __init__(self, plan: Plan, fleet: Fleet, database: Database, receiver: Receiver, secret: str) -> None:
        self._plan, self._fleet, self._database, self._receiver = plan, fleet, database, receiver
        self._headers = {"Authorization": f"Bearer {secret}"}
        self._lot = random.Random(plan.seed)  # noqa: S311
        self.told = Storm()

    async def run(self, key_id: str) -> None:
        begun = time.monotonic()
        await self._fleet.start()
        async with asyncio.timeout(60):
            while await self._read(_agent_count) < self._fleet.agents:
                await asyncio.sleep(0.1)
        async with httpx2.AsyncClient(timeout=_CLIENT_TIMEOUT_S, headers=self._headers) as self._client:
            await self._learn_keys()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._mischief())
                for number in range(self._plan.jobs):
                    at_s = self._lot.uniform(0, self._plan.over_s)
                    tasks.create_task(self._customer(number, at_s, random.Random(f"{self._plan.seed} {number}")))  # noqa: S311
        async with asyncio.timeout(self._plan.end_s):
            while not await self._read(lambda connection: is_all_done(connection, key_id, self._plan.jobs)):
                await asyncio.sleep(0.25)
        self.told.took_s = round(time.monotonic() - begun, 1)

    async def _learn_keys(self) -> None:
        answer = await self._client.get(f"{self._fleet.gateways[0].url}/.well-known/jwks.json")
        self._receiver.keys = answer.json()["keys"]

    # Customers

    async def _customer(self, number: int, at_s: float, lot: random.Random) -> None:
        """Wants one job, once, however often it must ask; and may change its mind."""
        await asyncio.sleep(at_s)
        steps, step_s = lot.randint(1, 25), lot.choice((0.02, 0.05, 0.1))
        fields = {"prompt": f"steps {steps} {step_s}", "webhook_url": self._receiver.url}
        asked = [self._asked(lot, "POST", "/v1/generations", fields, f"job {number}")]
        if lot.random() < 0.15:  # impatient: the same at both gateways at the same time
            asked.append(self._asked(lot, "POST", "/v1/generations", fields, f"job {number}"))
        ids = {answer.json()["id"] for answer in await asyncio.gather(*asked) if answer.status_code == 202}
        assert len(ids) == 1, f"job {number} was promised as {ids}"
        job_id = ids.pop()
        self.told.promised[f"job {number}"] = job_id
        if lot.random() < 0.2:
            await self._cancel(job_id, lot)

    async def _cancel(self, job_id: str, lot: random.Random) -> None:
        """At once, or as soon as it runs."""
        while lot.random() < 0.6:
            job = (await self._asked(lot, "GET", f"/v1/jobs/{job_id}")).json()
            if job["state"] != "queued":
                break
            await asyncio.sleep(0.2)
        answer = await self._asked(lot, "POST", f"/v1/jobs/{job_id}/cancel")
        assert answer.status_code in (200, 409), answer.text
        self.told.cancels += answer.status_code == 200

    async def _asked(
        self, lot: random.Random, method: str, path: str, fields: dict[str, Any] | None = None, once: str = ""
    ) -> httpx2.Response:
        """Until somebody answers."""
        while True:
            gateway = lot.choice(self._fleet.gateways)
            headers = {"Idempotency-Key": once} if once else {}
            with contextlib.suppress(httpx2.TransportError):
                answer = await self._client.request(method, gateway.url + path, json=fields, headers=headers)
                assert answer.status_code in (200, 202, 409, 503), answer.text
                if answer.status_code != 503:
                    return answer
            self.told.retries += 1
            await asyncio.sleep(lot.uniform(0.05, 0.4))

    # Mischief

    async def _mischief(self) -> None:
        plan, acts = self._plan, list[Callable[[], Awaitable[bool]]]()
        for count, act in (
            (plan.agent_kills, self._kill_agents),
            (plan.engine_kills, self._kill_engine),
            (plan.gateway_kills, self._kill_gateway),
            (plan.freezes, self._freeze_agents),
            (plan.gateway_freezes, self._freeze_gateway),
            (plan.hangs, self._hang_engine),
            (plan.outages, self._take_database_away),
        ):
            acts += [act] * count
        self._lot.shuffle(acts)
        pause_s = plan.over_s / (len(acts) + 1)
        async with asyncio.TaskGroup() as tasks:
            for act in acts:
                await asyncio.sleep(self._lot.uniform(0.5, 1.5) * pause_s)
                tasks.create_task(self._done(act))

    async def _done(self, act: Callable[[], Awaitable[bool]]) -> None:
        """When there is somebody to do it to."""
        while not await act():
            await asyncio.sleep(0.2)
        self.told.acts[act.__name__.removeprefix("_")] += 1

    async def _kill_agents(self) -> bool:
        return await self._killed(self._fleet.places_of_agents)

    async def _kill_gateway(self) -> bool:
        return await self._killed(self._fleet.gateways)

    async def _killed(self, among: list[Member]) -> bool:
        member = self._quiet(among)
        if member is None:
            return False
        with _disturbed(member):
            member.kill()
            await asyncio.sleep(self._lot.uniform(0, AGENT_LOST_S))  # as long as somebody takes to start it again
            await self._fleet.started(member)
        return True

    async def _kill_engine(self) -> bool:
        return self._engine_gets(signal.SIGKILL)

    async def _hang_engine(self) -> bool:
        """It says nothing from now on, and does not end either; its agent kills it in the end."""
        return self._engine_gets(signal.SIGSTOP)

    def _engine_gets(self, number: signal.Signals) -> bool:
        member = self._quiet(self._fleet.places_of_agents)
        engines = member.engines() if member is not None else []
        if not engines:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._lot.choice(engines), number)
        return True

    async def _freeze_agents(self) -> bool:
        """In the middle of a run, until somebody else has that; its engine goes on, so that a zombie comes back."""
        member = self._quiet(self._fleet.places_of_agents)
        if member is None:
            return False
        with _disturbed(member):
            member.send(signal.SIGSTOP)
            try:
                mine = await self._read(lambda connection: _running_at(connection, member.pid))
                if not mine:
                    return False
                taken_over = await self._taken_over(mine)
                await asyncio.sleep(self._lot.uniform(0, 1.0))
            finally:
                member.send(signal.SIGCONT)
        self.told.zombies += taken_over
        return taken_over > 0

    async def _taken_over(self, runs: dict[str, int]) -> int:
        """How many of the runs are not the latest of their jobs any more, when all are or patience is at its end."""
        until = time.monotonic() + _LONGEST_FREEZE_S
        while True:
            over = await self._read(lambda connection: _superseded(connection, runs))
            if over == len(runs) or time.monotonic() > until:
                return over
            await asyncio.sleep(0.1)

    async def _freeze_gateway(self) -> bool:
        member = self._quiet(self._fleet.gateways)
        if member is None:
            return False
        with _disturbed(member):
            member.send(signal.SIGSTOP)
            await asyncio.sleep(self._lot.uniform(1.2, 2.0) * AGENT_LOST_S)
            member.send(signal.SIGCONT)
        return True

    async def _take_database_away(self) -> bool:
        assert self._plan.outage is not None
        await self._plan.outage()
        return True

    def _quiet(self, among: list[Member]) -> Member | None:
        """One to which nothing is being done. Raises `RuntimeError` if one has ended by itself."""
        quiet = [member for member in among if not member.is_disturbed]
        for member in quiet:
            if not member.is_alive:
                raise RuntimeError(f"{member.name} has ended by itself: {member.log.read_text()[-3000:]}")
        return self._lot.choice(quiet) if len(quiet) > self._plan.is_one_spared else None

    async def _read(self, work: Callable[[sa.Connection], Any]) -> Any:
        while True:
            try:
                return await self._database.read(work)
            except LaminaError:  # the database is away
                await asyncio.sleep(0.2)


@contextlib.contextmanager
def _disturbed(member: Member) -> Any:
    member.is_disturbed = True
    try:
        yield
    finally:
        member.is_disturbed = False


def _agent_count(connection: sa.Connection) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(agents)).scalar_one()


def _running_at(connection: sa.Connection, pid: int) -> dict[str, int]:
    """{job: attempt} of what the agents of that process run."""
    its = sa.select(agents.c.id).where(agents.c.process == pid)
    rows = connection.execute(
        sa.select(jobs.c.id, jobs.c.attempt).where(jobs.c.state == "running", jobs.c.agent_id.in_(its))
    )
    return {row.id: row.attempt for row in rows}


def _superseded(connection: sa.Connection, runs: dict[str, int]) -> int:
    rows = connection.execute(sa.select(jobs.c.id, jobs.c.attempt, jobs.c.state).where(jobs.c.id.in_(runs)))
    return sum(row.attempt > runs[row.id] or row.state != "running" for row in rows)
