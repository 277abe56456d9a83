"""Fits how boxes and points are understood (box_choice.json and point_choice.json of the classic engine).

    PYTHONPATH=. python -m lab.compositions out/compositions --count 300 --first-seed 20000
    PYTHONPATH=. python -m lab.selections.collect out/selected --designs out/compositions --limit 4
    PYTHONPATH=. python -m lab.selections.collect out/selected-real --designs ../designs --part tuning
    PYTHONPATH=. python scripts/fit_selections.py out/selected --judged out/selected-real

merit.json must not have been fitted on the designs of the first folder; those of `--judged` are its own, so that their
merits are predicted again by networks that have not seen their author. They count three times. Nothing that is used to
check the engine may be in a folder. `--only-check` prints, for the authors of `--judged`, the mean intersection over
union of what is chosen by networks that have not seen the author, and of the best outlines, and stores nothing.
"""

import argparse
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from lab.fitted_files import save_networks
from lab.judgement.fitting import fit_merits_of
from lab.selections.cases import SelectionCase, load_case
from lab.selections.fitting import Choice, fit_choices
from lamina.engines.classic.candidate_features import MEASURES
from lamina.engines.classic.fitted_networks import FittedNetworks, load_networks
from lamina.engines.classic.selection_choice import NETWORK_FILES
from lamina.engines.classic.selection_features import measures_of

_FOLDS = 4
_WEIGHT = 3.0  # of real designs
_WAYS = {False: "box", True: "point"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=Path, help="folder of cases that merit.json has not seen")
    parser.add_argument("--judged", type=Path, required=True, help="folder of cases on which merit.json was fitted")
    parser.add_argument("--only-check", action="store_true", help="print the cross-validation and store nothing")
    options = parser.parse_args()
    composed, real = _cases(options.cases), _cases(options.judged)
    folds = _folds(real)
    merits = [_foreign_merits([*composed[::2], *_others(folds, fold)]) for fold in folds]
    shipped = load_networks("merit.json", MEASURES)
    for is_point in _WAYS:
        unseen = _choices(composed, shipped, 1.0, is_point=is_point)
        judged = [
            _choices(fold, networks, _WEIGHT, is_point=is_point) for fold, networks in zip(folds, merits, strict=True)
        ]
        if options.only_check:
            _check(unseen, judged, is_point=is_point)
        else:
            fitted = fit_choices(measures_of(is_point=is_point), [*unseen, *chain.from_iterable(judged)])
            save_networks(fitted, NETWORK_FILES[is_point], _significant)


def _cases(folder: Path) -> list[SelectionCase]:
    return [load_case(path) for path in sorted(folder.glob("*.npz"))]


def _folds(cases: Sequence[SelectionCase]) -> list[list[SelectionCase]]:
    """About equal parts of the cases, each author in one of them."""
    by_author: dict[str, list[SelectionCase]] = {}
    for case in cases:
        by_author.setdefault(case.author, []).append(case)
    folds: list[list[SelectionCase]] = [[] for _ in range(_FOLDS)]
    for own in sorted(by_author.values(), key=len, reverse=True):
        min(folds, key=len).extend(own)
    return [fold for fold in folds if fold]


def _others(folds: Sequence[list[SelectionCase]], fold: list[SelectionCase]) -> list[SelectionCase]:
    return [case for other in folds if other is not fold for case in other]


def _foreign_merits(cases: Sequence[SelectionCase]) -> FittedNetworks:
    return fit_merits_of([case.values for case in cases], [case.best for case in cases])


def _choices(cases: Sequence[SelectionCase], merits: FittedNetworks, weight: float, *, is_point: bool) -> list[Choice]:
    return [
        Choice(
            inputs=prompt.measures.inputs(np.asarray(merits.probabilities(prompt.measures.values), np.float64)),
            ious=prompt.ious,
            weight=weight,
        )
        for case in cases
        for prompt in case.prompts
        if prompt.measures.is_point == is_point
    ]


def _check(unseen: Sequence[Choice], folds: Sequence[list[Choice]], *, is_point: bool) -> None:
    chosen: list[float] = []
    best: list[float] = []
    for fold in folds:
        others = [choice for other in folds if other is not fold for choice in other]
        networks = fit_choices(measures_of(is_point=is_point), [*unseen, *others])
        chosen += [float(choice.ious[networks.outputs(choice.inputs).argmax()]) for choice in fold]
        best += [float(choice.ious.max()) for choice in fold]
    print(f"{_WAYS[is_point]}: IoU {np.mean(chosen):.3f}, of the best outlines {np.mean(best):.3f}")  # noqa: T201


def _significant(value: float) -> float:
    """To four significant digits, which keeps the files small."""
    return float(f"{value:.4g}")


if __name__ == "__main__":
    main()
