"""Finds which layers are related: parts of one thing, what lies on a surface, what is in a row."""

from collections.abc import Iterator, Sequence

import numpy as np

from lamina.core.layers import Box, LayerKind
from lamina.engines.classic.alignment import beside, find_alike
from lamina.engines.classic.candidates import Whole
from lamina.engines.classic.folding import Proposal, Relation
from lamina.engines.classic.raster import Mask, bounding_box, fill_holes, share_within, window_of
from lamina.engines.classic.solve import Element

_ON_SHARE = 0.9  # of a text that lies on a thing
_MAX_SURFACE_SHARE = 0.7  # of the image: what is larger is its ground
_MIN_SMALL, _SMALL_SHARE = 4, 0.0015


def find_relations(elements: Sequence[Element]) -> tuple[list[Proposal], list[Proposal]]:
    """The parts of things and the charts, which always form groups, and the other relations, the closest first.

    `elements`: lowest first, without the background.
    """
    wholes = _wholes(elements)
    boxes = [bounding_box(element.mask) for element in elements]
    texts = _texts_on(elements, boxes, wholes)
    alike = find_alike(elements, boxes)
    cards = sorted(_cards(elements, wholes, texts), key=lambda proposal: len(proposal.members))
    parts = list(_parts(elements, wholes))
    in_row = [frozenset(members) for _, members in alike]
    parts, cards = ([each for each in found if not _is_among(each, in_row, elements)] for found in (parts, cards))
    rows = [_with_cards(relation, members, elements, boxes, cards) for relation, members in alike]
    charts = [row for row in rows if row.relation is Relation.CHART]
    others = [row for row in rows if row.relation is not Relation.CHART]
    return [*parts, *charts], [*cards, *others, *_small(elements, rows)]


def _is_among(proposal: Proposal, rows: Sequence[frozenset[int]], elements: Sequence[Element]) -> bool:
    """Whether its things are some of those in a row, which would only divide the row."""
    things = frozenset(index for index in proposal.members if elements[index].kind is not LayerKind.TEXT)
    return len(things) > 1 and any(things <= row for row in rows)


def _with_cards(
    relation: Relation,
    members: Sequence[int],
    elements: Sequence[Element],
    boxes: Sequence[Box],
    cards: Sequence[Proposal],
) -> Proposal:
    """A chart with its labels and axes, or a row of things with what lies on them and the texts below."""
    found = set(members) | beside(elements, boxes, members, with_axes=relation is Relation.CHART)
    for card in cards:
        if len(card.members & frozenset(members)) == 1:
            found |= card.members
    return Proposal(frozenset(found), relation)


def _wholes(elements: Sequence[Element]) -> dict[int, tuple[Whole, list[int]]]:
    """The wholes by their numbers, each with the elements within it."""
    wholes: dict[int, tuple[Whole, list[int]]] = {}
    for index, element in enumerate(elements):
        for whole in element.within:
            wholes.setdefault(whole.number, (whole, []))[1].append(index)
    return wholes


def _parts(elements: Sequence[Element], wholes: dict[int, tuple[Whole, list[int]]]) -> Iterator[Proposal]:
    """What refines a thing; not the chosen things that lie on it."""
    for number, (_, members) in wholes.items():
        own = [index for index in members if not _is_on(elements[index], number)]
        if len(own) > 1:
            yield Proposal(frozenset(own), Relation.PARTS, number)


def _is_on(element: Element, number: int) -> bool:
    """Whether it belongs to another chosen thing within the whole with that number."""
    position = [whole.number for whole in element.within].index(number)
    return any(whole.is_chosen for whole in element.within[position + 1 :])


def _cards(
    elements: Sequence[Element], wholes: dict[int, tuple[Whole, list[int]]], texts: dict[int, list[int]]
) -> Iterator[Proposal]:
    """Things with the things and texts that lie on them. `texts`: by the number of the thing."""
    for number, (_, members) in wholes.items():
        inner = [other for other, (_, indices) in wholes.items() if set(indices) <= set(members)]
        with_texts = frozenset([*members, *(text for other in inner for text in texts.get(other, ()))])
        if len(with_texts) > len(members) or any(_is_on(elements[index], number) for index in members):
            yield Proposal(with_texts, Relation.CARD, number)
    for number, on_it in texts.items():
        if number < 0:
            yield Proposal(frozenset([-1 - number, *on_it]), Relation.CARD, number)


def _texts_on(
    elements: Sequence[Element], boxes: Sequence[Box], wholes: dict[int, tuple[Whole, list[int]]]
) -> dict[int, list[int]]:
    """The texts by the number of the smallest whole that they lie on: -1 - its index for an element within none."""
    surfaces = {number: members for number, (_, members) in wholes.items()}
    surfaces |= {
        -1 - index: [index]
        for index, element in enumerate(elements)
        if not (element.within or element.is_selected or element.kind in (LayerKind.TEXT, LayerKind.SMALL))
    }
    shapes: list[tuple[int, int, Mask, Box]] = []
    for number, members in surfaces.items():
        mask = np.logical_or.reduce([elements[index].mask for index in members])
        box = bounding_box(mask)
        filled = fill_holes(mask[window_of(box)])
        area = int(np.count_nonzero(filled))
        if area < _MAX_SURFACE_SHARE * mask.size:
            shapes.append((area, number, filled, box))
    shapes.sort(key=lambda shape: shape[:2])
    texts: dict[int, list[int]] = {}
    for index, element in enumerate(elements):
        if element.kind is not LayerKind.TEXT or element.is_selected:
            continue
        for _, number, filled, box in shapes:
            if _lies_on(element.mask, boxes[index], filled, box):
                texts.setdefault(number, []).append(index)
                break
    return texts


def _lies_on(text: Mask, text_box: Box, filled: Mask, box: Box) -> bool:
    """Whether a text (h, w) lies on a shape that is given in its box."""
    (x, y, width, height), (left, top, across, down) = box, text_box
    x0, y0, x1, y1 = max(x, left), max(y, top), min(x + width, left + across), min(y + height, top + down)
    if (x1 - x0) * (y1 - y0) < _ON_SHARE * across * down or x1 <= x0 or y1 <= y0:
        return False
    return share_within(text[y0:y1, x0:x1], filled[y0 - y : y1 - y, x0 - x : x1 - x]) >= _ON_SHARE


def _small(elements: Sequence[Element], alike: Sequence[Proposal]) -> Iterator[Proposal]:
    """The many small things that belong to nothing else."""
    taken = frozenset[int]().union(*(proposal.members for proposal in alike))
    small = [
        index
        for index, element in enumerate(elements)
        if not (element.within or element.is_selected or index in taken or element.kind is LayerKind.TEXT)
        and np.count_nonzero(element.mask) <= _SMALL_SHARE * element.mask.size
    ]
    if len(small) >= _MIN_SMALL:
        yield Proposal(frozenset(small), Relation.SMALL)
