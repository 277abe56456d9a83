"""Measures the candidates of designs with known layers, on which the judgement of candidates is fitted."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.evaluation.assignment import best_assignment
from lab.evaluation.designs import Design
from lamina.core.layers import LayerKind, LayerStack
from lamina.engines.classic.atoms import find_atoms
from lamina.engines.classic.candidate_features import Overlaps, measure, overlaps_of
from lamina.engines.classic.candidates import collect_candidates, reduced_shape
from lamina.engines.classic.observation import Observation
from lamina.engines.classic.pair_features import measure_pairs, overlapping_pairs
from lamina.imaging.metrics import canvas_alpha, visible_alphas

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Case:
    """The candidates of one design.

    `values` (n, k): as measured. `ious` (n, m): of each candidate with each true layer but the background, the larger
    one of its visible and its whole alpha. `pairs` (p, 2) and `pair_values` (p, l), measured with merits of 0.
    `masks` (n, pixels) and `truths` (m, pixels): visible alphas at a quarter of the size. `is_text` (m,).
    """

    name: str
    values: Floats
    ious: Floats
    pairs: NDArray[np.int64]
    pair_values: Floats
    masks: NDArray[np.bool_]
    truths: Floats
    is_text: NDArray[np.bool_]

    @property
    def best(self) -> Floats:
        """(n,): the largest IoU of each candidate with a true layer."""
        return self.ious.max(1, initial=0.0)

    @property
    def retained(self) -> Floats:
        """(p,): the gain of a pair over its better candidate alone, as a share of the other one's IoU.

        1 if they are two different true layers, 0 if they compete for one.
        """
        out = np.zeros(len(self.pairs))
        for row, (first, second) in enumerate(self.pairs.tolist()):
            one, other = self.ious[first], self.ious[second]
            both = one[:, None] + other[None]
            np.fill_diagonal(both, 0)
            most = max(one.max(initial=0), other.max(initial=0))
            least = min(one.max(initial=0), other.max(initial=0))
            out[row] = np.clip((both.max(initial=0) - most) / max(least, 1e-6), 0, 1)
        return out

    @property
    def overlaps(self) -> Overlaps:
        return overlaps_of(self.masks)

    def save(self, path: Path) -> None:
        np.savez_compressed(
            path,
            values=self.values.astype(np.float32),
            ious=self.ious.astype(np.float32),
            pairs=self.pairs,
            pair_values=self.pair_values.astype(np.float32),
            masks=np.packbits(self.masks, axis=1),
            pixels=self.masks.shape[1],
            truths=np.rint(self.truths * 255).astype(np.uint8),
            is_text=self.is_text,
        )


def load_case(path: Path) -> Case:
    stored = np.load(path)
    return Case(
        name=path.stem,
        values=stored["values"],
        ious=stored["ious"],
        pairs=stored["pairs"],
        pair_values=stored["pair_values"],
        masks=np.unpackbits(stored["masks"], axis=1, count=int(stored["pixels"])).view(bool),
        truths=stored["truths"].astype(np.float32) / 255,
        is_text=stored["is_text"],
    )


def case_of(design: Design, seen: Observation) -> Case:
    """The case of a design that was observed."""
    atoms = find_atoms(seen)
    candidates = collect_candidates(seen, atoms)
    measured = measure(seen, atoms, candidates)
    pairs = overlapping_pairs(measured.overlaps)
    pair_values = measure_pairs(measured, np.zeros(len(candidates)), pairs, candidates)
    visible, whole = _reduced(design.truth, seen.smooth.shape)
    masks = measured.overlaps.masks
    return Case(
        name=design.name,
        values=measured.values,
        ious=np.maximum(_ious(masks, visible), _ious(masks, whole)),
        pairs=np.array(pairs, np.int64).reshape(-1, 2),
        pair_values=pair_values,
        masks=masks,
        truths=visible,
        is_text=np.array([layer.kind is LayerKind.TEXT for layer in design.truth.layers[1:]], bool),
    )


def chosen_ious(case: Case, order: Sequence[int]) -> Floats:
    """(m,): of each true layer, the IoU with the chosen candidate assigned to it. `order`: the chosen, front first."""
    if not len(case.truths):
        return np.zeros(0)
    taken = np.zeros(case.masks.shape[1], bool)
    found: list[NDArray[np.float32]] = []
    for index in order:
        found.append((case.masks[index] & ~taken).astype(np.float32))
        taken |= case.masks[index]
    if not found:
        return np.zeros(len(case.truths))
    masks = np.array(found)
    shared = masks @ case.truths.T
    ious = shared / np.maximum(masks.sum(1)[:, None] + case.truths.sum(1) - shared, 1e-6)
    assigned = best_assignment(ious.T.astype(np.float64))
    return np.array([ious[column, row] if column >= 0 else 0.0 for row, column in enumerate(assigned)])


def _ious(masks: NDArray[np.bool_], truths: Floats) -> Floats:
    own = masks.astype(np.float32)
    shared = own @ truths.T
    return shared / np.maximum(own.sum(1)[:, None] + truths.sum(1) - shared, 1e-6)


def _reduced(truth: LayerStack, shape: tuple[int, ...]) -> tuple[Floats, Floats]:
    """(m, pixels) each: visible and whole alphas of the layers but the background."""
    rows, columns = reduced_shape(shape)

    def reduce(alpha: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.resize(alpha, (columns, rows), interpolation=cv2.INTER_AREA), np.float32).ravel()

    pixels = rows * columns
    visible = [reduce(alpha) for alpha in visible_alphas(truth)[1:]]
    whole = [reduce(canvas_alpha(layer, truth)) for layer in truth.layers[1:]]
    return np.array(visible, np.float32).reshape(-1, pixels), np.array(whole, np.float32).reshape(-1, pixels)
