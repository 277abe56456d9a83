"""Fits how partings are judged (src/lamina/engine/classic/parting.json) on drawn posters.

    python scripts/fit_parting.py --posters 300

For every cut-out of every poster, each way to part it has a gain: how much the objects' intersection over union rises
if it is taken. A conditional logit over the ways, and over leaving the cut-out whole, learns to choose by gain. Only
seeds of 100000 and above are used, which no evaluation uses. Takes about ten minutes on two cores.
"""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment, minimize

import lamina.engine.classic.parting as parting
from lamina.core.composite import composite
from lamina.core.layers import LayerKind, LayerStack
from lamina.document.posters import poster
from lamina.engine.classic.background import find_background, smooth_parts
from lamina.engine.classic.gestalt import MEASURES, partings
from lamina.engine.classic.pieces import MIN_PARTED_SHARE, find_cutouts
from lamina.engine.classic.regions import patches_of

FIRST_SEED = 100_000
GAIN_SCALE = 0.12  # gains this much apart are chosen between by a factor of e
COST_OF_PARTING = 0.05  # of IoU: a needless cut is worse than it measures
RIDGE = 0.003


@dataclass
class Case:
    """One cut-out: the measures of each way to part it, and the gain of each."""

    seed: int
    measures: NDArray[np.float64]
    gains: NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posters", type=int, default=300)
    arguments = parser.parse_args()
    seeds = range(FIRST_SEED, FIRST_SEED + arguments.posters)
    with ProcessPoolExecutor() as pool:
        found = [*pool.map(cases_of, seeds, chunksize=4), *pool.map(plain_cases, seeds, chunksize=64)]
    cases = [case for one in found for case in one if np.isfinite(case.measures).all()]
    held_out = [index % 5 == 0 for index in range(len(cases))]
    learnt = [case for case, is_out in zip(cases, held_out, strict=True) if not is_out]
    report("held out", fit(learnt), [case for case, is_out in zip(cases, held_out, strict=True) if is_out])
    judgement = fit(cases)
    report("all", judgement, cases)
    save(judgement)


def cases_of(seed: int) -> list[Case]:
    """The cut-outs that the engine finds on one poster, where its text never was."""
    truth = poster(seed, ("flat", "gradient")[seed % 2]).stack
    bare = LayerStack(truth.width, truth.height, tuple(x for x in truth if x.kind is not LayerKind.TEXT))
    rgb = np.ascontiguousarray(composite(bare)[..., :3])
    text = np.zeros(rgb.shape[:2], bool)
    owner = np.zeros(rgb.shape[:2], np.int32)
    for number, layer in enumerate(bare):
        owner[layer.on_canvas(truth.width, truth.height)[..., 3] > 127] = number
    for layer in truth:
        if layer.kind is LayerKind.TEXT:
            text |= layer.on_canvas(truth.width, truth.height)[..., 3] > 127
    smooth = smooth_parts(rgb)
    cutouts, _ = find_cutouts(rgb, find_background(rgb, smooth), text, smooth)
    is_object = [layer.kind is LayerKind.OBJECT for layer in bare]
    cases: list[Case] = []
    for label in range(1, len(cutouts)):
        window = cutouts.window(label)
        if cutouts.areas[label] >= MIN_PARTED_SHARE * smooth.size:
            mask = cutouts.labels[window] == label
            cases += case_of(seed, rgb[window], mask, smooth[window], owner[window], is_object)
    return cases


def case_of(
    seed: int, rgb: NDArray, mask: NDArray, smooth: NDArray, owner: NDArray, is_object: list[bool]
) -> list[Case]:
    """One cut-out as a case, if there is any way to part it."""
    patches = patches_of(rgb, mask, smooth)
    ways = partings(patches) if len(patches) > 1 else None
    if ways is None or not len(ways.sides):
        return []
    things = [int(np.bincount(owner[patches.labels == patch]).argmax()) for patch in range(1, len(patches) + 1)]
    return [Case(seed, ways.measures, gains(np.array(things), patches.areas[1:], ways.sides, is_object))]


def plain_cases(seed: int) -> list[Case]:
    """Two plain shapes that overlap: posters have things of many colours only."""
    rng = np.random.default_rng(seed)
    owner = np.zeros((360, 420), np.uint8)
    size = rng.uniform(50, 90, 2)
    middle = np.array([[150.0, 180.0], [0, 0]])
    angle = rng.uniform(0, 2 * np.pi)
    middle[1] = middle[0] + rng.uniform(0.75, 1.25) * size.sum() * 0.8 * np.array([np.cos(angle), np.sin(angle)])
    for number in (1, 2):
        corners = shape(rng) * size[number - 1] + middle[number - 1]
        cv2.fillPoly(owner, [np.rint(corners).astype(np.int32)], number, cv2.LINE_8)
    colours = rng.integers(0, 256, (3, 3))
    colours[0] = 250
    rgb = cv2.GaussianBlur(colours.astype(np.uint8)[owner], (3, 3), 0)
    seen = np.bincount(owner.ravel(), minlength=3)[1:]
    if seen.min() < 900 or cv2.connectedComponents((owner > 0).astype(np.uint8))[0] != 2:
        return []
    if np.abs(colours[1] - colours[2]).max() < 40 or np.abs(colours[1:] - 250).max(1).min() < 40:
        return []
    return case_of(seed, rgb, owner > 0, smooth_parts(rgb), owner.astype(np.int32), [False, True, True])


def shape(rng: np.random.Generator) -> NDArray[np.float64]:
    """The corners of a disc, rectangle, polygon or star of radius about 1."""
    kind, turn = rng.integers(4), rng.uniform(0, 2 * np.pi)
    count = (48, 4, int(rng.integers(3, 8)), 10)[kind]
    radius = np.where(np.arange(count) % 2, 0.5, 1.1) if kind == 3 else np.ones(count)
    angles = turn + np.arange(count) * 2 * np.pi / count
    return np.stack([radius * np.cos(angles), radius * np.sin(angles)], 1) * rng.uniform(0.7, 1, 2)


def gains(things: NDArray, areas: NDArray, sides: NDArray, is_object: list[bool]) -> NDArray[np.float64]:
    """(m,): rise of the summed object IoU for each way; `things` (n,): the true thing of each patch."""
    true = [things == t for t in np.unique(things) if is_object[t] and areas[things == t].sum() > 0.03 * areas.sum()]
    if not true:
        return -np.full(len(sides), 0.3)

    def total(parts: list[NDArray]) -> float:
        overlap = np.array([[areas[p & t].sum() / areas[p | t].sum() for p in parts] for t in true])
        return float(overlap[linear_sum_assignment(-overlap)].sum())

    whole = total([np.ones(len(things), bool)])
    return np.array([total([side, ~side]) - whole for side in sides])


def fit(cases: list[Case]) -> parting.Judgement:
    """The judgement that maximises the likelihood of choosing by gain."""
    everything = np.concatenate([case.measures for case in cases])
    mean, scale = everything.mean(0), np.maximum(everything.std(0), 1e-6)
    upper = np.triu_indices(len(MEASURES))
    basis = terms(np.clip((everything - mean) / scale, -4, 4), upper)
    spread = np.maximum(basis.std(0), 1e-6)
    basis /= spread
    starts = np.cumsum([0] + [len(case.gains) for case in cases[:-1]])
    group = np.repeat(np.arange(len(cases)), [len(case.gains) for case in cases])
    wish = np.concatenate([wishes(case) for case in cases])

    def loss(weights: NDArray) -> tuple[float, NDArray]:
        merit = weights[0] + basis @ weights[1:]
        top = np.maximum(np.maximum.reduceat(merit, starts), 0)
        chance = np.exp(merit - top[group])
        total = np.add.reduceat(chance, starts) + np.exp(-top)
        error = chance / total[group] - wish
        ridge = RIDGE * len(cases)
        value = (top + np.log(total)).sum() - wish @ merit + ridge * (weights[1:] @ weights[1:]) / 2
        slope = np.concatenate([[error.sum()], basis.T @ error + ridge * weights[1:]])
        return value / len(cases), slope / len(cases)

    weights = minimize(loss, np.zeros(basis.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 1000}).x
    own = weights[1:] / spread
    quadratic = np.zeros((len(MEASURES), len(MEASURES)))
    quadratic[upper] = own[len(MEASURES) :]
    return parting.Judgement(mean, scale, float(weights[0]), own[: len(MEASURES)], quadratic)


def terms(x: NDArray, upper: tuple[NDArray, NDArray]) -> NDArray[np.float64]:
    return np.concatenate([x, x[:, upper[0]] * x[:, upper[1]]], 1)


def wishes(case: Case) -> NDArray[np.float64]:
    """How often each way ought to be chosen; leaving the cut-out whole takes the rest of 1."""
    merit = np.concatenate([[COST_OF_PARTING], case.gains]) / GAIN_SCALE
    share = np.exp(merit - merit.max())
    return (share / share.sum())[1:]


def report(name: str, judgement: parting.Judgement, cases: list[Case]) -> None:
    gained = possible = lost = 0.0
    right = of = 0
    for case in cases:
        merits = judgement.merits(case.measures)
        taken = float(case.gains[merits.argmax()]) if merits.max() > 0 else 0.0
        gained, lost = gained + max(0.0, taken), lost + min(0.0, taken)
        possible += max(0.0, float(case.gains.max()))
        if case.gains.max() > 0.3:
            of += 1
            right += taken > 0.8 * case.gains.max()
    print(  # noqa: T201
        f"{name}: {len(cases)} cut-outs, {right} of {of} overlaps parted rightly; "
        f"IoU gained {gained:.1f} of {possible:.1f}, lost {-lost:.1f} by needless cuts"
    )


def save(judgement: parting.Judgement) -> None:
    stored = {
        "measures": list(MEASURES),
        "bias": round(judgement.bias, 5),
        "mean": np.round(judgement.mean, 5).tolist(),
        "scale": np.round(judgement.scale, 5).tolist(),
        "linear": np.round(judgement.linear, 5).tolist(),
        "quadratic": np.round(judgement.quadratic, 5).tolist(),
    }
    path = Path(parting.__file__).with_name("parting.json")
    lines = [f'  "{key}": {json.dumps(value)}' for key, value in stored.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


if __name__ == "__main__":
    main()
