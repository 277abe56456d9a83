"""Fits how partings are judged (src/lamina/engines/classic/parting.json) on drawn things.

    PYTHONPATH=. python scripts/fit_parting.py --scenes 7000

A scene is a thing, or two that overlap, drawn as on the posters (every other one through JPEG), or two plain shapes.
For every cut-out, each way to part it has a gain: how much the objects' intersection over union rises if it is taken.
A few small networks learn to choose by gain among the ways, and leaving the cut-out whole. Only seeds of 100000 and
above are used, which no evaluation uses. Takes about a quarter of an hour on two cores.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from lab.fitted_files import save_networks
from lab.posters.backgrounds import ground
from lab.posters.board import Board, NoRoomError
from lab.posters.colours import palette
from lab.posters.objects import cast, place_objects
from lamina.core.composite import composite
from lamina.core.layers import Layer, LayerKind, LayerStack
from lamina.engines.classic import splitting
from lamina.engines.classic.background import find_background, smooth_parts
from lamina.engines.classic.cutouts import MIN_SPLIT_SHARE, find_cutouts
from lamina.engines.classic.fitted_networks import Dense, FittedNetworks
from lamina.engines.classic.jpeg_artifacts import remove_jpeg_artifacts
from lamina.engines.classic.raster import lab
from lamina.engines.classic.regions import segment_patches
from lamina.engines.classic.split_features import MEASURES, measure_splits
from lamina.imaging.metrics import visible_alphas

FIRST_SEED = 300_000
PAIR_SHARE = 0.55
SHORT_SIDES_PX = (640, 768)  # of the posters that scenes are cut from
JPEG_QUALITIES = (75, 96)
LONE_WEIGHT = 2.9  # posters have 7 free things for 3 overlaps
GAIN_SCALE = 0.12  # gains this much apart are chosen between by a factor of e
COST_OF_PARTING = 0.05  # of IoU: a needless cut is worse than it measures
CLEAR_GAIN = 0.3  # IoU that a cut brings where two things overlap

NETWORKS, HIDDEN = 4, (32, 16)
EPOCHS, BATCH, RATE, DECAY = 40, 64, 4e-3, 1e-3


@dataclass
class Case:
    """One cut-out: the measures of each way to part it, the gain of each, and how much the case counts."""

    measures: NDArray[np.float64]
    gains: NDArray[np.float64]
    weight: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=7000)
    arguments = parser.parse_args()
    seeds = range(FIRST_SEED, FIRST_SEED + arguments.scenes)
    with ProcessPoolExecutor() as pool:
        cases = [case for one in pool.map(cases_of, seeds, chunksize=16) for case in one]
    held_out, learnt = cases[: len(cases) // 10], cases[len(cases) // 10 :]
    report("held out", fit(learnt), held_out)
    model = fit(cases)
    report("all", model, cases)
    save_networks(model, "parting.json", lambda value: round(value, 4))


def cases_of(seed: int) -> list[Case]:
    return [case for case in drawn_cases(seed) + plain_cases(seed) if np.isfinite(case.measures).all()]


def drawn_cases(seed: int) -> list[Case]:
    """The cut-outs that the engine finds in one scene."""
    truth = scene(seed)
    rgb = np.ascontiguousarray(composite(truth)[..., :3])
    is_jpeg = bool(seed // 2 % 2)
    if is_jpeg:
        rgb = remove_jpeg_artifacts(through_jpeg(rgb, int(np.random.default_rng(seed).integers(*JPEG_QUALITIES))))
    owner = np.argmax(np.stack(visible_alphas(truth)), 0).astype(np.int32)
    smooth = smooth_parts(rgb)
    background = find_background(rgb, lab(rgb), smooth, is_jpeg)
    cutouts, _ = find_cutouts(rgb, background, np.zeros(smooth.shape, bool), smooth)
    is_object = np.array([layer.kind is LayerKind.OBJECT for layer in truth])
    cases: list[Case] = []
    for label in range(1, len(cutouts)):
        window = cutouts.window(label)
        if cutouts.areas[label] >= MIN_SPLIT_SHARE * smooth.size:
            cutout = Cutout(rgb[window], smooth[window], owner[window], is_object, np.bincount(owner.ravel()))
            cases += cutout.cases(cutouts.labels[window] == label)
    return cases


def scene(seed: int) -> LayerStack:
    """One thing, or one that covers a part of another, on a flat ground or a gradient: a part of a poster."""
    rng = np.random.Generator(np.random.PCG64([seed, 101]))
    short, colours = int(rng.choice(SHORT_SIDES_PX)), palette(rng)
    side = round(0.62 * short)
    pairs = int(rng.uniform() < PAIR_SHARE)
    while True:
        behind = ground(rng, ("flat", "gradient")[seed % 2], side, side, colours)
        board = Board(Layer("Background", LayerKind.BACKGROUND, behind))
        try:
            place_objects(rng, board, cast(rng, 1 + pairs, colours, short), pairs, is_panel_bare=False)
        except NoRoomError:
            continue
        return board.stack()


def through_jpeg(rgb: NDArray, quality: int) -> NDArray:
    file = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(cv2.imdecode(file, cv2.IMREAD_COLOR)[..., ::-1])


@dataclass
class Cutout:
    """A window (h, w) of a scene: `owner`, the true layer that each pixel shows; `sizes`: of the whole layers."""

    rgb: NDArray
    smooth: NDArray
    owner: NDArray
    is_object: NDArray
    sizes: NDArray

    def cases(self, mask: NDArray, is_half: bool = False) -> list[Case]:
        """The ways to part `mask`, if there are any, and where things overlap those to part the two again."""
        patches = segment_patches(self.rgb, mask, self.smooth)
        ways = measure_splits(patches) if len(patches) > 1 else None
        if ways is None or not len(ways.sides):
            return []
        gains = self._gains(patches.labels, ways.sides)
        is_overlap = gains.max() > CLEAR_GAIN
        found = [Case(ways.measures, gains, 1.0 if is_overlap or is_half else LONE_WEIGHT)]
        if is_overlap and not is_half:
            first = splitting.assign_outline(patches, ways.sides[gains.argmax()])
            found += self.cases(mask & first, is_half=True) + self.cases(mask & ~first, is_half=True)
        return found

    def _gains(self, labels: NDArray, sides: NDArray) -> NDArray[np.float64]:
        """(m,): rise of the summed object IoU for each way to put the patches on two `sides` (m, n)."""
        count, layers = sides.shape[1], len(self.is_object)
        index = self.owner.astype(np.int64) * (count + 1) + labels
        shared = np.bincount(index.ravel(), minlength=layers * (count + 1)).reshape(layers, -1)[:, 1:]
        seen = np.flatnonzero(self.is_object & (shared.sum(1) > 0.03 * shared.sum()))
        if not len(seen):
            return -np.full(len(sides), 0.3)

        def total(parts: list[NDArray]) -> float:
            meet = np.stack([shared[seen] @ part for part in parts], 1)
            either = self.sizes[seen][:, None] + [shared.sum(0) @ part for part in parts] - meet
            overlap = meet / either
            return float(overlap[linear_sum_assignment(-overlap)].sum())

        whole = total([np.ones(count)])
        return np.array([total([side, ~side]) - whole for side in sides])


def plain_cases(seed: int) -> list[Case]:
    """Two plain shapes that overlap, in every third scene: posters have things of many colours only."""
    rng = np.random.default_rng(seed)
    if seed % 3:
        return []
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
    sizes = np.bincount(owner.ravel(), minlength=3)
    if sizes[1:].min() < 900 or cv2.connectedComponents((owner > 0).astype(np.uint8))[0] != 2:
        return []
    if np.abs(colours[1] - colours[2]).max() < 40 or np.abs(colours[1:] - 250).max(1).min() < 40:
        return []
    is_object = np.array([False, True, True])
    return Cutout(rgb, smooth_parts(rgb), owner.astype(np.int32), is_object, sizes).cases(owner > 0)


def shape(rng: np.random.Generator) -> NDArray[np.float64]:
    """The corners of a disc, rectangle, polygon or star of radius about 1."""
    kind, turn = rng.integers(4), rng.uniform(0, 2 * np.pi)
    count = (48, 4, int(rng.integers(3, 8)), 10)[kind]
    radius = np.where(np.arange(count) % 2, 0.5, 1.1) if kind == 3 else np.ones(count)
    angles = turn + np.arange(count) * 2 * np.pi / count
    return np.stack([radius * np.cos(angles), radius * np.sin(angles)], 1) * rng.uniform(0.7, 1, 2)


def fit(cases: list[Case]) -> FittedNetworks:
    """The networks that maximise the likelihood of choosing by gain."""
    everything = np.concatenate([case.measures for case in cases])
    mean, scale = everything.mean(0), np.maximum(everything.std(0), 1e-6)
    inputs = [np.clip((case.measures - mean) / scale, -4, 4) for case in cases]
    networks = tuple(trained(inputs, cases, seed) for seed in range(NETWORKS))
    return FittedNetworks(MEASURES, mean, scale, networks)


def trained(inputs: list[NDArray], cases: list[Case], seed: int) -> tuple[Dense, ...]:
    """One network, by Adam on a conditional logit: the ways of a case, and none at merit 0, share a chance of 1."""
    rng = np.random.default_rng(seed)
    sizes = (len(MEASURES), *HIDDEN, 1)
    weights = [rng.normal(0, np.sqrt(2 / a), (a, b)) for a, b in pairwise(sizes)]
    weights[-1] *= 0.1
    values = weights + [np.zeros(b) for b in sizes[1:]]
    moments = [(np.zeros_like(value), np.zeros_like(value)) for value in values]
    examples = [(own, wishes(case), case.weight) for own, case in zip(inputs, cases, strict=True)]
    batches = len(cases) // BATCH
    for step in range(EPOCHS * batches):
        if step % batches == 0:
            order = rng.permutation(len(cases))
        batch = [examples[i] for i in order[step % batches * BATCH :][:BATCH]]
        rate = RATE * (1 + np.cos(np.pi * step / (EPOCHS * batches))) / 2
        slopes = slopes_of(values, batch)
        for place, (value, slope, (first, second)) in enumerate(zip(values, slopes, moments, strict=True)):
            first += 0.1 * (slope - first)
            second += 0.001 * (slope**2 - second)
            way = first / (1 - 0.9 ** (step + 1)) / (np.sqrt(second / (1 - 0.999 ** (step + 1))) + 1e-8)
            value -= rate * (way + (DECAY * value if place < len(weights) else 0))
    return tuple(zip(values[: len(weights)], values[len(weights) :], strict=True))


def slopes_of(values: list[NDArray], batch: list[tuple[NDArray, NDArray, float]]) -> list[NDArray]:
    """The loss's slopes by the weights and biases in `values`; a batch of inputs, wishes and weights of cases."""
    inputs, wished, counts = zip(*batch, strict=True)
    depth = len(values) // 2
    lengths = [len(one) for one in inputs]
    starts, case = np.cumsum([0, *lengths[:-1]]), np.repeat(np.arange(len(inputs)), lengths)
    states = [np.concatenate(inputs)]
    for place in range(depth):
        state = states[-1] @ values[place] + values[depth + place]
        states.append(np.maximum(state, 0) if place < depth - 1 else state)
    merit = states[-1][:, 0]
    top = np.maximum(np.maximum.reduceat(merit, starts), 0)
    chance = np.exp(merit - top[case])
    total = np.add.reduceat(chance, starts) + np.exp(-top)
    slope = ((chance / total[case] - np.concatenate(wished)) * np.array(counts)[case] / len(inputs))[:, None]
    of_weights, of_biases = [], []
    for place in reversed(range(depth)):
        of_weights.insert(0, states[place].T @ slope)
        of_biases.insert(0, slope.sum(0))
        slope = (slope @ values[place].T) * (states[place] > 0)
    return of_weights + of_biases


def wishes(case: Case) -> NDArray[np.float64]:
    """How often each way ought to be chosen; leaving the cut-out whole takes the rest of 1."""
    merit = np.concatenate([[COST_OF_PARTING], case.gains]) / GAIN_SCALE
    share = np.exp(merit - merit.max())
    return (share / share.sum())[1:]


def report(name: str, model: FittedNetworks, cases: list[Case], least: float = 0.0) -> None:
    right = overlaps = needless = 0
    gained = possible = 0.0
    for case in cases:
        merits = model.outputs(case.measures)
        taken = float(case.gains[merits.argmax()]) if merits.max() > least else 0.0
        gained, possible = gained + case.weight * taken, possible + case.weight * max(0.0, float(case.gains.max()))
        if case.gains.max() > CLEAR_GAIN:
            overlaps += 1
            right += taken > 0.8 * case.gains.max()
        else:
            needless += taken < 0
    print(  # noqa: T201
        f"{name}: {len(cases)} cut-outs, {right} of {overlaps} overlaps parted rightly; {needless} of "
        f"{len(cases) - overlaps} others cut needlessly; IoU gained {gained:.1f} of {possible:.1f}"
    )


if __name__ == "__main__":
    main()
