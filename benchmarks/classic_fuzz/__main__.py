"""Does the classic engine take any small picture apart, exactly, and without an exception or a warning?

    scripts/bench classic_fuzz --pictures 20000 --seed 0 --processes 1
    scripts/bench classic_fuzz --pictures 5000 --first 15000         # a part of the same pictures
    scripts/bench classic_fuzz --only wordmark --pictures 60
    scripts/bench classic_fuzz --pictures 1 --first 817 --save fuzz  # writes the picture into a folder

Picture number N of a seed is always the same one, whatever else is run. Each is drawn as one of several kinds
(lettering cut off by the border, tightly cropped wordmarks, sides of 1 to 4 px, islands of alpha, noise, crops of
posters and so on), some are spoiled afterwards, and each is taken apart into at most 1 to 10 layers. Prints a line of
JSON for every picture that failed (an exception, a warning, a composite that is not the picture, too many layers) and
every 500 pictures, and last a table; exits with 1 if any failed.
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
from lamina.core.layers import Pixels, have_same_pixels
from lamina.core.tasks import DecomposeTask
from lamina.engines.classic import ClassicEngine
from lamina.imaging.png import encode_png

_TOLD_EVERY = 500


@dataclass(frozen=True, slots=True)
class Tried:
    """One picture; `fault`: what went wrong, empty if nothing did; `trace`: of the exception."""

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
    tried: list[Tried] = []
    start = time.perf_counter()
    for one in _all_tried(options.seed, numbers, kinds, options.processes):
        tried.append(one)
        if one.fault:
            print(json.dumps(asdict(one)), flush=True)
        if len(tried) % _TOLD_EVERY == 0:
            print(json.dumps({"tried": len(tried), "failed": sum(bool(one.fault) for one in tried)}), flush=True)
    print("\n".join(["", *_table(tried), f"{time.perf_counter() - start:.0f} s"]))
    sys.exit(any(one.fault for one in tried))


def _all_tried(seed: int, numbers: range, kinds: tuple[str, ...], processes: int) -> Iterator[Tried]:
    if processes < 2:
        for number in numbers:
            yield tried_on(seed, number, kinds)
        return
    count = len(numbers)
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(tried_on, [seed] * count, numbers, [kinds] * count, chunksize=16)


def tried_on(seed: int, number: int, kinds: tuple[str, ...]) -> Tried:
    """Takes one picture apart, with every warning an error."""
    picture = drawn(seed, number, kinds)
    size = f"{picture.pixels.shape[1]}x{picture.pixels.shape[0]}"
    start = time.perf_counter()
    fault, trace = "", ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fault = _fault_in(picture.pixels, picture.budget)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is what is looked for
        fault, trace = f"{type(error).__name__}: {error}", traceback.format_exc(limit=-6)
    return Tried(number, picture.kind, size, picture.budget, round(time.perf_counter() - start, 3), fault, trace)


def _fault_in(picture: Pixels, budget: int) -> str:
    stack = ClassicEngine().decompose(picture, DecomposeTask(budget))
    if not 1 <= len(stack) <= budget:
        return f"{len(stack)} layers of at most {budget}"
    return "" if have_same_pixels(composite(stack), picture) else "the composite is not the picture"


def _save(picture: Drawn, number: int, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{number}-{picture.kind}-{picture.budget}.png").write_bytes(encode_png(picture.pixels))


def _table(tried: list[Tried]) -> list[str]:
    rows = [("kind", "pictures", "failed", "median s", "slowest s", "slowest picture")]
    for kind in [*dict.fromkeys(sorted(one.kind for one in tried)), "all"]:
        group = sorted((one for one in tried if kind in (one.kind, "all")), key=lambda one: one.seconds)
        failed, middle = sum(bool(one.fault) for one in group), group[len(group) // 2]
        slowest = group[-1]
        seconds = f"{middle.seconds:.2f}", f"{slowest.seconds:.2f}"
        rows.append((kind, f"{len(group)}", f"{failed}", *seconds, f"{slowest.picture}, {slowest.size}"))
    return aligned(rows, [False, True, True, True, True, True])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=1000, help="how many (1000)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first (0)")
    parser.add_argument("--seed", type=int, default=0, help="of all pictures (0)")
    parser.add_argument("--only", action="append", choices=KINDS, help="only pictures of this kind; may be repeated")
    parser.add_argument("--processes", type=int, default=1, help="at once (1)")
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="write the pictures into this folder too")
    return parser.parse_args()


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
