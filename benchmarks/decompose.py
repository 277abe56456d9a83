"""How well is a poster taken apart? Object, text and panel IoU, hidden background and exactness, by background.

    scripts/bench decompose --seeds 24 --background flat --background gradient
    scripts/bench decompose --seeds 24 --jpeg 85

Prints a line of JSON for every poster and, last, a table.
"""

import argparse

from lamina.cli.score_table import render_json_line, render_score_table
from lamina.engines.registry import AUTO, engine_names, start_engine
from lamina.imaging.evaluation import Score, trials
from lamina.imaging.posters import BACKGROUNDS


def main() -> None:
    options = _options()
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    scores: list[Score] = []
    for trial in trials(start_engine(options.engine), seeds, options.background or BACKGROUNDS, options.jpeg):
        scores.append(trial.score)
        print(render_json_line(trial.score), flush=True)
    print("\n".join(["", *render_score_table(scores)]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=24, help="posters a background (24)")
    parser.add_argument("--first-seed", type=int, default=0, help="the seed to begin with (0)")
    parser.add_argument("--background", action="append", choices=BACKGROUNDS, help="only these; may be repeated")
    parser.add_argument("--jpeg", type=int, metavar="QUALITY", help="give the engine JPEGs instead of PNGs")
    parser.add_argument("--engine", choices=engine_names(), default=AUTO, help="what is measured (auto)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
