"""Measures how fast posters are decomposed, and in how much memory: warm, and in a new process.

    scripts/bench speed
    scripts/bench speed --posters 12 --skip-large
    scripts/bench speed --against ../lamina-before --rounds 3

Warm: the engine alone, in one process, after a first poster that is not counted. Cold: `lamina decompose POSTER.png
--to POSTER.psd` from start to exit, including reading and writing, with the peak of its resident memory. The benchmark
prints a line of JSON for every case and finally a table of medians (of maxima for memory).

With --against, only warm runs are measured: of another checkout of Lamina and of this one alternately, A B A B, each in
its own process with this environment's packages. The fastest run of each poster counts. The table has the median over
the posters of how many times as fast this checkout is, in elapsed and in processor time, and the number of posters
whose layers are the same, byte by byte.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from statistics import median

import numpy as np

from lab.posters import BACKGROUNDS, Background, poster
from lamina.cli.terminal_text import aligned
from lamina.core.composite import composite
from lamina.core.layers import Pixels
from lamina.core.ports import no_progress
from lamina.core.tasks import DecomposeTask
from lamina.engines.registry import start_engine
from lamina.imaging.png import encode_png
from launched import launched  # pyright: ignore[reportImplicitRelativeImport]

SMALL, LARGE = (1024, 1024), (4000, 3000)


@dataclass(frozen=True, slots=True)
class Case:
    """One run. `peak_mb`: in units of 1,000,000 bytes; None for warm runs, which share a process."""

    size: str
    run: str
    seed: int
    background: str
    seconds: float
    peak_mb: float | None


def main() -> None:
    options = _options()
    if options.against:
        _compare(options.against, options.posters, options.rounds)
        return
    sizes = [(SMALL, options.posters)] if options.skip_large else [(SMALL, options.posters), (LARGE, 3)]
    cases: list[Case] = []
    for size, count in sizes:
        pictures = [composite(poster(seed, _background(seed), size).stack) for seed in range(count)]
        for case in chain(_cold(pictures), _warm(pictures)):
            cases.append(case)
            print(json.dumps(asdict(case)), flush=True)
    print("\n".join(["", *_table(cases)]))


def _cold(pictures: list[Pixels]) -> Iterator[Case]:
    lamina = Path(sys.executable).with_name("lamina")
    with tempfile.TemporaryDirectory() as folder:
        for seed, picture in enumerate(pictures):
            file = Path(folder, f"{seed}.png")
            file.write_bytes(encode_png(picture))
            command = [lamina, "decompose", file, "--to", file.with_suffix(".psd"), "--quiet"]
            run = launched(command)
            yield _case(picture, "cold", seed, run.seconds, run.peak_mb)


def _warm(pictures: list[Pixels]) -> Iterator[Case]:
    engine = start_engine()
    engine.decompose(pictures[0], DecomposeTask(), no_progress)
    for seed, picture in enumerate(pictures):
        start = time.perf_counter()
        engine.decompose(picture, DecomposeTask(), no_progress)
        yield _case(picture, "warm", seed, time.perf_counter() - start, None)


def _compare(other: Path, posters: int, rounds: int) -> None:
    """Prints a line of JSON for each poster of each round, and a comparison of the two checkouts."""
    runs: dict[int, list[tuple[_Timed, _Timed]]] = {seed: [] for seed in range(posters)}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(posters):
            np.save(Path(folder, f"{seed}.npy"), composite(poster(seed, _background(seed), SMALL).stack))
        timers = [_timer(checkout, folder) for checkout in (other, Path(__file__).parents[1])]
        for seed in chain([0], *[range(posters)] * rounds):
            before, now = (_timed(timer, seed) for timer in timers)
            runs[seed].append((before, now))
            print(json.dumps({"seed": seed, "before": asdict(before), "now": asdict(now)}), flush=True)
        for timer in timers:
            timer.communicate()
    runs[0].pop(0)  # the first run starts the engine
    fastest = [[_best(of_one) for of_one in zip(*runs[seed], strict=True)] for seed in range(posters)]
    before, now = zip(*fastest, strict=True)
    rows = [("warm, 1024x1024", "before, median s", "now, median s", "times as fast, median")]
    for label, measure in (("elapsed time", lambda run: run.seconds), ("processor time", lambda run: run.cpu_seconds)):
        old, new = [measure(run) for run in before], [measure(run) for run in now]
        ratio = median(a / b for a, b in zip(old, new, strict=True))
        rows.append((label, f"{median(old):.2f}", f"{median(new):.2f}", f"{ratio:.2f}"))
    print("\n".join(["", *aligned(rows, [False, True, True, True])]))
    same = sum(a.layers_sha256 == b.layers_sha256 for a, b in zip(before, now, strict=True))
    print(f"The layers of {same} of {posters} posters are the same, byte by byte.")


@dataclass(frozen=True, slots=True)
class _Timed:
    seconds: float
    cpu_seconds: float
    layers_sha256: str


def _best(runs: Sequence[_Timed]) -> _Timed:
    """The fastest run in elapsed and in processor time, which other programs disturbed least."""
    return _Timed(min(r.seconds for r in runs), min(r.cpu_seconds for r in runs), runs[0].layers_sha256)


def _timer(checkout: Path, folder: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _TIMER, str((checkout / "src").resolve()), folder]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _timed(timer: subprocess.Popen[str], seed: int) -> _Timed:
    if timer.stdin is None or timer.stdout is None:
        raise TypeError("a timer has pipes")
    print(seed, file=timer.stdin, flush=True)
    line = timer.stdout.readline()
    return _Timed(*json.loads(line)) if line else sys.exit("A checkout cannot be measured; see above.")


# Uses only names that every version of Lamina has.
_TIMER = """
import hashlib, json, sys, time
sys.path.insert(0, sys.argv[1])
import numpy as np
import lamina
assert lamina.__file__.startswith(sys.argv[1]), lamina.__file__
from lamina.core.ports import no_progress
from lamina.core.tasks import DecomposeTask
from lamina.engines.registry import start_engine
engine = start_engine()
for line in sys.stdin:
    picture = np.load(f"{sys.argv[2]}/{int(line)}.npy")
    start, cpu_start = time.perf_counter(), time.process_time()
    stack = engine.decompose(picture, DecomposeTask(), no_progress)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    layers = hashlib.sha256()
    for layer in stack.layers:
        layers.update(repr((layer.name, layer.kind, layer.left, layer.top, layer.pixels.shape, layer.text)).encode())
        layers.update(layer.pixels.tobytes())
    print(json.dumps([round(seconds, 3), round(cpu_seconds, 3), layers.hexdigest()]), flush=True)
"""


def _case(picture: Pixels, run: str, seed: int, seconds: float, peak_mb: float | None) -> Case:
    size = f"{picture.shape[1]}x{picture.shape[0]}"
    return Case(size, run, seed, _background(seed), round(seconds, 3), peak_mb)


def _background(seed: int) -> Background:
    return BACKGROUNDS[seed % len(BACKGROUNDS)]


def _table(cases: list[Case]) -> list[str]:
    rows = [("size", "run", "posters", "median s", "slowest s", "peak MB")]
    for size, run in dict.fromkeys((case.size, case.run) for case in cases):
        group = [case for case in cases if (case.size, case.run) == (size, run)]
        seconds, peaks = [c.seconds for c in group], [c.peak_mb for c in group if c.peak_mb is not None]
        peak = f"{max(peaks):.0f}" if peaks else "-"
        rows.append((size, run, f"{len(group)}", f"{median(seconds):.2f}", f"{max(seconds):.2f}", peak))
    return aligned(rows, [False, False, True, True, True, True])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posters", type=int, default=9, help="number of posters of 1024x1024 (9)")
    parser.add_argument("--skip-large", action="store_true", help="do not measure 4000x3000")
    parser.add_argument("--against", type=Path, metavar="CHECKOUT", help="another checkout of Lamina to compare with")
    parser.add_argument("--rounds", type=int, default=3, help="number of runs of each checkout with --against (3)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
