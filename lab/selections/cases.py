"""Measures what boxes and points of a design with known layers may mean, on which the choice is fitted."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.evaluation.designs import Design
from lab.selections.prompts import prompts_for
from lamina.engines.classic.candidate_features import MEASURES
from lamina.engines.classic.observation import Observation
from lamina.engines.classic.selection_features import PoolMeasures
from lamina.engines.classic.thing_finder import ThingFinder
from lamina.imaging.metrics import visible_alphas

Mask = NDArray[np.bool_]

_MIN_VISIBLE_PX = 30
_ARRAYS = tuple(field.name for field in fields(PoolMeasures) if field.name != "is_point")


@dataclass(frozen=True, eq=False, kw_only=True)
class PromptCase:
    """The outlines that one box or point may mean. `ious` (n,): of each with the visible pixels of the true layer."""

    measures: PoolMeasures
    is_exact: bool
    ious: NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class SelectionCase:
    """The prompts of one design. `values` (c, k): of all its candidates for layers; `best` (c,): the largest
    intersection over union of each with a true layer.
    """

    name: str
    author: str
    values: NDArray[np.float64]
    best: NDArray[np.float64]
    prompts: tuple[PromptCase, ...]

    def save(self, path: Path) -> None:
        stored: dict[str, NDArray[np.generic]] = {
            "author": np.array(self.author),
            "values": self.values.astype(np.float32),
            "best": self.best.astype(np.float32),
            "is_point": np.array([prompt.measures.is_point for prompt in self.prompts], bool),
            "is_exact": np.array([prompt.is_exact for prompt in self.prompts], bool),
        }
        for number, prompt in enumerate(self.prompts):
            stored[f"ious_{number}"] = prompt.ious.astype(np.float32)
            for name in _ARRAYS:
                array = getattr(prompt.measures, name)
                stored[f"{name}_{number}"] = array.astype(np.float32) if array.dtype.kind == "f" else array
        np.savez_compressed(path, **stored)  # pyright: ignore[reportArgumentType]


def load_case(path: Path) -> SelectionCase:
    stored = np.load(path)
    prompts = tuple(
        PromptCase(
            measures=PoolMeasures(is_point=is_point, **{name: stored[f"{name}_{number}"] for name in _ARRAYS}),
            is_exact=is_exact,
            ious=stored[f"ious_{number}"],
        )
        for number, (is_point, is_exact) in enumerate(
            zip(stored["is_point"].tolist(), stored["is_exact"].tolist(), strict=True)
        )
    )
    return SelectionCase(
        name=path.stem,
        author=str(stored["author"]),
        values=stored["values"],
        best=stored["best"],
        prompts=prompts,
    )


def case_of(design: Design, seen: Observation, random: np.random.Generator, limit: int | None = None) -> SelectionCase:
    """The case of a design that was observed. `limit`: on the number of layers that are selected, chosen by chance."""
    finder = ThingFinder(seen)
    visible = list(visible_masks(design, seen.smooth.shape))
    values, best = np.zeros((0, len(MEASURES))), np.zeros(0)
    if finder.candidates:
        values = finder.measurer.candidate_values()
        outlines = [candidate.full() for candidate in finder.candidates]
        best = np.array([max((iou(outline, mask) for mask in visible), default=0.0) for outline in outlines])
    chosen = [visible[index] for index in random.permutation(len(visible))[:limit].tolist()]
    prompts = tuple(prompt for mask in chosen for prompt in _prompts(finder, mask, random))
    return SelectionCase(name=design.name, author=design.author, values=values, best=best, prompts=prompts)


def visible_masks(design: Design, shape: tuple[int, ...]) -> Iterator[Mask]:
    """(h, w) each: the visible pixels of the layers but the background at the working size, if they are enough."""
    for alpha in visible_alphas(design.truth)[1:]:
        mask = np.asarray(cv2.resize(alpha, shape[1::-1], interpolation=cv2.INTER_AREA)) > 0.5
        if np.count_nonzero(mask) >= _MIN_VISIBLE_PX:
            yield mask


def iou(first: Mask, second: Mask) -> float:
    """The intersection over union of two masks (h, w)."""
    return float(np.count_nonzero(first & second) / max(1, np.count_nonzero(first | second)))


def _prompts(finder: ThingFinder, mask: Mask, random: np.random.Generator) -> Iterator[PromptCase]:
    for prompt in prompts_for(mask, random):
        pool = finder.pool_at(prompt.place)
        if pool.outlines:
            yield PromptCase(
                measures=finder.measurer.measured(pool),
                is_exact=prompt.is_exact,
                ious=np.array([iou(outline.candidate.full(), mask) for outline in pool.outlines]),
            )
