"""A fleet of real `lamina` processes over one store, each of which can be killed, frozen, revived and started again."""

import asyncio
import contextlib
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from lamina_with_engine import ENGINE_CHILD
from serving import NO_OP_CHILD, PROGRAM, environment_of
from stores import free_port
from waiting import ended

AGENT_LOST_S = 3.0
_READY_S = 60.0
_VARIABLES = {
    ENGINE_CHILD: str(NO_OP_CHILD),
    "LAMINA_ALLOW_PRIVATE_URLS": "true",  # the receiver of webhooks is on this machine
    "LAMINA_AGENT_LOST_S": f"{AGENT_LOST_S:g}",
    "LAMINA_STALL_S": "5",
    "LAMINA_CANCEL_GRACE_S": "3",
    "LAMINA_MAX_ATTEMPTS": "100",  # so that no job can end as errored, however unlucky it is
}


@dataclass
class Member:
    """One process and its place. `url`: of a gateway, the same after every start; empty for agents alone."""

    name: str
    arguments: list[str]
    log: Path
    url: str = ""
    has_agents: bool = True
    is_disturbed: bool = False
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def send(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)

    def kill(self) -> None:
        """As kill -9 does it; engines see that their agent is gone."""
        assert self.process is not None
        self.process.kill()
        ended(self.process)

    def engines(self) -> list[int]:
        """Their process ids: whoever is a child of the process, by proc(5)."""
        return [
            int(child)
            for path in Path(f"/proc/{self.pid}/task").glob("*/children")
            for child in path.read_text("ascii").split()
        ]


class Fleet:
    """`database`: a URL; None is SQLite in `folder`, where every gateway has agents of its own. On Postgres gateways
    have none, and `workers` processes have nothing else.
    """

    def __init__(self, folder: Path, database: str | None, gateways: int = 2, workers: int = 2, agents: int = 2):
        self.folder = folder
        self.database = database or f"sqlite:///{folder / 'data' / 'lamina.db'}"
        own = [] if database is None else ["--database", database]
        at_gateway = agents if database is None else 0
        self.gateways = [self._gateway(number, own, at_gateway) for number in range(gateways)]
        at_work = ["work", *own, "--agents", str(agents)]
        self.workers = [self._member(f"worker{number}", at_work) for number in range(workers if database else 0)]
        self.agents = agents * len([one for one in self.members if one.has_agents])

    @property
    def members(self) -> list[Member]:
        return [*self.gateways, *self.workers]

    @property
    def places_of_agents(self) -> list[Member]:
        return [one for one in self.members if one.has_agents]

    async def start(self) -> None:
        """Every gateway answers when this returns."""
        await asyncio.gather(*(self.started(member) for member in self.members))

    async def started(self, member: Member) -> None:
        """Raises `RuntimeError` where it does not come up."""
        with member.log.open("ab") as log:
            member.process = subprocess.Popen(
                [sys.executable, "-W", "error", "-c", PROGRAM, *member.arguments],
                cwd=self.folder,
                env=environment_of(self.folder, **_VARIABLES),
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        if member.url:
            await self._answers(member)

    async def _answers(self, member: Member) -> None:
        async with httpx2.AsyncClient(timeout=5.0) as client, asyncio.timeout(_READY_S):
            while member.is_alive:
                with contextlib.suppress(httpx2.TransportError):
                    if (await client.get(f"{member.url}/health")).status_code == 200:
                        return
                await asyncio.sleep(0.1)
        raise RuntimeError(f"{member.name} ended: {member.log.read_text()[-2000:]}")

    def close(self) -> list[int]:
        """In good order; the exit codes."""
        for member in self.members:
            if member.is_alive:
                member.send(signal.SIGCONT)
                member.send(signal.SIGTERM)
        try:
            return [member.process.wait(60) for member in self.members if member.process is not None]
        except subprocess.TimeoutExpired:
            for member in self.members:
                member.kill()
            raise

    def logs(self) -> str:
        return "".join(member.log.read_text("utf-8") for member in self.members)

    def _gateway(self, number: int, own: list[str], agents: int) -> Member:
        port = free_port()
        arguments = ["serve", "--port", str(port), "--agents", str(agents), *own]
        return self._member(f"gateway{number}", arguments, f"http://127.0.0.1:{port}", agents > 0)

    def _member(self, name: str, arguments: list[str], url: str = "", has_agents: bool = True) -> Member:
        return Member(name, arguments, self.folder / f"{name}.log", url, has_agents)


async def frozen(member: Member, is_over: Any) -> None:
    """Stopped where it stands until `is_over()`, and then revived; its engines go on meanwhile."""
    member.send(signal.SIGSTOP)
    try:
        while not await is_over():
            await asyncio.sleep(0.1)
    finally:
        member.send(signal.SIGCONT)
