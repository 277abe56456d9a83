"""Measures the time that the service adds to a job through fal's run and queue, with 1 and with 32 clients.

Run `python benchmarks/fal.py`. There is one agent, whose engine sleeps for a known time. The time of each request is
taken from the server: the log's `duration_ms` for run, `created_at` to `ended_at` for the queue. The engine's time and
the wait for earlier jobs are subtracted. The rest is the service's: reading the request, passing the job to the agent,
fetching, encoding, storing, charging, responding. The benchmark prints a line of JSON for each case and a table.
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
        await _request(client, how)  # the first request loads modules
        numbers = iter(range(requests))
        answers: list[tuple[str, str]] = []

        async def work() -> None:
            answers.extend([await _request(client, how) for _ in numbers])

        await asyncio.gather(*(work() for _ in range(clients)))
        jobs = [(await client.get(f"/v1/jobs/{job_id}")).json() for job_id, _ in answers]
    answered_s = _log_durations_s(folder / "log")
    total_s = {job_id: answered_s[request_id] for job_id, request_id in answers} if how == "run" else {}
    return _added_by_job_ms(jobs, total_s)


async def _request(client: httpx2.AsyncClient, how: str) -> tuple[str, str]:
    """The id of the job, and that of the request."""
    answer = await client.post(f"/fal/{how}/{_APP}", json=_INPUT)
    answer.raise_for_status()
    if how == "queue":
        async with client.stream("GET", f"{answer.json()['status_url']}/stream") as events:
            async for _ in events.aiter_lines():
                pass
    return answer.headers["x-fal-request-id"], answer.headers["x-request-id"]


def _added_by_job_ms(jobs: list[dict[str, Any]], total_s: dict[str, float]) -> list[float]:
    """The added time of each job. `total_s`: time from the request to its response, by job; the job's own time if
    missing.
    """
    added_ms: list[float] = []
    free_at = 0.0  # the end of the previous job of the only agent
    for job in sorted(jobs, key=lambda job: job["started_at"]):
        created, ended = _seconds(job["created_at"]), _seconds(job["ended_at"])
        waited_s = max(0.0, free_at - created)
        added_ms.append((total_s.get(job["id"], ended - created) - waited_s - ENGINE_S) * 1000)
        free_at = ended
    return added_ms


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
