"""What does a newcomer wait for? Help, the doctor, a first picture, the small model, and a service's first jobs.

    scripts/bench first_contact
    scripts/bench first_contact --repeats 5

Commands are timed from start to exit, each in a process of its own, after one that is not counted: their files are in
the system's cache. `cpu_s` is the processor's time of the process. Of a service: from its start until /ready answers
200, and then two jobs of each kind, one after the other, as a client waits for them. Prints a line of JSON a case, and
a table.
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
    parser.add_argument("--repeats", type=int, default=3, help="how often each is done; medians are told")
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
    """Seconds by the clock and of the processor."""
    before, begun = os.times(), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "lamina", *arguments], cwd=folder, stdout=subprocess.DEVNULL, check=True, timeout=600
    )
    took_s, after = time.perf_counter() - begun, os.times()
    return took_s, after.children_user + after.children_system - before.children_user - before.children_system


def service(repeats: int) -> Iterator[Case]:
    found: dict[str, list[float]] = {}
    for _ in range(repeats):
        for what, seconds in one_service():
            found.setdefault(what, []).append(seconds)
    for what, values in found.items():
        yield Case(what, round(median(values), 2))


def one_service() -> Iterator[tuple[str, float]]:
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        with served(Path(folder), child=None, LAMINA_WARM_UP="true") as one:
            while httpx2.get(f"{one.url}/ready").status_code != 200:
                if time.perf_counter() - begun > _READY_S:
                    sys.exit(f"The service was not ready within {_READY_S:g} s.")
                time.sleep(0.02)
            yield "serve: until /ready", time.perf_counter() - begun
            picture = one.client.post("/v1/files", files={"file": ("p.png", poster(), "image/png")}).json()["reference"]
            for path, fields in JOBS.items():
                sent = fields if path == "generations" else {"image": picture, **fields}
                for number in ("first", "second"):
                    begun = time.perf_counter()
                    job = one.client.post(f"/v1/{path}", json=sent, headers={"Prefer": "wait=60"}).json()
                    if job["state"] != "succeeded":
                        sys.exit(f"A job of {path} has not succeeded: {job}")
                    yield f"{path}: {number} job", time.perf_counter() - begun


if __name__ == "__main__":
    main()
