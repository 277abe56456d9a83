"""Measures the overhead of tasks through Runware's API, and the memory of idle WebSocket connections.

Run `python benchmarks/runware.py`. The overhead is the time from the request to the response, minus the time for which
the job ran in the engine, which does nothing here. `cpu_ms` is the server's processor time per task, which other
programs hardly change. The memory is the growth of the server's resident set with all idle authenticated connections.
The benchmark prints a line of JSON for each case.
"""

import asyncio
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import websockets

TASKS = 200
SOCKETS = 200
_UNCOUNTED = 10  # the first tasks, in which statements are compiled
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_TASK = {"taskType": "imageInference", "model": "runware:108@1", "positivePrompt": "x", "width": 128, "height": 128}


@dataclass(frozen=True)
class Served:
    """A server in its own process, and a client with its key."""

    process: "subprocess.Popen[str]"
    url: str
    key: str
    client: httpx2.Client


def main() -> None:
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="lamina-bench-") as folder, served(Path(folder)) as server:
        rows.append(asyncio.run(over_the_socket(server)))
        rows.append(over_http(server))
        rows.append(asyncio.run(idle_sockets(server)))
    for row in rows:
        print(json.dumps(row))
    print("\n".join(f"{row['case']:>14} | {row['what']}" for row in rows))


async def over_the_socket(server: Served) -> dict[str, Any]:
    took_s: list[float] = []
    async with await _authenticated(server) as socket:
        before_s = 0.0
        for number in range(TASKS + _UNCOUNTED):
            if number == _UNCOUNTED:
                before_s = _processor_s(server.process.pid)
            start = time.perf_counter()
            await socket.send(json.dumps([{**_TASK, "taskUUID": str(uuid.uuid4())}]))
            assert "imageURL" in await socket.recv()  # noqa: S101  (errors must not be measured)
            took_s.append(time.perf_counter() - start)
    return _row(server, "socket", took_s[_UNCOUNTED:], _processor_s(server.process.pid) - before_s)


def over_http(server: Served) -> dict[str, Any]:
    took_s: list[float] = []
    before_s = 0.0
    for number in range(TASKS + _UNCOUNTED):
        if number == _UNCOUNTED:
            before_s = _processor_s(server.process.pid)
        start = time.perf_counter()
        answer = server.client.post("/v1", json=[{**_TASK, "taskUUID": str(uuid.uuid4())}])
        answer.raise_for_status()
        took_s.append(time.perf_counter() - start)
    return _row(server, "http", took_s[_UNCOUNTED:], _processor_s(server.process.pid) - before_s)


async def idle_sockets(server: Served) -> dict[str, Any]:
    before = _resident_mb(server.process.pid)
    sockets = [await _authenticated(server) for _ in range(SOCKETS)]
    after = _resident_mb(server.process.pid)
    for socket in sockets:
        await socket.close()
    grown = after - before
    description = f"{SOCKETS} idle sockets: {grown:.1f} MB"
    return {"case": "idle sockets", "sockets": SOCKETS, "mb": round(grown, 1), "what": description}


async def _authenticated(server: Served) -> Any:
    socket = await websockets.connect(server.url.replace("http", "ws", 1) + "/v1", max_size=None)
    await socket.send(json.dumps([{"taskType": "authentication", "apiKey": server.key}]))
    await socket.recv()
    return socket


@contextmanager
def served(folder: Path) -> Generator[Served]:
    child = str(Path(__file__).with_name("no_op_child.py"))
    program = Path(__file__).parents[1] / "tests" / "lamina_with_engine.py"
    environment = {**os.environ, "LAMINA_DATA": str(folder), "TEST_ENGINE_CHILD": child}
    command = [sys.executable, str(program), "serve", "--port", "0"]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=folder
    )
    assert process.stdout is not None  # noqa: S101  (it is a pipe)
    text, url, key = "", None, None
    while not (url and key):
        text += process.stdout.readline()
        url, key = re.search(r"API +(\S+)/v1", text), re.search(r"Key +(\S+)", text)
    try:
        with httpx2.Client(base_url=url[1], headers={"Authorization": f"Bearer {key[1]}"}) as client:
            yield Served(process, url[1], key[1], client)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        process.stdout.close()


def _row(server: Served, case: str, took_s: list[float], processor_s: float) -> dict[str, Any]:
    ran_s = _ran_s(server, len(took_s))
    beside = [took - ran for took, ran in zip(took_s, ran_s, strict=True)]
    p50, p99 = statistics.median(beside) * 1000, statistics.quantiles(beside, n=100)[98] * 1000
    whole = statistics.median(took_s) * 1000
    cpu = processor_s / len(took_s) * 1000
    description = (
        f"{len(took_s)} tasks one after another: p50 {whole:.1f} ms, overhead p50 {p50:.1f} ms, p99 {p99:.1f} ms, "
        f"processor {cpu:.1f} ms"
    )
    figures = {"p50_ms": whole, "overhead_p50_ms": p50, "overhead_p99_ms": p99, "cpu_ms": cpu}
    return {
        "case": case,
        "tasks": len(took_s),
        **{name: round(ms, 1) for name, ms in figures.items()},
        "what": description,
    }


def _ran_s(server: Served, count: int) -> list[float]:
    """The run times of the latest jobs, the oldest first."""
    ran: list[float] = []
    before: dict[str, str] = {}
    while len(ran) < count:
        page = server.client.get("/v1/jobs", params={"limit": 100, **before}).json()
        ran += [job["ran_s"] for job in page["jobs"]]
        before = {"before": page["next"]}
    return ran[:count][::-1]


def _processor_s(pid: int) -> float:
    after_name = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) * _TICK_S


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


if __name__ == "__main__":
    main()
