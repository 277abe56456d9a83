"""Scores the things that are selected by a box or by a point in designs whose true layers are known.

    scripts/bench selections ../designs --part checking

The designs are folders as for the benchmark `designs`. Every true layer but the background is selected four times: by
the box around its visible pixels, by a box whose sides are up to 5 % off, by the point at its centre (the visible pixel
nearest to it, weighed against its distance from the outline), and by another point of it. The score is the intersection
over union of what is found with the visible pixels, at the size at which the engine analyses pictures; "best" is that
of the best of the outlines that were compared. The benchmark prints a line of JSON for every design, and the means.
"seconds" is the time of one selection; the first one of a picture also prepares it.
"""

import argparse
import json
import sys
import time
import zlib
from pathlib import Path
from statistics import fmean

import cv2
import numpy as np

from lab.evaluation.designs import read_design, read_designs
from lab.selections.cases import iou, visible_masks
from lab.selections.prompts import Prompt, prompts_for
from lamina.core.ports import no_progress
from lamina.engines.classic.engine import working_copy
from lamina.engines.classic.observation import observe
from lamina.engines.classic.thing_finder import ThingFinder

Scores = dict[str, list[float]]


def main() -> int:
    """Returns the exit code: 1 without designs."""
    options = _options()
    totals: Scores = {}
    for path in read_designs(options.folder, options.part):
        scores = _scores(path)
        print(json.dumps({"name": path.name} | {name: [round(v, 3) for v in own] for name, own in scores.items()}))
        sys.stdout.flush()
        for name, own in scores.items():
            totals.setdefault(name, []).extend(own)
    if not totals:
        print(f"There are no designs in {options.folder}.", file=sys.stderr)
        return 1
    print(json.dumps({name: round(fmean(own), 4) for name, own in totals.items()} | {"layers": len(totals["box"])}))
    return 0


def _scores(path: Path) -> Scores:
    design = read_design(path)
    working = working_copy(design.picture)
    finder = ThingFinder(observe(working, no_progress))
    random = np.random.default_rng(zlib.crc32(design.name.encode()))
    scores: Scores = {}
    for mask in visible_masks(design, working.shape[:2]):
        for prompt in prompts_for(mask, random):
            started = time.perf_counter()
            found = finder.mask_at(prompt.place)
            seconds = time.perf_counter() - started
            name = _name(prompt)
            scores.setdefault(name, []).append(0.0 if found is None else iou(found, mask))
            outlines = (outline.candidate.full() for outline in finder.pool_at(prompt.place).outlines)
            scores.setdefault(f"{name}, best", []).append(max((iou(each, mask) for each in outlines), default=0.0))
            scores.setdefault("seconds", []).append(seconds)
    return scores


def _name(prompt: Prompt) -> str:
    way = "point" if prompt.place.is_point else "box"
    return way if prompt.is_exact else f"other {way}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder with a folder for each design")
    parser.add_argument("--part", choices=("tuning", "checking"), help="authors to use (all)")
    return parser.parse_args()


if __name__ == "__main__":
    cv2.setNumThreads(1)
    sys.exit(main())
