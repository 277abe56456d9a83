"""Many clients edit one stack through two processes, which are killed meanwhile; then every revision is checked."""

import asyncio
import itertools
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import httpx2
from chaos_fleet import Fleet
from sqlalchemy import Connection

from lamina.accounts.keys import KeyTerms, create_key
from lamina.stacks.document import Document
from lamina.stacks.records import parse_document
from lamina.store import stack_revisions, stacks
from lamina.store.database import Database
from lamina.store.migrations import migrate
from serving import poster

_TIMEOUT_S = 120.0
_FIRST, _SECOND = 1, 2


@dataclass(frozen=True, slots=True)
class StormPlan:
    """`clients`: at the same time; `edits`: accepted ones of each; `kills`: processes that get a SIGKILL.

    Every other client sends `If-Match: *`, the others the revision that they know, and try again after a 409.
    """

    clients: int = 40
    edits: int = 2
    kills: int = 2
    seed: int = 1


@dataclass
class StormVerdict:
    """`lost`: accepted edits that their revision does not have; `mixed`: revisions that are not the whole of one edit.

    `accepted`: edits by revision; `unanswered`: edits whose answer was lost with the process; `ends`: answers by
    status.
    """

    accepted: dict[int, str] = field(default_factory=dict[int, str], repr=False)
    revisions: int = 0
    lost: list[str] = field(default_factory=list[str])
    mixed: list[int] = field(default_factory=list[int])
    unanswered: set[str] = field(default_factory=set[str], repr=False)
    ends: Counter[int] = field(default_factory=Counter[int])
    waits_s: list[float] = field(default_factory=list[float], repr=False)
    kills: int = 0
    seconds: float = 0.0

    def figures(self) -> dict[str, Any]:
        return {
            "accepted": len(self.accepted),
            "lost": len(self.lost),
            "mixed": len(self.mixed),
            "revisions": self.revisions,
            "unanswered": len(self.unanswered),
            "conflicts": self.ends[409],
            "kills": self.kills,
            "p50_ms": round(1000 * median(self.waits_s), 1),
            "seconds": round(self.seconds, 1),
        }


async def run_stack_storm(folder: Path, database_url: str | None, plan: StormPlan) -> StormVerdict:
    """`database_url`: None is SQLite in `folder`."""
    (folder / "data").mkdir(exist_ok=True)
    fleet = Fleet(folder, database_url, gateways=2, workers=0, agents=1)
    database = Database(fleet.database)
    try:
        migrate(database.engine)
        key, secret = create_key(database, KeyTerms(name="storm"), time.time())
        await fleet.start()
        storm = _Storm(fleet, secret, plan)
        stack_id = await storm.run()
        await database.read(lambda connection: _judge(connection, key.id, stack_id, storm.verdict))
        return storm.verdict
    finally:
        database.close()
        fleet.close()


class _Storm:
    def __init__(self, fleet: Fleet, secret: str, plan: StormPlan) -> None:
        self._fleet, self._plan, self.verdict = fleet, plan, StormVerdict()
        self._headers = {"Authorization": f"Bearer {secret}"}
        self._random = random.Random(plan.seed)  # noqa: S311
        self._done = 0

    async def run(self) -> str:
        """The id of the stack, when all edits are accepted."""
        async with self._client(0) as client:
            stack_id = await _two_layers(client)
        began = time.monotonic()
        limits = httpx2.Limits(max_connections=self._plan.clients)
        async with (
            self._client(0, limits=limits) as one,
            self._client(1, limits=limits) as other,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(self._kill())
            for number in range(self._plan.clients):
                both = (one, other) if number % 4 < 2 else (other, one)
                tasks.create_task(self._edit_all(number, itertools.cycle(both), stack_id))
        self.verdict.seconds = time.monotonic() - began
        return stack_id

    def _client(self, gateway: int, **options: Any) -> httpx2.AsyncClient:
        url = self._fleet.gateways[gateway].url
        return httpx2.AsyncClient(base_url=url, headers=self._headers, timeout=_TIMEOUT_S, **options)

    async def _kill(self) -> None:
        """One process after the other, at even shares of the work; each is started again."""
        whole = self._plan.clients * self._plan.edits
        for number in range(self._plan.kills):
            while self._done < whole * (number + 1) / (self._plan.kills + 1):
                await asyncio.sleep(0.01)
            gateway = self._fleet.gateways[number % 2]
            gateway.kill()
            self.verdict.kills += 1
            await self._fleet.started(gateway)

    async def _edit_all(self, number: int, clients: "itertools.cycle[httpx2.AsyncClient]", stack_id: str) -> None:
        """One more after each that is accepted. After a lost connection the other process is asked."""
        client, revision, tries = next(clients), 1, 0
        for edit in range(self._plan.edits):
            for attempt in itertools.count():
                name = f"{number}.{edit}.{attempt}"
                began = time.monotonic()
                try:
                    answer = await self._patch(client, stack_id, name, None if number % 2 else revision)
                except httpx2.TransportError:
                    self.verdict.unanswered.add(name)
                    client = next(clients)
                    await asyncio.sleep(0.1)
                    continue
                self.verdict.ends[answer.status_code] += 1
                body = answer.json()
                if answer.status_code == 200:
                    self._accept(body["revision"], name, time.monotonic() - began)
                    revision, tries = body["revision"], 0
                    break
                assert answer.status_code == 409, answer.text
                revision, tries = body["revision"], tries + 1
                await asyncio.sleep(self._random.uniform(0, min(4.0, 0.05 * 2**tries)))

    async def _patch(self, client: httpx2.AsyncClient, stack_id: str, name: str, revision: int | None) -> Any:
        """Both layers get the same name, so that half of an edit can be told from a whole one."""
        operations = [{"op": "rename", "layer": layer, "name": name} for layer in (_FIRST, _SECOND)]
        headers = {"If-Match": "*" if revision is None else f'"{revision}"'}
        return await client.patch(f"/v1/stacks/{stack_id}", json={"operations": operations}, headers=headers)

    def _accept(self, revision: int, name: str, wait_s: float) -> None:
        assert revision not in self.verdict.accepted, f"the revision {revision} was given twice"
        self.verdict.accepted[revision] = name
        self.verdict.waits_s.append(wait_s)
        self._done += 1


async def _two_layers(client: httpx2.AsyncClient) -> str:
    upload = (await client.post("/v1/files", files={"file": ("poster.png", poster())})).json()
    stack = (await client.post("/v1/stacks", json={"source": upload["reference"]})).json()
    operations = [{"op": "duplicate", "layer": _FIRST}, {"op": "rename", "layer": _SECOND, "name": "Picture"}]
    headers = {"If-Match": '"1"'}
    answer = await client.patch(f"/v1/stacks/{stack['id']}", json={"operations": operations}, headers=headers)
    assert answer.status_code == 200, answer.text
    return stack["id"]


def _judge(connection: Connection, key_id: str, stack_id: str, verdict: StormVerdict) -> None:
    stack = stacks.by_id(connection, stack_id, key_id)
    assert stack is not None
    names: dict[int, str] = {}
    for number in range(2, stack.last_revision + 1):
        text = stack_revisions.document(connection, stack_id, number)
        assert text is not None, f"the revision {number} of {stack.last_revision} is not there"
        first, second = _names(parse_document(text))
        names[number] = first
        if first != second:
            verdict.mixed.append(number)
    verdict.revisions = len(names)
    verdict.lost = [name for number, name in verdict.accepted.items() if names.get(number) != name]
    known = {*verdict.accepted.values(), *verdict.unanswered, "Picture"}
    assert set(names.values()) <= known, "there are edits that nobody has sent"
    assert len(set(names.values())) == len(names), "an edit was applied twice"
    assert stack.revision == stack.last_revision


def _names(document: Document) -> tuple[str, str]:
    return document.find(_FIRST).name, document.find(_SECOND).name
