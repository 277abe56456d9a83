"""Plans the layers of an image: chooses the candidates and the blocks of text within the limit, and names them."""

from dataclasses import dataclass, replace

import numpy as np

from lamina.core.layers import LayerKind
from lamina.engines.classic.arrangement import arrange, rank, text_area, visible_samples
from lamina.engines.classic.atoms import find_atoms
from lamina.engines.classic.candidate_features import measure
from lamina.engines.classic.candidates import Candidate, Source, candidate_of, collect_candidates, is_detail
from lamina.engines.classic.judgement import judge
from lamina.engines.classic.lettering import Lettering
from lamina.engines.classic.naming import numbered, text_name
from lamina.engines.classic.observation import Observation
from lamina.engines.classic.photo_things import found_in_photo
from lamina.engines.classic.selection import select_visible
from lamina.engines.classic.solve import Element
from lamina.engines.classic.text_blocks import text_blocks
from lamina.engines.colours import SAMPLE_PX, colour_word

_SUBJECT_ONLY = "This looks like a photograph: only its main subject was separated from the background."
_NO_SUBJECT = "This looks like a photograph without a distinct subject: it was kept as one layer."


@dataclass(frozen=True, eq=False)
class Plan:
    """`elements`: the layers without the background, front first. `notes`: for the user."""

    elements: list[Element]
    notes: tuple[str, ...] = ()


def plan_layers(seen: Observation, limit: int) -> Plan:
    """At most `limit` layers in front of the background."""
    blocks = [[seen.lettering[index] for index in block] for block in text_blocks(seen.lettering)]
    if seen.is_photo:
        chosen, notes = _photo_things(seen, limit)
    else:
        chosen, notes = _chosen(seen, limit), ()
    chosen, blocks = _within(limit, chosen, blocks)
    return Plan(_named(arrange(seen, chosen, blocks, limit)), notes)


def _chosen(seen: Observation, limit: int) -> list[Candidate]:
    """The candidates that are worth most together, the most valuable first."""
    if limit <= 0:
        return []
    atoms = find_atoms(seen)
    candidates = collect_candidates(seen, atoms)
    if not candidates:
        return []
    measured = measure(seen, atoms, candidates)
    is_eligible = np.array([not is_detail(seen, candidate) for candidate in candidates])
    worth = judge(measured, candidates, is_eligible)
    ranks = np.array([rank(candidate.area, candidate.is_hull) for candidate in candidates])
    chosen = select_visible(worth, measured.overlaps.masks, ranks, limit)
    return [candidates[index] for index in sorted(chosen, key=lambda index: -worth.own[index])]


def _photo_things(seen: Observation, limit: int) -> tuple[list[Candidate], tuple[str, ...]]:
    masks, notes = found_in_photo(seen.rgb, limit)
    if not masks:
        notes = (*notes, _NO_SUBJECT)
    elif len(masks) == 1:
        notes = (*notes, _SUBJECT_ONLY)
    return [candidate_of(mask, Source.CUTOUT) for mask in masks], notes


def _within(
    limit: int, chosen: list[Candidate], blocks: list[list[Lettering]]
) -> tuple[list[Candidate], list[list[Lettering]]]:
    """Both together within the limit: text gets what things leave, at least half; the smallest blocks are joined."""
    if limit <= 0:
        return [], []
    blocks = sorted(blocks, key=lambda block: -text_area(block))
    places = max(limit - len(chosen), (limit + 1) // 2)
    while len(blocks) > max(1, places):
        blocks[-2:] = [blocks[-2] + blocks[-1]]
    return chosen[: limit - len(blocks)], blocks


def _named(elements: list[Element]) -> list[Element]:
    sizes = [max((line.size_px for line in element.text), default=0) for element in elements]
    objects = sorted(
        (index for index, element in enumerate(elements) if element.kind is LayerKind.OBJECT),
        key=lambda index: -int(elements[index].mask.sum()),
    )
    unread = [index for index, element in enumerate(elements) if element.text and not _strings(element)]
    named: list[Element] = []
    for index, element in enumerate(elements):
        match element.kind:
            case LayerKind.TEXT if index in unread:
                name = f"{numbered('Text', unread.index(index) + 1, len(unread))} (not read)"
            case LayerKind.TEXT:
                name = text_name(_strings(element), index == sizes.index(max(sizes)))
            case LayerKind.SMALL:
                name = "Small elements"
            case LayerKind.OBJECT:
                number = numbered("Object", objects.index(index) + 1, len(objects))
                name = f"{number} ({_colour_of(element)})"
            case kind:
                name = f"{kind.capitalize()} ({_colour_of(element)})"
        named.append(replace(element, name=name))
    return named


def _strings(element: Element) -> list[str]:
    return [line.string for line in element.text if line.string]


def _colour_of(element: Element) -> str:
    return colour_word(visible_samples(element, SAMPLE_PX))
