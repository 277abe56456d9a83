"""Plans the layers of an image: chooses the candidates and the blocks of text within the limit, and names them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.core.selections import Place, Selection
from lamina.core.tasks import MAX_LAYERS
from lamina.engines.classic.arrangement import arrange
from lamina.engines.classic.atoms import find_atoms
from lamina.engines.classic.candidate_features import Measured, measure
from lamina.engines.classic.candidates import (
    Candidate,
    Source,
    candidate_of,
    collect_candidates,
    is_detail,
)
from lamina.engines.classic.illustration_things import choose_illustration_things
from lamina.engines.classic.judgement import judge, merits
from lamina.engines.classic.naming import named
from lamina.engines.classic.observation import Observation
from lamina.engines.classic.parts import with_parts
from lamina.engines.classic.photo_things import found_in_photo
from lamina.engines.classic.selected_things import Selected, apart_from, select_things
from lamina.engines.classic.selection import select_visible
from lamina.engines.classic.solve import Element
from lamina.engines.classic.text_blocks import TextBlock, text_blocks
from lamina.engines.classic.thing_finder import ThingFinder
from lamina.engines.classic.things import rank
from lamina.engines.segmentation.model_files import ModelFileError
from lamina.engines.segmentation.networks import installed_networks

_SUBJECT_ONLY = "This looks like a photograph: only its main subject was separated from the background."
_NO_SUBJECT = "This looks like a photograph without a distinct subject: it was kept as one layer."
_MIN_ILLUSTRATION_PX = 64  # shorter side: in smaller pictures, networks see no things
_MIN_EXPLAINED_SHARE = 0.4  # of the foreground, by candidates alone


class Scope(StrEnum):
    """What becomes layers: the things that are worth most (flat), these and their parts, or all that is seen."""

    FLAT = "flat"
    CHOSEN = "chosen"
    ALL = "all"


@dataclass(frozen=True, eq=False)
class Plan:
    """`elements`: the layers without the background, front first. `notes`: for the user."""

    elements: list[Element]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Choice:
    """`things`: the most valuable first. `is_scene`: the background is no surface, but a part of a scene."""

    things: list[Candidate]
    notes: tuple[str, ...] = ()
    is_scene: bool = False


def plan_layers(
    seen: Observation,
    limit: int,
    models: Path | None = None,
    selections: Sequence[Selection] = (),
    exclusions: Sequence[Place] = (),
    scope: Scope = Scope.FLAT,
) -> Plan:
    """At most `limit` layers in front of the background, those of the selections first; unless the `scope` is flat,
    as many as a stack may have, which can be folded into `limit` groups.

    `models`: folder where larger networks may be installed. `selections` (at most `limit`) and `exclusions` are in
    pixels of the working size.
    """
    finder = ThingFinder(seen, exclusions) if selections else None
    selected = Selected() if finder is None else select_things(finder, selections)
    total = MAX_LAYERS - 1 if limit and scope is not Scope.FLAT else limit
    others = total - selected.count
    lines = [line for index, line in enumerate(seen.lettering) if index not in selected.lines]
    blocks = [TextBlock(tuple(lines[index] for index in block)) for block in text_blocks(lines)]
    if seen.is_photo:
        choice = _photo_things(seen, limit - selected.count, models)
    else:
        choice = _designed_things(seen, finder, others, limit - selected.count, scope)
    things, blocks = _within(others, apart_from(selected, choice.things), blocks)
    subject = things[0].full() if seen.is_photo and things and not selected.things else None
    elements = arrange(
        seen,
        [*selected.things, *things],
        [*selected.blocks, *blocks],
        total,
        is_scene=choice.is_scene,
        is_flat=scope is Scope.FLAT,
    )
    return Plan(named(elements, subject), (*selected.notes, *choice.notes))


def _designed_things(
    seen: Observation, finder: ThingFinder | None, limit: int, top_limit: int, scope: Scope
) -> _Choice:
    """The candidates that are worth most together; in an illustration that they explain badly, what networks see.

    `finder`: has the candidates already. `top_limit`: of the outermost things, if not all that is seen is wanted, and
    of what networks see, which gets worse with every thing.
    """
    if limit <= 0:
        return _Choice([])
    atoms = find_atoms(seen) if finder is None else finder.atoms
    candidates = collect_candidates(seen, atoms) if finder is None else finder.candidates
    if not candidates:
        return _Choice([])
    measured = measure(seen, atoms, candidates)
    expected = merits(measured)
    count = limit if scope is Scope.ALL else top_limit
    best = _most_valuable(seen, candidates, measured, expected, count)
    things = [candidates[index] for index in best]
    is_tiny = min(seen.smooth.shape) < _MIN_ILLUSTRATION_PX
    if is_tiny or _explained_share(seen, things, expected[best].tolist()) >= _MIN_EXPLAINED_SHARE:
        if scope is not Scope.FLAT:
            things = with_parts(candidates, measured.overlaps, expected, best, limit=limit, has_all=scope is Scope.ALL)
        return _Choice(things)
    ordered = [candidates[index] for index in np.argsort(-expected, kind="stable").tolist()]
    try:
        things = choose_illustration_things(seen, atoms, ordered, top_limit)
    except ModelFileError as error:
        return _Choice(things, (f"{error} Illustrations are separated less well without it; install Lamina again.",))
    return _Choice(things, is_scene=not seen.background.is_smooth)


def _most_valuable(
    seen: Observation, candidates: list[Candidate], measured: Measured, expected: NDArray[np.floating[Any]], limit: int
) -> list[int]:
    """The indices of the candidates that are worth most together, the most valuable first."""
    is_eligible = np.array([not is_detail(seen, candidate) for candidate in candidates])
    worth = judge(measured, expected, candidates, is_eligible)
    ranks = np.array([rank(candidate.area, candidate.is_hull) for candidate in candidates])
    chosen = select_visible(worth, measured.overlaps.masks, ranks, limit)
    return sorted(chosen, key=lambda index: -worth.own[index])


def _explained_share(seen: Observation, things: list[Candidate], merits: list[float]) -> float:
    """Share 0..1 of the foreground that the layers are expected to show as a person would separate it."""
    explained = np.zeros(seen.smooth.shape, np.float32)
    for thing, merit in sorted(zip(things, merits, strict=True), key=lambda pair: -rank(pair[0].area, pair[0].is_hull)):
        explained[thing.window][thing.mask] = merit
    front = ~(seen.background.mask | seen.text) | (explained > 0)
    return float(explained.sum()) / max(1, int(np.count_nonzero(front)))


def _photo_things(seen: Observation, limit: int, models: Path | None) -> _Choice:
    masks, notes = found_in_photo(seen.rgb, limit, installed_networks(models))
    if not masks:
        notes = (*notes, _NO_SUBJECT)
    elif len(masks) == 1:
        notes = (*notes, _SUBJECT_ONLY)
    return _Choice([candidate_of(mask, Source.CUTOUT) for mask in masks], notes, is_scene=True)


def _within(limit: int, chosen: list[Candidate], blocks: list[TextBlock]) -> tuple[list[Candidate], list[TextBlock]]:
    """Both together within the limit: text gets what things leave, at least half; the smallest blocks are joined."""
    if limit <= 0:
        return [], []
    blocks = sorted(blocks, key=lambda block: -block.area)
    places = max(limit - len(chosen), (limit + 1) // 2)
    while len(blocks) > max(1, places):
        blocks[-2:] = [TextBlock(blocks[-2].lines + blocks[-1].lines)]
    return chosen[: limit - len(blocks)], blocks
