"""Scores nano, the small bundled model, on compositions that were not used to train it.

    scripts/bench nano
    scripts/bench nano --generate 20 --edit 0 --decompose 20
    scripts/bench nano --size 160x96 --things 3

The cases are captions of one or two things, edits of every kind, and stacks of one to four layers, of 64 px or another
size, through diffusers' own pipelines, without a finishing pass. The benchmark prints a line of JSON for every case and
finally a table: the share of right results, the share with the right colours, and the verdict of the judge on the true
pictures; for layers, alpha IoU and recomposition in dB. Seconds are processor time with loaded models, on one thread
by default.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from statistics import mean

import torch

from lab.nano import evaluation
from lab.nano.assembly import WEIGHTS, Pipelines, pipelines
from lab.nano.evaluation import DecompositionScore, Settings, Verdict
from lamina.cli.terminal_text import aligned


def main() -> None:
    options = _options()
    torch.set_num_threads(options.threads)
    verdicts: dict[str, list[Verdict]] = defaultdict(list)
    decompositions: dict[str, list[DecompositionScore]] = defaultdict(list)
    for case in _cases(pipelines(options.weights), options):
        print(json.dumps(asdict(case)), flush=True)
        if isinstance(case, Verdict):
            verdicts[case.kind].append(case)
            verdicts[case.kind.split()[0].rstrip(":")].append(case)
        else:
            decompositions[f"layers {case.things + 1}"].append(case)
            decompositions["layers"].append(case)
    print("\n".join(["", *_verdict_table(verdicts), "", *_decomposition_table(decompositions)]))


def _cases(made: Pipelines, options: argparse.Namespace) -> Iterator[Verdict | DecompositionScore]:
    def settings(default: Settings) -> Settings:
        return Settings(options.steps or default.steps, options.guidance or default.guidance)

    size, things = options.size, options.things
    for i, composition in enumerate(evaluation.generate_cases(options.generate, options.seed, size, things)):
        yield evaluation.generated(made, composition, i, settings(evaluation.GENERATE))
    for i, edit in enumerate(evaluation.edit_cases(options.edit, options.seed, size)):
        yield evaluation.edited(made, edit, i, settings(evaluation.EDIT))
    for i, composition in enumerate(evaluation.decompose_cases(options.decompose, options.seed, size=size)):
        caption = evaluation.UNGUIDED if options.no_captions else None
        yield evaluation.decomposed(made, composition, i, settings(evaluation.DECOMPOSE), caption)


def _verdict_table(verdicts: dict[str, list[Verdict]]) -> list[str]:
    rows = [["", "cases", "right", "colours", "judge on truth", "seconds"]]
    for kind, cases in sorted(verdicts.items()):
        colours = [case.are_colours_right for case in cases if case.are_colours_right is not None]
        right, judge = mean(case.is_right for case in cases), mean(case.is_judged_on_truth for case in cases)
        shares = [f"{right:.0%}", f"{mean(colours):.0%}" if colours else "", f"{judge:.0%}"]
        rows.append([kind, str(len(cases)), *shares, f"{mean(case.seconds for case in cases):.2f}"])
    return aligned(rows, [False, *[True] * (len(rows[0]) - 1)])


def _decomposition_table(decompositions: dict[str, list[DecompositionScore]]) -> list[str]:
    rows = [["", "cases", "alpha IoU", "any order", "recomposition dB", "seconds"]]
    for kind, cases in sorted(decompositions.items()):
        with_things = [case for case in cases if case.things] or cases
        iou, best = mean(x.iou for x in with_things), mean(x.best_iou for x in with_things)
        decibels, seconds = mean(x.recomposition_db for x in cases), mean(x.seconds for x in cases)
        rows.append([kind, str(len(cases)), f"{iou:.3f}", f"{best:.3f}", f"{decibels:.1f}", f"{seconds:.2f}"])
    return aligned(rows, [False, *[True] * (len(rows[0]) - 1)])


def _size(text: str) -> evaluation.Size:
    width, _, height = text.partition("x")
    size = int(width), int(height or width)
    if any(side < 16 or side % 16 for side in size):
        raise argparse.ArgumentTypeError(f"{text}: sides must be multiples of 16 px")
    return size


def _things(text: str) -> tuple[int, ...]:
    counts = tuple(int(count) for count in text.split(","))
    if not set(counts) <= {0, 1, 2, 3}:
        raise argparse.ArgumentTypeError(f"{text}: a caption has 0 to 3 things")
    return counts


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generate", type=int, default=200, help="number of captions (200)")
    parser.add_argument("--edit", type=int, default=100, help="number of edits (100)")
    parser.add_argument("--decompose", type=int, default=100, help="number of compositions to decompose (100)")
    parser.add_argument("--no-captions", action="store_true", help="decompose without a caption")
    parser.add_argument("--steps", type=int, help="number of steps (depends on the task)")
    parser.add_argument("--guidance", type=float, help="guidance scale, 1 for none (depends on the task)")
    parser.add_argument(
        "--size",
        type=_size,
        default="64",
        help="size of the pictures, such as 128 or 160x96, in multiples of 16 px (64)",
    )
    parser.add_argument("--things", type=_things, default="1,2", help="numbers of things in the captions, 0 to 3 (1,2)")
    parser.add_argument(
        "--threads", type=int, default=1, help="number of threads; with more than one, seconds are elapsed time (1)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the compositions (0)")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="folder of weights (those of the package)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
