"""Measures the candidates of many designs in several processes, and keeps the cases in a folder.

    PYTHONPATH=. python -m lab.judgement.collect OUT --designs FOLDER [--part tuning]
    PYTHONPATH=. python -m lab.judgement.collect OUT --posters 200

The lines of text in a picture are stored beside its case, so that a second run does not read them again.
"""

import argparse
import os
import pickle
import random
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from lab.evaluation.designs import Design, read_design, read_designs
from lab.judgement.cases import case_of
from lab.posters import BACKGROUNDS, poster
from lamina.core.composite import composite
from lamina.core.ports import no_progress
from lamina.engines.classic.observation import observe

FIRST_SEED = 400_000  # evaluations use no seeds from here on


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder of the cases")
    parser.add_argument("--designs", type=Path, help="folder of designs")
    parser.add_argument("--part", choices=("tuning", "checking"), help="authors to use (all)")
    parser.add_argument("--posters", type=int, default=0, help="number of drawn posters")
    parser.add_argument("--workers", type=int, default=2, help="number of processes (2)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    works: list[Callable[[], Design]] = [partial(_poster, FIRST_SEED + i) for i in range(options.posters)]
    if options.designs is not None:
        works += [partial(read_design, path) for path in read_designs(options.designs, options.part)]
    random.Random(0).shuffle(works)  # noqa: S311  (any part of the cases is a sample of all)
    os.environ["OMP_NUM_THREADS"] = "1"
    with get_context("spawn").Pool(options.workers) as pool:
        for number, text in enumerate(pool.imap_unordered(partial(_collect, out=options.out), works), 1):
            print(f"{number}/{len(works)} {text}", flush=True)  # noqa: T201


def _collect(make: Callable[[], Design], out: Path) -> str:
    design = make()
    case = out / f"{design.name}.npz"
    if case.exists():
        return f"{design.name}: kept"
    read = out / f"{design.name}.lettering"
    lettering = pickle.loads(read.read_bytes()) if read.exists() else None  # noqa: S301  (written below)
    seen = observe(design.picture, no_progress, lettering)
    if lettering is None:
        read.write_bytes(pickle.dumps(seen.lettering))
    if seen.is_photo:
        return f"{design.name}: looks like a photograph"
    found = case_of(design, seen)
    found.save(case)
    return f"{design.name}: {len(found.values)} candidates"


def _poster(seed: int) -> Design:
    background = BACKGROUNDS[seed % len(BACKGROUNDS)]
    stack = poster(seed, background).stack
    return Design(name=f"poster_{seed}", author="Lamina", picture=composite(stack), truth=stack)


if __name__ == "__main__":
    main()
