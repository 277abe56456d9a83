"""Selects the layers of many designs by boxes and points, and keeps the measured outlines in a folder.

    PYTHONPATH=. python -m lab.selections.collect OUT --designs FOLDER [--part tuning] [--limit 4]

The lines of text in a picture are stored beside its case, so that a second run does not read them again. A run that was
stopped is continued by another one.
"""

import argparse
import os
import pickle
import random
import zlib
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from lab.evaluation.designs import read_design, read_designs
from lab.selections.cases import case_of
from lamina.core.ports import no_progress
from lamina.engines.classic.engine import working_copy
from lamina.engines.classic.observation import observe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder of the cases")
    parser.add_argument("--designs", type=Path, required=True, help="folder of designs")
    parser.add_argument("--part", choices=("tuning", "checking"), help="authors to use (all)")
    parser.add_argument("--limit", type=int, help="largest number of layers of a design to select (all)")
    parser.add_argument("--workers", type=int, default=1, help="number of processes (1)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    paths = read_designs(options.designs, options.part)
    random.Random(0).shuffle(paths)  # noqa: S311  (any part of the cases is a sample of all)
    os.environ["OMP_NUM_THREADS"] = "1"
    with get_context("spawn").Pool(options.workers) as pool:
        work = partial(_collect, out=options.out, limit=options.limit)
        for number, text in enumerate(pool.imap_unordered(work, paths), 1):
            print(f"{number}/{len(paths)} {text}", flush=True)  # noqa: T201


def _collect(path: Path, out: Path, limit: int | None) -> str:
    design = read_design(path)
    case = out / f"{design.name}.npz"
    if case.exists():
        return f"{design.name}: kept"
    read = out / f"{design.name}.lettering"
    lettering = pickle.loads(read.read_bytes()) if read.exists() else None  # noqa: S301  (written below)
    seen = observe(working_copy(design.picture), no_progress, lettering)
    if lettering is None:
        read.write_bytes(pickle.dumps(seen.lettering))
    found = case_of(design, seen, np.random.default_rng(zlib.crc32(design.name.encode())), limit)
    unfinished = case.with_suffix(".unfinished.npz")
    found.save(unfinished)
    unfinished.rename(case)
    return f"{design.name}: {len(found.prompts)} boxes and points"


if __name__ == "__main__":
    main()
