"""Scores the decomposition of posters: object, text and panel IoU, hidden background and exactness, by background.

    scripts/bench decompose --seeds 24 --background flat --background gradient
    scripts/bench decompose --seeds 24 --jpeg 85
    scripts/bench decompose --seeds 2 --keep out/posters

Each seed gives one poster. Seeds below 100000 were never used for tuning. On a terminal the benchmark prints a line for
every poster and a table with a row for every kind of background; elsewhere, and with --json, it prints one line of JSON
for each of them. A poster on which the engine fails is reported on standard error and left out; the exit code is then
1.
"""

import argparse
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from lab.evaluation.score_table import render_json_line, render_score_table
from lab.evaluation.trials import Score, Trial, summaries, trials
from lab.posters import BACKGROUNDS
from lamina import settings
from lamina.core.errors import LaminaError
from lamina.engines import registry
from lamina.imaging.atomic_files import atomic_file
from lamina.imaging.saving import save


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 1 if the engine failed on a poster, else 0."""
    options = _options(arguments)
    is_json = options.json or not sys.stdout.isatty()
    scores: list[Score] = []
    failed: list[str] = []

    def report_failure(poster: str, error: Exception) -> None:
        failed.append(poster)
        print(f"The engine failed on the poster {poster}: {error}", file=sys.stderr)
        if not isinstance(error, LaminaError):
            traceback.print_exception(error)

    engine = registry.start_engine(options.engine, config=settings.engine_config(settings.current()))
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    for trial in trials(engine, seeds, options.background or BACKGROUNDS, options.jpeg, report_failure):
        if options.keep is not None:
            _save_layers(trial, options.keep)
        scores.append(trial.score)
        print(render_json_line(trial.score) if is_json else _sentence(trial.score), flush=True)
    if scores:
        print("\n".join(map(render_json_line, summaries(scores)) if is_json else ["", *render_score_table(scores)]))
    return 1 if failed else 0


def _sentence(score: Score) -> str:
    return (
        f"{score.background} {score.seed}: object IoU {score.object_iou:.3f}, text IoU {score.text_iou:.3f}, "
        f"hidden background L1 {score.hidden_background_l1:.4f}, {score.layers_found} of {score.layers_true} layers, "
        f"{score.seconds:.1f} s"
    )


def _save_layers(trial: Trial, folder: Path) -> None:
    """Writes the poster with its true layers and the layers that the engine found."""
    place = folder / f"{trial.score.background}-{trial.score.seed}"
    with atomic_file(place / f"poster.{'png' if trial.score.jpeg_quality is None else 'jpg'}") as file:
        file.write(trial.file)
    save(trial.poster.stack, f"{place}/true/")
    save(trial.result, f"{place}/found/")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=24, help="posters per background (24)")
    parser.add_argument("--first-seed", type=int, default=0, help="first seed (0)")
    parser.add_argument("--background", action="append", choices=BACKGROUNDS, help="background; may be repeated (all)")
    parser.add_argument("--jpeg", type=int, metavar="QUALITY", help="JPEG quality of the posters, 1 to 100 (PNG)")
    parser.add_argument("--engine", choices=registry.engine_names(), default=registry.AUTO, help="engine (auto)")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="folder for posters, their true and their found layers"
    )
    parser.add_argument("--json", action="store_true", help="print JSON lines also on a terminal")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
