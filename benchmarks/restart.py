"""Measures whether all jobs end, and how soon the next ones start, after Postgres was stopped under load.

    scripts/bench restart

A gateway and a process of agents run as real processes on a Postgres server of their own. Clients submit continuously
while the server is stopped (`pg_ctl stop -m immediate`), stays down, and is started again. When all accepted jobs have
ended, `--jobs` more are submitted one after the other, and their times from `created_at` to `started_at` are measured.
The benchmark prints a line of JSON for every outage and finally a table.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx2
import sqlalchemy as sa

from lamina.accounts.keys import KeyTerms, create_key
from lamina.cli.terminal_text import aligned
from lamina.store.database import Database
from lamina.store.migrations import migrate
from lamina.store.tables import jobs

sys.path.append(str(Path(__file__).parents[1] / "tests"))
sys.path.append(str(Path(__file__).parents[1] / "tests" / "integration"))

from chaos_fleet import Fleet

from stores import Postgres

_WITHIN_S = 120.0
_CLIENTS, _STEADY_S = 4, 3.0


def main() -> None:
    options = _options()
    rows: list[dict[str, Any]] = []
    server = Postgres()
    try:
        for away_s in (0.0, options.away_s):
            rows.append(asyncio.run(_outage(server, away_s, options.jobs)))
            print(json.dumps(rows[-1]), flush=True)
    finally:
        server.remove()
    print("\n".join(aligned([list(rows[0]), *([str(value) for value in row.values()] for row in rows)], [True] * 7)))


async def _outage(server: Postgres, away_s: float, count: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="lamina-restart-") as folder:
        fleet = Fleet(Path(folder), server.new_database(), gateways=1, workers=1, agents=2)
        database = Database(str(fleet.database))
        try:
            migrate(database.engine)
            _, secret = create_key(database, KeyTerms(credit_micros=10**12), time.time())
            await fleet.start()
            async with httpx2.AsyncClient(
                base_url=fleet.gateways[0].url, headers={"Authorization": f"Bearer {secret}"}, timeout=30
            ) as client:
                return await _measured(client, server, database, away_s, count)
        finally:
            database.close()
            fleet.close()


async def _measured(
    client: httpx2.AsyncClient, server: Postgres, database: Database, away_s: float, count: int
) -> dict[str, Any]:
    await _until_ended(database, [await _submitted(client) for _ in range(5)])
    before = await _starts_ms(client, database, count)
    accepted: list[str] = []
    is_over = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(_CLIENTS):
            tasks.create_task(_submit_until(client, accepted, is_over))
        await asyncio.sleep(_STEADY_S)
        await asyncio.to_thread(server.stop, "immediate")
        await asyncio.sleep(away_s)
        await asyncio.to_thread(server.start)
        back = time.monotonic()
        await asyncio.sleep(_STEADY_S)
        is_over.set()
    await _until_ended(database, accepted)
    ended_s = time.monotonic() - back
    after = await _starts_ms(client, database, count)
    return {
        "away_s": away_s,
        "jobs": len(accepted),
        "all_ended_s": round(ended_s, 1),
        **{f"{name}_{when}_ms": value for when, figures in (("before", before), ("after", after))
           for name, value in figures.items()},
    }  # fmt: skip


async def _submit_until(client: httpx2.AsyncClient, accepted: list[str], is_over: asyncio.Event) -> None:
    while not is_over.is_set():
        with contextlib.suppress(_DatabaseUnavailable):
            accepted.append(await _submitted(client))
        await asyncio.sleep(0.05)


class _DatabaseUnavailable(Exception):  # noqa: N818  (it is a response, not an error of the benchmark)
    """The service responded that its database is unavailable."""


async def _submitted(client: httpx2.AsyncClient) -> str:
    answer = await client.post("/v1/generations", json={"prompt": "a"})
    if answer.status_code == 503:
        raise _DatabaseUnavailable
    assert answer.status_code == 202, answer.text  # noqa: S101
    return answer.json()["id"]


async def _until_ended(database: Database, ids: list[str]) -> None:
    def count(connection: sa.Connection) -> int:
        ended = sa.select(sa.func.count()).select_from(jobs).where(jobs.c.id.in_(ids), jobs.c.state == "succeeded")
        return connection.execute(ended).scalar_one()

    async with asyncio.timeout(_WITHIN_S):
        while await database.read(count) < len(ids):
            await asyncio.sleep(0.05)


async def _starts_ms(client: httpx2.AsyncClient, database: Database, count: int) -> dict[str, float]:
    ids: list[str] = []
    for _ in range(count):
        ids.append(await _submitted(client))
        await _until_ended(database, ids[-1:])

    def read(connection: sa.Connection) -> list[float]:
        rows = connection.execute(sa.select(jobs.c.created_at, jobs.c.started_at).where(jobs.c.id.in_(ids)))
        return [(row.started_at - row.created_at) * 1000 for row in rows]

    waits = await database.read(read)
    return {"p50": round(sorted(waits)[count // 2], 1), "p99": round(quantiles(waits, n=100)[98], 1)}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--away-s", type=float, default=5.0, help="seconds for which the server is down (5)")
    parser.add_argument("--jobs", type=int, default=200, help="number of jobs that are measured before and after (200)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
