"""Measures how soon a job starts, how many submits and status reads one core handles, and the cost of an idle service.

    scripts/bench service
    scripts/bench service --store sqlite --only throughput --repeats 3

The services are real `lamina serve` processes with an engine that does nothing; Postgres is started for them. Start:
the time from `created_at` to `started_at` in the jobs table, one job at a time. Throughput: over HTTP with keep-alive
connections and a metered key; the service is bound to `--core`, and this program, which is the client, to the others;
`per_cpu_s` is the number of requests per second of the service's processor time. Idle: processor time and resident
memory from /proc. Layers: posters decomposed by the classic engine with one agent, which writes one result while it
computes the next; on all cores. The benchmark prints a line of JSON for every case and finally a table.
"""

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

import sqlalchemy as sa

from lamina.accounts.keys import KeyTerms, create_key
from lamina.cli.terminal_text import aligned
from lamina.store.database import Database
from lamina.store.tables import jobs

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from serving import NO_OP_CHILD, Served, served
from stores import Postgres

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_SETTLE_S = 5.0
_POSTER = Path(__file__).parents[1] / "examples" / "poster.png"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a service runs: on Postgres if there is a `server`, else on SQLite; and the core that it is bound to."""

    server: Postgres | None
    core: int

    @property
    def store(self) -> str:
        return "postgres" if self.server else "sqlite"


def main() -> None:
    options = _options()
    os.sched_setaffinity(0, {core for core in os.sched_getaffinity(0) if core != options.core} or {options.core})
    cases: list[dict[str, Any]] = []
    with _servers(options.store) as servers:
        for _ in range(options.repeats):
            for server in servers:
                for case in _measured(Place(server, options.core), options):
                    print(json.dumps(case), flush=True)
                    cases.append(case)
    print("\n".join(aligned([[case["store"], case["what"], _value(case)] for case in cases], [False] * 3)))


def _measured(place: Place, options: argparse.Namespace) -> Generator[dict[str, Any]]:
    def is_wanted(name: str) -> bool:
        return options.only in (None, name)

    if is_wanted("start"):
        yield {"store": place.store, "what": "submit to start, ms", **_start_ms(place, options.jobs)}
    if is_wanted("throughput"):
        for what, figures in _throughput(place, options):
            yield {"store": place.store, "what": what, "clients": options.clients, **figures}
    if is_wanted("idle"):
        yield from ({"store": place.store, **row} for row in _idle(place, options.idle_s))
    if is_wanted("layers"):
        yield {"store": place.store, "what": "layers, s a job", **_layers(place, options.posters)}


def _start_ms(place: Place, count: int) -> dict[str, Any]:
    with _service(place, agents=1) as (service, database):
        for _ in range(5):
            _one_job(service)
        ids = [_one_job(service) for _ in range(count)]
        waits = database.write_now(lambda connection: _waits_ms(connection, ids))
    return {"n": count, "p50": round(sorted(waits)[count // 2], 1), "p99": round(quantiles(waits, n=100)[98], 1)}


def _one_job(service: Served) -> str:
    job = service.client.post("/v1/generations", json={"prompt": "a"}, headers={"Prefer": "wait=30"}).json()
    assert job["state"] == "succeeded", job  # noqa: S101
    return job["id"]


def _waits_ms(connection: sa.Connection, ids: list[str]) -> list[float]:
    rows = connection.execute(sa.select(jobs.c.created_at, jobs.c.started_at).where(jobs.c.id.in_(ids)))
    return [(row.started_at - row.created_at) * 1000 for row in rows]


def _throughput(place: Place, options: argparse.Namespace) -> Generator[tuple[str, dict[str, Any]]]:
    with _service(place, agents=0) as (service, database):
        ids: list[str] = []
        _, secret = create_key(database, KeyTerms(credit_micros=10**12), time.time())
        body = json.dumps({"prompt": "a circle"}).encode()
        head = f"Authorization: Bearer {secret}\r\nContent-Type: application/json\r\n"

        def submit(_number: int) -> bytes:
            return _request("POST", "/v1/generations", head, body)

        def read(number: int) -> bytes:
            return _request("GET", f"/v1/jobs/{ids[number * 7919 % len(ids)]}", head)

        _per_s(service, 64, options.clients, submit, 202, [])
        yield "submits/s", _per_s(service, options.submits, options.clients, submit, 202, ids)
        yield "status reads/s", _per_s(service, options.reads, options.clients, read, 200, [])


def _per_s(
    service: Served, count: int, clients: int, ask: Callable[[int], bytes], status: int, ids: list[str]
) -> dict[str, Any]:
    """The throughput of `count` requests, whose responses must have the status. Adds the ids of the jobs to `ids`."""
    port = int(service.url.rpartition(":")[2])
    numbers = iter(range(count))

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in numbers:
            writer.write(ask(number))
            head = await reader.readuntil(b"\r\n\r\n")
            assert int(head[9:12]) == status, head  # noqa: S101
            length = head.lower().index(b"content-length: ") + 16
            answer = await reader.readexactly(int(head[length : head.index(b"\r", length)]))
            ids.append(answer[7:43].decode())
        writer.close()

    async def every() -> None:
        await asyncio.gather(*(client() for _ in range(clients)))

    start, own, cpu = time.perf_counter(), time.process_time(), _cpu_s(service.process.pid)
    asyncio.run(every())
    took_s, used_s = time.perf_counter() - start, _cpu_s(service.process.pid) - cpu
    return {
        "n": count,
        "per_s": round(count / took_s),
        "per_cpu_s": round(count / used_s),
        "service_cpu_share": round(used_s / took_s, 2),
        "client_cpu_share": round((time.process_time() - own) / took_s, 2),
    }


def _request(method: str, path: str, head: str, body: bytes = b"") -> bytes:
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}{length}\r\n".encode() + body


def _idle(place: Place, seconds: float) -> Generator[dict[str, Any]]:
    """The cost with the real engine process, which has loaded no model."""
    with _service(place, agents=1, child=None) as (service, _database):
        until = time.monotonic() + 60
        while not _children(service.process.pid) and time.monotonic() < until:
            time.sleep(0.2)
        time.sleep(_SETTLE_S)
        processes = {"service": service.process.pid}
        processes |= {f"engine child {number}": pid for number, pid in enumerate(_children(service.process.pid))}
        before = {name: _cpu_s(pid) for name, pid in processes.items()}
        time.sleep(seconds)
        for name, pid in processes.items():
            share = (_cpu_s(pid) - before[name]) / seconds
            yield {"what": f"idle: {name}", "cpu_percent": round(share * 100, 2), "rss_mb": round(_rss_mb(pid))}


def _layers(place: Place, count: int) -> dict[str, Any]:
    """Seconds per job; `engine_s`: those of the engine."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    try:
        with _service(place, agents=1, child=None, is_bound=False) as (service, _):
            file = service.client.post("/v1/files", files={"file": ("poster.png", _POSTER.read_bytes())}).json()
            fields = {"image": file["reference"], "engine": "classic"}
            _ended(service, [_submitted(service, fields)])  # the first job loads the engine
            start = time.perf_counter()
            ended = _ended(service, [_submitted(service, fields) for _ in range(count)])
            took_s = time.perf_counter() - start
    finally:
        os.sched_setaffinity(0, cores)
    engine_s = sum(job["result"]["timings_s"]["decomposing"] for job in ended)
    return {"n": count, "s": round(took_s / count, 2), "engine_s": round(engine_s / count, 2)}


def _submitted(service: Served, fields: dict[str, Any]) -> str:
    return service.client.post("/v1/decompositions", json=fields).json()["id"]


def _ended(service: Served, ids: list[str]) -> list[dict[str, Any]]:
    for job_id in ids:
        for _event in service.events(job_id):
            pass
    return [service.client.get(f"/v1/jobs/{job_id}").json() for job_id in ids]


@contextlib.contextmanager
def _service(
    place: Place, agents: int, child: Path | None = NO_OP_CHILD, is_bound: bool = True
) -> Generator[tuple[Served, Database]]:
    with tempfile.TemporaryDirectory(prefix="lamina-bench-") as name:
        folder = Path(name)
        url = place.server.new_database() if place.server else f"sqlite:///{folder / 'data' / 'lamina.db'}"
        arguments = ["--agents", str(agents), *(["--database", url] if place.server else [])]
        with served(folder, *arguments, child=child) as service:
            if is_bound:
                _bind(service.process.pid, place.core)
            database = Database(url)
            try:
                yield service, database
            finally:
                database.close()


def _bind(pid: int, core: int) -> None:
    """Binds all threads of the process, and those that they start later."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {core})


@contextlib.contextmanager
def _servers(wanted: str) -> Generator[list[Postgres | None]]:
    """The database servers to measure; None stands for SQLite."""
    if wanted == "sqlite":
        yield [None]
        return
    server = Postgres()
    try:
        yield [server] if wanted == "postgres" else [None, server]
    finally:
        server.remove()


def _children(pid: int) -> list[int]:
    children_of_threads = [path.read_text("ascii").split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(child) for children in children_of_threads for child in children]


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def _rss_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _value(case: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in case.items() if name not in ("store", "what"))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=("sqlite", "postgres", "both"), default="both", help="database (both)")
    parser.add_argument("--only", choices=("start", "throughput", "idle", "layers"), help="measurement (all)")
    parser.add_argument("--jobs", type=int, default=200, help="number of jobs for submit to start (200)")
    parser.add_argument("--clients", type=int, default=32, help="number of connections (32)")
    parser.add_argument("--submits", type=int, default=2000, help="number of submits (2000)")
    parser.add_argument("--reads", type=int, default=6000, help="number of status reads (6000)")
    parser.add_argument("--idle-s", type=float, default=30.0, help="duration of the idle measurement (30)")
    parser.add_argument("--posters", type=int, default=12, help="number of posters to decompose (12)")
    parser.add_argument("--repeats", type=int, default=1, help="number of runs (1)")
    parser.add_argument("--core", type=int, default=0, help="core of the service (0)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
