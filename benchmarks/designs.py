"""Scores the decomposition of the designs in a folder, whose true layers are known.

    scripts/bench designs ../designs --part checking
    scripts/bench designs ../designs --part tuning --sheets out/sheets --workers 2
    scripts/bench designs ../designs --part checking --layers auto

A design is a folder with input.png, manifest.json (width, height, and layers, bottom first: file, name, kind, and bbox
as [x, y, width, height]) and, optionally, meta.json with its author. The authors in lab/evaluation/design_authors.json
are divided once into those that the engine may be tuned on and those that it is checked on.

Groups count as one layer, but for found_share, which is the share of the true layers that a layer or a group shows.

The benchmark prints a line of JSON for every design and finally the means. With --sheets, it writes a contact sheet for
every design: the true layers above, the layers that the engine found below. With more than one worker the seconds are
not meaningful.
"""

import argparse
import json
import multiprocessing
import os
import resource
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from statistics import fmean, median

import cv2

from lab.evaluation.contact_sheets import contact_sheet
from lab.evaluation.designs import DesignScore, mean_score, read_design, read_designs, score_design
from lab.evaluation.trials import LAYERS
from lamina.core.ports import no_progress
from lamina.core.tasks import AUTO_LAYERS, DecomposeTask, LayerCount
from lamina.engines import registry


def main() -> int:
    """Returns the exit code: 1 if the engine failed on a design, else 0."""
    options = _options()
    paths = read_designs(options.folder, options.part)
    if not paths:
        print(f"There are no designs in {options.folder}.", file=sys.stderr)
        return 1
    run = partial(_run, layers=options.layers, is_flat=options.flat, sheets=options.sheets)
    scores = list(_print_each(_map(run, paths, options.workers)))
    means = {
        field.name: mean_score(scores, field.name)
        for field in fields(DesignScore)
        if field.name not in ("name", "error", "seconds")
    }
    largest = {"error": max((score.error for score in scores), default=0)}
    seconds = (
        {"seconds": median(s.seconds for s in scores), "mean_seconds": fmean(s.seconds for s in scores)}
        if scores
        else {}
    )
    peak_mb = (
        resource.getrusage(resource.RUSAGE_CHILDREN if options.workers > 1 else resource.RUSAGE_SELF).ru_maxrss // 1024
    )
    failed = len(paths) - len(scores)
    counts = {"designs": len(paths), "failed": failed, "peak_mb": peak_mb}
    print(json.dumps(_rounded(counts | means | largest | seconds)))
    return 1 if failed else 0


def _map(run: "partial[DesignScore | None]", paths: list[Path], workers: int) -> Iterator[DesignScore | None]:
    if workers == 1:
        yield from map(run, paths)
        return
    os.environ["OMP_NUM_THREADS"] = "1"
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield from pool.imap(run, paths)


def _run(path: Path, layers: LayerCount, is_flat: bool, sheets: Path | None) -> DesignScore | None:
    try:
        design = read_design(path)
        engine = registry.start_engine("classic")
        start = time.perf_counter()
        stack = engine.decompose(design.picture, DecomposeTask(layers, is_flat=is_flat), no_progress)
        score = score_design(design, stack, time.perf_counter() - start)
        if sheets is not None:
            sheets.mkdir(parents=True, exist_ok=True)
            sheet = contact_sheet(design.picture, design.truth, stack)
            cv2.imwrite(str(sheets / f"{design.name}.png"), sheet[..., ::-1])
    except Exception:  # noqa: BLE001  (an engine may fail in any way; the others are still measured)
        print(f"The engine failed on {path.name}:", file=sys.stderr)
        traceback.print_exc()
        return None
    return score


def _print_each(scores: Iterator[DesignScore | None]) -> Iterator[DesignScore]:
    for score in scores:
        if score is not None:
            print(json.dumps(_rounded(asdict(score))), flush=True)
            yield score


def _rounded(values: Mapping[str, str | int | float | None]) -> dict[str, str | int | float | None]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}


def _layers(text: str) -> LayerCount:
    return AUTO_LAYERS if text == AUTO_LAYERS else int(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder with a folder for each design")
    parser.add_argument("--part", choices=("tuning", "checking"), help="authors to use (all)")
    parser.add_argument(
        "--layers", type=_layers, default=LAYERS, help=f"number of layers to ask for, or auto ({LAYERS})"
    )
    parser.add_argument("--flat", action="store_true", help="ask for no groups")
    parser.add_argument("--sheets", type=Path, metavar="DIR", help="folder for contact sheets")
    parser.add_argument("--workers", type=int, default=1, help="number of processes (1)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
