"""Scores the things that are selected by a box or by a point in designs whose true layers are known.

    scripts/bench selections ../designs --part checking

The designs are folders as for the benchmark `designs`. Every true layer but the background is selected twice: by the
box around its visible pixels, and by the point at its centre (the visible pixel nearest to it, weighed against its
distance from the outline). The score is the intersection over union of what is found with the visible pixels, at the
size at which the engine analyses pictures. The benchmark prints a line of JSON for every design, and the means.
"""

import argparse
import json
import sys
from pathlib import Path
from statistics import fmean

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.evaluation.designs import read_design, read_designs
from lamina.core.ports import no_progress
from lamina.core.selections import Place
from lamina.engines.classic.engine import working_copy
from lamina.engines.classic.observation import observe
from lamina.engines.classic.raster import bounding_box
from lamina.engines.classic.selected_things import ThingFinder
from lamina.imaging.metrics import visible_alphas

Mask = NDArray[np.bool_]

_MIN_VISIBLE_PX = 30


def main() -> int:
    """Returns the exit code: 1 without designs."""
    options = _options()
    totals: dict[str, list[float]] = {"box": [], "point": []}
    for path in read_designs(options.folder, options.part):
        scores = _scores(path)
        print(json.dumps({"name": path.name} | {way: [round(iou, 3) for iou in ious] for way, ious in scores.items()}))
        sys.stdout.flush()
        for way, ious in scores.items():
            totals[way] += ious
    if not totals["box"]:
        print(f"There are no designs in {options.folder}.", file=sys.stderr)
        return 1
    print(json.dumps({way: round(fmean(ious), 4) for way, ious in totals.items()} | {"layers": len(totals["box"])}))
    return 0


def _scores(path: Path) -> dict[str, list[float]]:
    design = read_design(path)
    working = working_copy(design.picture)
    finder = ThingFinder(observe(working, no_progress))
    scores: dict[str, list[float]] = {"box": [], "point": []}
    for alpha in visible_alphas(design.truth)[1:]:
        truth = cv2.resize(alpha, working.shape[1::-1], interpolation=cv2.INTER_AREA) > 0.5
        if np.count_nonzero(truth) < _MIN_VISIBLE_PX:
            continue
        x, y, width, height = bounding_box(truth)
        scores["box"].append(_iou(finder.mask_at(Place(x=x, y=y, width=width, height=height)), truth))
        scores["point"].append(_iou(finder.mask_at(_centre(truth)), truth))
    return scores


def _centre(mask: Mask) -> Place:
    depths = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    rows, columns = np.nonzero(mask)
    distances = np.hypot(rows - rows.mean(), columns - columns.mean())
    best = int(np.argmin(distances - 2 * depths[rows, columns]))
    return Place(x=float(columns[best]) + 0.5, y=float(rows[best]) + 0.5)


def _iou(found: Mask | None, truth: Mask) -> float:
    if found is None:
        return 0.0
    return float(np.count_nonzero(found & truth) / np.count_nonzero(found | truth))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder with a folder for each design")
    parser.add_argument("--part", choices=("tuning", "checking"), help="authors to use (all)")
    return parser.parse_args()


if __name__ == "__main__":
    cv2.setNumThreads(1)
    sys.exit(main())
