"""How well does nano, the tiny model that comes with Lamina, do what it is asked, on what it was never taught?

    scripts/bench nano
    scripts/bench nano --generate 20 --edit 0 --decompose 20
    scripts/bench nano --size 160x96 --things 3

Captions of one or two things, edits of every kind, and stacks of one to four layers, all at 64 px or another size,
through diffusers' own pipelines, without any finishing pass. Prints a line of JSON for every case and, last, a table:
the share that was right, that whose colours alone were, and what the judge says of the true pictures; for layers, alpha
IoU and recomposition in dB; seconds of processor time, models loaded, on one thread if not told otherwise.
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
from lab.nano.evaluation import Apart, Settings, Verdict
from lamina.cli.terminal_text import aligned


def main() -> None:
    options = _options()
    torch.set_num_threads(options.threads)
    verdicts: dict[str, list[Verdict]] = defaultdict(list)
    apart: dict[str, list[Apart]] = defaultdict(list)
    for case in _cases(pipelines(options.weights), options):
        print(json.dumps(asdict(case)), flush=True)
        if isinstance(case, Verdict):
            verdicts[case.kind].append(case)
            verdicts[case.kind.split()[0].rstrip(":")].append(case)
        else:
            apart[f"layers {case.things + 1}"].append(case)
            apart["layers"].append(case)
    print("\n".join(["", *_verdict_table(verdicts), "", *_apart_table(apart)]))


def _cases(made: Pipelines, options: argparse.Namespace) -> Iterator[Verdict | Apart]:
    def asked(default: Settings) -> Settings:
        return Settings(options.steps or default.steps, options.guidance or default.guidance)

    size, things = options.size, options.things
    for i, composition in enumerate(evaluation.generate_cases(options.generate, options.seed, size, things)):
        yield evaluation.generated(made, composition, i, asked(evaluation.GENERATE))
    for i, edit in enumerate(evaluation.edit_cases(options.edit, options.seed, size)):
        yield evaluation.edited(made, edit, i, asked(evaluation.EDIT))
    for i, composition in enumerate(evaluation.decompose_cases(options.decompose, options.seed, size=size)):
        caption = evaluation.UNGUIDED if options.no_captions else None
        yield evaluation.taken_apart(made, composition, i, asked(evaluation.DECOMPOSE), caption)


def _verdict_table(verdicts: dict[str, list[Verdict]]) -> list[str]:
    rows = [["", "cases", "right", "colours", "judge on truth", "seconds"]]
    for kind, cases in sorted(verdicts.items()):
        told = [case.are_colours_right for case in cases if case.are_colours_right is not None]
        right, judge = mean(case.is_right for case in cases), mean(case.is_judged_on_truth for case in cases)
        shares = [f"{right:.0%}", f"{mean(told):.0%}" if told else "", f"{judge:.0%}"]
        rows.append([kind, str(len(cases)), *shares, f"{mean(case.seconds for case in cases):.2f}"])
    return aligned(rows, [False, *[True] * (len(rows[0]) - 1)])


def _apart_table(apart: dict[str, list[Apart]]) -> list[str]:
    rows = [["", "cases", "alpha IoU", "any order", "recomposition dB", "seconds"]]
    for kind, cases in sorted(apart.items()):
        with_things = [case for case in cases if case.things] or cases
        iou, best = mean(x.iou for x in with_things), mean(x.best_iou for x in with_things)
        decibels, seconds = mean(x.recomposition_db for x in cases), mean(x.seconds for x in cases)
        rows.append([kind, str(len(cases)), f"{iou:.3f}", f"{best:.3f}", f"{decibels:.1f}", f"{seconds:.2f}"])
    return aligned(rows, [False, *[True] * (len(rows[0]) - 1)])


def _size(text: str) -> evaluation.Size:
    width, _, height = text.partition("x")
    size = int(width), int(height or width)
    if any(side < 16 or side % 16 for side in size):
        raise argparse.ArgumentTypeError(f"{text}: sides are multiples of 16 px")
    return size


def _things(text: str) -> tuple[int, ...]:
    counts = tuple(int(count) for count in text.split(","))
    if not set(counts) <= {0, 1, 2, 3}:
        raise argparse.ArgumentTypeError(f"{text}: 0 to 3 things fit in a caption")
    return counts


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generate", type=int, default=200, help="captions (200)")
    parser.add_argument("--edit", type=int, default=100, help="edits (100)")
    parser.add_argument("--decompose", type=int, default=100, help="compositions to take apart (100)")
    parser.add_argument("--no-captions", action="store_true", help="take apart without saying what there is")
    parser.add_argument("--steps", type=int, help="instead of each task's own")
    parser.add_argument("--guidance", type=float, help="instead of each task's own; 1 is none")
    parser.add_argument("--size", type=_size, default="64", help="of the pictures: 128, 160x96; steps of 16 px (64)")
    parser.add_argument("--things", type=_things, default="1,2", help="in the captions, by turns; 0 to 3 (1,2)")
    parser.add_argument("--threads", type=int, default=1, help="with more than one, the seconds are the clock's (1)")
    parser.add_argument("--seed", type=int, default=0, help="other compositions (0)")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="a folder of weights (the package's own)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
