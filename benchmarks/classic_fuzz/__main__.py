"""Checks that the classic engine decomposes any small picture exactly, without an exception or a warning.

    scripts/bench classic_fuzz --pictures 20000 --seed 0 --processes 1
    scripts/bench classic_fuzz --pictures 5000 --first 15000         # a part of the same pictures
    scripts/bench classic_fuzz --only wordmark --pictures 60
    scripts/bench classic_fuzz --pictures 1 --first 817 --save fuzz  # writes the picture into a folder

Picture number N of a seed is always the same, whatever else is run. Each picture is one of several kinds (lettering cut
off by the border, tightly cropped wordmarks, sides of 1 to 4 px, islands of alpha, noise, crops of posters and so on),
some are distorted afterwards, and each is decomposed into at most 1 to 10 layers. The benchmark prints a line of JSON
for every picture that failed (an exception, a warning, a composite that differs from the picture, too many layers) and
for every 500 pictures, and finally a table; the exit code is 1 if any picture failed.
"""

import argparse
import json
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
from drawing import KINDS, Drawn, drawn  # pyright: ignore[reportImplicitRelativeImport]

from lamina.cli.terminal_text import aligned
from lamina.core.composite import composite
from lamina.core.layer_tree import tree_of
from lamina.core.layers import Pixels, have_same_pixels
from lamina.core.tasks import AUTO_LAYERS, DEFAULT_LAYERS, DecomposeTask
from lamina.engines.classic import ClassicEngine
from lamina.imaging.png import encode_png

_REPORT_EVERY = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one picture. `fault`: what failed, or empty; `trace`: the traceback of the exception."""

    picture: int
    kind: str
    size: str
    budget: int
    seconds: float
    fault: str = ""
    trace: str = ""


def main() -> None:
    options = _options()
    kinds = tuple(options.only or KINDS)
    numbers = range(options.first, options.first + options.pictures)
    if options.save:
        for number in numbers:
            _save(drawn(options.seed, number, kinds), number, options.save)
    outcomes: list[Outcome] = []
    start = time.perf_counter()
    for outcome in _outcomes(options.seed, numbers, kinds, options.processes):
        outcomes.append(outcome)
        if outcome.fault:
            print(json.dumps(asdict(outcome)), flush=True)
        if len(outcomes) % _REPORT_EVERY == 0:
            print(
                json.dumps({"tried": len(outcomes), "failed": sum(bool(outcome.fault) for outcome in outcomes)}),
                flush=True,
            )
    print("\n".join(["", *_table(outcomes), f"{time.perf_counter() - start:.0f} s"]))
    sys.exit(any(outcome.fault for outcome in outcomes))


def _outcomes(seed: int, numbers: range, kinds: tuple[str, ...], processes: int) -> Iterator[Outcome]:
    if processes < 2:
        for number in numbers:
            yield outcome_of(seed, number, kinds)
        return
    count = len(numbers)
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(outcome_of, [seed] * count, numbers, [kinds] * count, chunksize=16)


def outcome_of(seed: int, number: int, kinds: tuple[str, ...]) -> Outcome:
    """Decomposes one picture, with every warning raised as an error."""
    picture = drawn(seed, number, kinds)
    size = f"{picture.pixels.shape[1]}x{picture.pixels.shape[0]}"
    start = time.perf_counter()
    fault, trace = "", ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fault = _fault_in(picture.pixels, picture.budget)
    except Exception as error:  # noqa: BLE001  (any exception is a fault)
        fault, trace = f"{type(error).__name__}: {error}", traceback.format_exc(limit=-6)
    return Outcome(number, picture.kind, size, picture.budget, round(time.perf_counter() - start, 3), fault, trace)


def _fault_in(picture: Pixels, budget: int) -> str:
    """Flat stacks are made for even budgets; all that is seen is for the largest one."""
    layers = AUTO_LAYERS if budget == DEFAULT_LAYERS else budget
    task = DecomposeTask(layers, is_flat=layers == budget and budget % 2 == 0)
    stack = ClassicEngine().decompose(picture, task)
    count = len(stack if task.is_flat else tree_of(stack))
    if not 1 <= count <= task.layer_limit:
        return f"{count} layers of at most {task.layer_limit}"
    return "" if have_same_pixels(composite(stack), picture) else "the composite is not the picture"


def _save(picture: Drawn, number: int, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{number}-{picture.kind}-{picture.budget}.png").write_bytes(encode_png(picture.pixels))


def _table(outcomes: list[Outcome]) -> list[str]:
    rows = [("kind", "pictures", "failed", "median s", "slowest s", "slowest picture")]
    for kind in [*dict.fromkeys(sorted(outcome.kind for outcome in outcomes)), "all"]:
        group = sorted(
            (outcome for outcome in outcomes if kind in (outcome.kind, "all")), key=lambda outcome: outcome.seconds
        )
        failed, middle = sum(bool(outcome.fault) for outcome in group), group[len(group) // 2]
        slowest = group[-1]
        seconds = f"{middle.seconds:.2f}", f"{slowest.seconds:.2f}"
        rows.append((kind, f"{len(group)}", f"{failed}", *seconds, f"{slowest.picture}, {slowest.size}"))
    return aligned(rows, [False, True, True, True, True, True])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=1000, help="number of pictures (1000)")
    parser.add_argument("--first", type=int, default=0, help="number of the first picture (0)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the pictures (0)")
    parser.add_argument("--only", action="append", choices=KINDS, help="kind of picture; may be repeated (all)")
    parser.add_argument("--processes", type=int, default=1, help="number of processes (1)")
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="folder to write the pictures into")
    return parser.parse_args()


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
