"""What the service adds to a picture through fal's run and queue, at 1 and at 32 clients: a line of JSON a case.

Run `python benchmarks/fal.py`. One agent, whose engine sleeps for a known time. Of each request, by the server's own
clock: how long its answer took (the log's `duration_ms`; in the queue from `created_at` to `ended_at`), less the
engine's time, less the wait for the jobs before it. What is left is the service's: taking the request in, giving it to
the agent, fetching, encoding, storing, settling, answering.
"""

import asyncio
import json
import statistics
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from serving import Served, served

ENGINE_S = 0.05
REQUESTS = {1: 60, 32: 192}
_APP = "fal-ai/qwen-image"
_INPUT = {"prompt": f"steps 1 {ENGINE_S}"}


def main() -> None:
    rows: list[dict[str, Any]] = []
    for how in ("run", "queue"):
        for clients, requests in REQUESTS.items():
            with tempfile.TemporaryDirectory(prefix="lamina-bench-") as folder, served(Path(folder)) as server:
                added_ms = asyncio.run(_added_ms(server, Path(folder), how, clients, requests))
            rows.append(_row(how, clients, added_ms))
            print(json.dumps(rows[-1]), flush=True)
    print("  how | clients | p50 ms | p99 ms")
    for row in rows:
        print(f"{row['how']:>5} | {row['clients']:>7} | {row['p50_ms']:>6} | {row['p99_ms']:>6}")


async def _added_ms(server: Served, folder: Path, how: str, clients: int, requests: int) -> list[float]:
    headers = {"Authorization": f"Bearer {server.key}"}
    async with httpx2.AsyncClient(base_url=server.url, headers=headers, timeout=120) as client:
        await _one(client, how)  # the first loads what the others find loaded
        numbers = iter(range(requests))
        answers: list[tuple[str, str]] = []

        async def work() -> None:
            answers.extend([await _one(client, how) for _ in numbers])

        await asyncio.gather(*(work() for _ in range(clients)))
        jobs = [(await client.get(f"/v1/jobs/{job_id}")).json() for job_id, _ in answers]
    answered_s = _log_durations_s(folder / "log")
    total_s = {job_id: answered_s[request_id] for job_id, request_id in answers} if how == "run" else {}
    return _left_over_ms(jobs, total_s)


async def _one(client: httpx2.AsyncClient, how: str) -> tuple[str, str]:
    """(the job's id, the id of the request that asked for it)."""
    answer = await client.post(f"/fal/{how}/{_APP}", json=_INPUT)
    answer.raise_for_status()
    if how == "queue":
        async with client.stream("GET", f"{answer.json()['status_url']}/stream") as events:
            async for _ in events.aiter_lines():
                pass
    return answer.headers["x-fal-request-id"], answer.headers["x-request-id"]


def _left_over_ms(jobs: list[dict[str, Any]], total_s: dict[str, float]) -> list[float]:
    """`total_s`: from the request to its answer, where that is known; else the job's own time."""
    found: list[float] = []
    free_at = 0.0  # when the one agent was done with the job before
    for job in sorted(jobs, key=lambda job: job["started_at"]):
        created, ended = _seconds(job["created_at"]), _seconds(job["ended_at"])
        waited_s = max(0.0, free_at - created)
        found.append((total_s.get(job["id"], ended - created) - waited_s - ENGINE_S) * 1000)
        free_at = ended
    return found


def _log_durations_s(log: Path) -> dict[str, float]:
    lines = (json.loads(line) for line in log.read_text("utf-8").splitlines() if line.startswith("{"))
    return {line["request_id"]: line["duration_ms"] / 1000 for line in lines if line["message"] == "request"}


def _row(how: str, clients: int, added_ms: list[float]) -> dict[str, Any]:
    p50, p99 = statistics.median(added_ms), statistics.quantiles(added_ms, n=100)[98]
    return {"how": how, "clients": clients, "requests": len(added_ms), "p50_ms": round(p50, 1), "p99_ms": round(p99, 1)}


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp()


if __name__ == "__main__":
    main()
