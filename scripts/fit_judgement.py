"""Fits how candidates for layers are judged (merit.json and pairs.json of the classic engine) on measured designs.

    PYTHONPATH=. python -m lab.compositions out/compositions --count 1500
    PYTHONPATH=. python -m lab.judgement.collect out/composed --designs out/compositions
    PYTHONPATH=. python -m lab.judgement.collect out/drawn --posters 60
    PYTHONPATH=. python -m lab.judgement.collect out/real --designs ../designs --part tuning
    PYTHONPATH=. python scripts/fit_judgement.py out/composed out/{drawn,drawn,drawn,drawn,drawn} out/{real,real,real}

A folder that is named several times counts as often, as here, where there are few cases of its kind. Nothing that is
used to check the engine may be in a folder. Prints, for a tenth of the cases that the fit has not seen, the mean IoU of
the true layers with what is chosen, and with the best candidates.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lab.fitted_files import save_networks
from lab.judgement.cases import Case, chosen_ious, load_case
from lab.judgement.fitting import fit_merits, fit_pairs, pair_values
from lamina.engines.classic.arrangement import rank
from lamina.engines.classic.candidate_features import MEASURES
from lamina.engines.classic.fitted_networks import FittedNetworks
from lamina.engines.classic.judgement import worth_of
from lamina.engines.classic.selection import select_visible

_LIMIT = 9
_CHECK_EVERY = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=Path, nargs="+", help="folder of cases; may be repeated")
    parser.add_argument("--only-check", action="store_true", help="fit on nine tenths and do not store the fit")
    options = parser.parse_args()
    cases = [load_case(path) for folder in options.cases for path in sorted(folder.glob("*.npz"))]
    cases = [case for case in cases if len(case.values) and len(case.truths) and len(case.pairs)]
    order = np.random.default_rng(0).permutation(len(cases)).tolist()
    held_out = [cases[i] for i in order[::_CHECK_EVERY]]
    learned = [cases[i] for place, i in enumerate(order) if place % _CHECK_EVERY]
    merits, pairs = fit(learned)
    report(held_out, merits, pairs)
    if not options.only_check:
        merits, pairs = fit([cases[i] for i in order])
        save_networks(merits, "merit.json", significant)
        save_networks(pairs, "pairs.json", significant)


def fit(cases: Sequence[Case]) -> tuple[FittedNetworks, FittedNetworks]:
    """The networks of merits and of pairs. Pairs get the merits of networks that have not seen their case."""
    halves = cases[0::2], cases[1::2]
    foreign = [fit_merits(half) for half in halves[::-1]]
    merits = [networks.probabilities(c.values) for networks, half in zip(foreign, halves, strict=True) for c in half]
    return fit_merits(cases), fit_pairs([*halves[0], *halves[1]], merits)


def report(cases: Sequence[Case], merit_networks: FittedNetworks, pair_networks: FittedNetworks) -> None:
    chosen, possible = [], []
    for case in cases:
        is_thing = ~case.is_text
        if is_thing.any():
            merits = merit_networks.probabilities(case.values)
            retained = pair_networks.probabilities(pair_values(case, merits))
            worth = worth_of(merits, case.overlaps, [(int(a), int(b)) for a, b in case.pairs], retained)
            is_hull = case.values[:, MEASURES.index("is_hull")] > 0
            ranks = np.array([rank(int(a), bool(h)) for a, h in zip(case.masks.sum(1), is_hull, strict=True)])
            order = select_visible(worth, case.masks, ranks, _LIMIT)
            chosen.append(chosen_ious(case, order)[is_thing].mean())
            possible.append(case.ious.max(0)[is_thing].mean())
    print(f"{len(chosen)} cases: IoU {np.mean(chosen):.3f}, with the best candidates {np.mean(possible):.3f}")  # noqa: T201


def significant(value: float) -> float:
    """To four significant digits, which keeps the file small."""
    return float(f"{value:.4g}")


if __name__ == "__main__":
    main()
