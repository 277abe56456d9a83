"""Measures how many submits and status reads per second the store handles from many concurrent clients.

scripts/bench store_throughput [--clients 32] [--submits 3000] [--reads 6000] [--database postgresql://…]
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from lamina.accounts.keys import KeyTerms, create_key
from lamina.accounts.pricing import PricesOfRequests
from lamina.core.jobs import JobRequest
from lamina.core.keys import ApiKey
from lamina.core.ports import Dispatcher
from lamina.core.tasks import DecomposeTask
from lamina.fetch.fetcher import Fetcher
from lamina.jobs.dispatch.in_process import InProcessDispatcher
from lamina.jobs.dispatch.procrastinate import ProcrastinateDispatcher
from lamina.jobs.follow import view
from lamina.jobs.submit import submit
from lamina.service.service import Service
from lamina.store.blobs import open_blobs
from lamina.store.database import Database
from lamina.store.migrations import migrate


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(options.database or f"sqlite:///{folder}/lamina.db")
        migrate(database.engine)
        blobs, pricing = open_blobs(f"{folder}/blobs"), PricesOfRequests("")
        service = Service(
            database=database,
            blobs=blobs,
            fetcher=Fetcher(),
            dispatcher=_dispatcher(database),
            pricing=pricing,
            secret=b"secret",
            cache=Path(folder, "cache"),
        )
        key, _ = create_key(database, KeyTerms(credit_micros=10**9), time.time())
        asyncio.run(_measure(service, key, options))
        database.close()


async def _measure(service: Service, key: ApiKey, options: argparse.Namespace) -> None:
    request = JobRequest(task=DecomposeTask(), model="qwen-image-layered")
    ids: list[str] = []

    async def one_submit(_number: int) -> None:
        ids.append((await submit(service, key, request)).id)

    async def one_read(number: int) -> None:
        await view(service, key.id, ids[number * 7919 % len(ids)])
        await asyncio.sleep(0)  # reads of SQLite do not wait, so the other tasks must get a turn

    store = "postgres" if service.database.is_postgres else "sqlite"
    for what, count, work in (("submit", options.submits, one_submit), ("read", options.reads, one_read)):
        took_s, cpu_s = await _timed(work, count, options.clients)
        row = {
            "store": store,
            "what": what,
            "clients": options.clients,
            "per_s": round(count / took_s),
            "us": round(took_s / count * 1e6),
            "cpu_us": round(cpu_s / count * 1e6),
        }
        print(json.dumps(row))


async def _timed(work: Callable[[int], Awaitable[None]], count: int, clients: int) -> tuple[float, float]:
    """Elapsed seconds, and processor seconds of this process."""
    numbers = iter(range(count))

    async def client() -> None:
        for number in numbers:
            await work(number)

    start, start_cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(client() for _ in range(clients)))
    return time.perf_counter() - start, time.process_time() - start_cpu


def _dispatcher(database: Database) -> Dispatcher:
    if not database.is_postgres:
        return InProcessDispatcher(database)
    dispatcher = ProcrastinateDispatcher(database, database.url)
    dispatcher.open()
    return dispatcher


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=32, help="number of clients (32)")
    parser.add_argument("--submits", type=int, default=3000, help="number of submits (3000)")
    parser.add_argument("--reads", type=int, default=6000, help="number of reads (6000)")
    parser.add_argument("--database", help="URL of the database (a new SQLite file)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
