"""Writes compositions as folders: python -m lab.compositions OUT --count 1200 --first-seed 0."""

import argparse
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from lab.compositions.fetch import fetch
from lab.compositions.making import Job, make
from lab.compositions.styles import STYLES


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lab.compositions", description=__doc__)
    parser.add_argument("target", type=Path, metavar="OUT", help="folder for the compositions, one folder each")
    parser.add_argument("--count", type=int, default=0, help="number of designs of all styles")
    parser.add_argument(
        "--photographs", type=int, default=0, help="number of composed photographs of reserved material"
    )
    parser.add_argument("--first-seed", type=int, default=0, help="seed of the first composition, and part of its name")
    parser.add_argument("--style", choices=[style.name for style in STYLES], help="the only style of the designs")
    parser.add_argument("--workers", type=int, default=1, help="number of processes")
    cache = Path.home() / ".cache" / "lamina-lab"
    parser.add_argument("--cache", type=Path, default=cache, help="folder of the unpacked packages")
    options = parser.parse_args()
    fetch(options.cache)
    first = options.first_seed
    jobs = [Job(seed, options.style, options.target, options.cache) for seed in range(first, first + options.count)]
    jobs += [
        Job(seed, "photograph", options.target, options.cache) for seed in range(first, first + options.photographs)
    ]
    with ProcessPoolExecutor(options.workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done, name in enumerate(pool.map(make, jobs, chunksize=4), 1):
            sys.stdout.write(f"{done}/{len(jobs)} {name}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
