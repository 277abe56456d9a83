"""Measures what a new user waits for: help, doctor, a first picture, the small model, and the first jobs of a service.

    scripts/bench first_contact
    scripts/bench first_contact --repeats 5

Commands are timed from start to exit, each in its own process, after one run that is not counted, so that their files
are in the system's cache. `cpu_s` is the processor time of the process. A service is timed from its start until /ready
responds with 200; then two jobs of each kind run one after the other, as a client waits for them. The benchmark prints
a line of JSON for each case and a table.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx2

from lamina.cli.terminal_text import aligned

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from serving import poster, served  # noqa: E402

COMMANDS = {
    "help": ["--help"],
    "doctor": ["doctor"],
    "decompose the README's poster": ["decompose", str(ROOT / "examples" / "poster.png"), "--to", "p.psd"],
    "generate with nano, 64 px": ["generate", "a red circle", "--engine", "nano", "--size", "64x64", "--to", "c.png"],
}
JOBS: dict[str, dict[str, Any]] = {
    "decompositions": {},
    "generations": {"prompt": "a red circle", "width": 64, "height": 64, "seed": 1},
    "edits": {"prompt": "make the circle green", "seed": 1},
}
_READY_S = 300.0


@dataclass(frozen=True, slots=True)
class Case:
    what: str
    seconds: float
    cpu_s: float | None = None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3, help="number of runs, of which the median is printed (3)")
    repeats = parser.parse_args().repeats
    rows: list[tuple[str, str, str]] = []
    for case in (*commands(repeats), *service(repeats)):
        print(json.dumps(asdict(case)), flush=True)
        rows.append((case.what, f"{case.seconds:.2f}", "" if case.cpu_s is None else f"{case.cpu_s:.2f}"))
    print("\n".join(aligned([("what", "seconds", "CPU"), *rows], (False, True, True))))


def commands(repeats: int) -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder:
        for what, arguments in COMMANDS.items():
            runs = [timed(arguments, folder) for _ in range(repeats + 1)][1:]
            yield Case(what, *(round(median(values), 2) for values in zip(*runs, strict=True)))


def timed(arguments: list[str], folder: str) -> tuple[float, float]:
    """Elapsed seconds, and seconds of processor time."""
    before, start = os.times(), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "lamina", *arguments], cwd=folder, stdout=subprocess.DEVNULL, check=True, timeout=600
    )
    took_s, after = time.perf_counter() - start, os.times()
    return took_s, after.children_user + after.children_system - before.children_user - before.children_system


def service(repeats: int) -> Iterator[Case]:
    seconds_of: dict[str, list[float]] = {}
    for _ in range(repeats):
        for what, seconds in one_service():
            seconds_of.setdefault(what, []).append(seconds)
    for what, values in seconds_of.items():
        yield Case(what, round(median(values), 2))


def one_service() -> Iterator[tuple[str, float]]:
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        with served(Path(folder), child=None, LAMINA_WARM_UP="true") as server:
            while httpx2.get(f"{server.url}/ready").status_code != 200:
                if time.perf_counter() - start > _READY_S:
                    sys.exit(f"The service was not ready within {_READY_S:g} s.")
                time.sleep(0.02)
            yield "serve: until /ready", time.perf_counter() - start
            picture = server.client.post("/v1/files", files={"file": ("p.png", poster(), "image/png")}).json()[
                "reference"
            ]
            for path, fields in JOBS.items():
                sent = fields if path == "generations" else {"image": picture, **fields}
                for number in ("first", "second"):
                    start = time.perf_counter()
                    job = server.client.post(f"/v1/{path}", json=sent, headers={"Prefer": "wait=60"}).json()
                    if job["state"] != "succeeded":
                        sys.exit(f"A job of {path} did not succeed: {job}")
                    yield f"{path}: {number} job", time.perf_counter() - start


if __name__ == "__main__":
    main()
