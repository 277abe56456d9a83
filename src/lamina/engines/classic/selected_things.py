"""Finds the things that a user selects by boxes and points, each by its true outline."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lamina.core.selections import Place, Selection
from lamina.engines.classic.atoms import find_atoms
from lamina.engines.classic.candidate_features import MEASURES, measure
from lamina.engines.classic.candidates import Candidate, Source, candidate_of, collect_candidates
from lamina.engines.classic.lettering import Lettering
from lamina.engines.classic.mask_proposals import refined, stability_of
from lamina.engines.classic.observation import Observation
from lamina.engines.classic.raster import Mask, bounding_box, grow
from lamina.engines.classic.text_blocks import TextBlock, text_blocks
from lamina.engines.segmentation.model_files import ModelFileError
from lamina.engines.segmentation.promptable_masks import PromptableImage

_EDGE = MEASURES.index("edge")
_MIN_TEXT_INSIDE = 0.7  # of a line's box that is in the selected box
# Intersection over union of a box and of the box around its text, from which on text is meant: with other things in it,
# and where there is nothing else.
_MIN_TEXT_FIT, _MIN_ALONE_FIT = 0.75, 0.5
_MAX_BESIDE_TEXT, _TEXT_EDGE_PX = 0.25, 3  # area of other foreground in areas of the text, without the text's edges
_MIN_BOX_IOU = 0.4  # of a candidate's box with the selected one
# Weights of what is known of an outline: how certain its source is of it (the network says so of each mask; candidates
# count as certain), how well the best outline from another source agrees, and how much of it is on edges of the image.
# They were chosen on the tuning authors of `scripts/bench selections`.
_BY_CERTAINTY, _BY_AGREEMENT, _BY_EDGE = 0.4, 0.7, 0.6
_SAME_IOU = 0.9  # of two selections that are one thing
_MIN_OUTSIDE_SHARE = 0.5  # of a thing that a selection leaves


@dataclass(frozen=True, eq=False, kw_only=True)
class Selected:
    """What was selected. `lines`: the indices of the lines of text in `blocks`. `notes`: for the user."""

    things: tuple[Candidate, ...] = ()
    blocks: tuple[TextBlock, ...] = ()
    lines: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """The number of layers that they become."""
        return len(self.things) + len(self.blocks)


def select_things(finder: "ThingFinder", selections: Sequence[Selection]) -> Selected:
    """What is at the selections, which are in pixels of the working size."""
    things: list[Candidate] = []
    blocks: list[TextBlock] = []
    lines: set[int] = set()
    notes: list[str] = []
    for number, selection in enumerate(selections, 1):
        indices = [index for index in finder.text_at(selection.place) if index not in lines]
        if indices:
            lines |= set(indices)
            lettering = tuple(finder.lettering[index] for index in indices)
            blocks.append(TextBlock(lettering, selection.name, is_selected=True))
            continue
        mask = finder.thing_at(selection.place)
        if mask is None:
            kind = "point" if selection.place.is_point else "box"
            notes.append(f"Nothing was found in selection {number}, a {kind}, so that it has no layer of its own.")
            continue
        if any(_mask_iou(mask, thing.full()) > _SAME_IOU for thing in things):
            notes.append(f"Selection {number} is a thing that was selected before, so that it has no layer of its own.")
            continue
        thing = candidate_of(mask, Source.CUTOUT)
        thing.name, thing.is_selected = selection.name, True
        things.append(thing)
    return Selected(things=tuple(things), blocks=tuple(blocks), lines=frozenset(lines), notes=tuple(notes))


def apart_from(selected: Selected, things: Sequence[Candidate]) -> list[Candidate]:
    """The things without what is selected; those that are mostly selected are left out."""
    if not selected.things:
        return list(things)
    taken = np.any([thing.full() for thing in selected.things], 0)
    rest: list[Candidate] = []
    for thing in things:
        left = thing.full() & ~taken
        share = np.count_nonzero(left) / thing.area
        if share >= _MIN_OUTSIDE_SHARE and left.any():
            rest.append(thing if thing.is_hull or share == 1 else _reduced(thing, left))
    return rest


def _reduced(thing: Candidate, mask: Mask) -> Candidate:
    """The same thing with another mask."""
    reduced = candidate_of(mask, Source.CUTOUT)
    reduced.sources, reduced.within = thing.sources, thing.within
    return reduced


def _mask_iou(first: Mask, second: Mask) -> float:
    return float(np.count_nonzero(first & second) / max(1, np.count_nonzero(first | second)))


class ThingFinder:
    """Finds things and text at places of one image, in pixels of its working size.

    `exclusions`: points that belong to no thing.
    """

    def __init__(self, seen: Observation, exclusions: Sequence[Place] = ()) -> None:
        self._seen, self._atoms = seen, find_atoms(seen)
        self._candidates = [] if seen.is_photo else collect_candidates(seen, self._atoms)
        self._outside = np.array([(place.x, place.y) for place in exclusions], np.float32).reshape(-1, 2)
        self._blocks = text_blocks(seen.lettering)
        try:
            self._image: PromptableImage | None = PromptableImage(seen.rgb)
        except ModelFileError:
            self._image = None

    @property
    def lettering(self) -> Sequence[Lettering]:
        """The lines of text of the image."""
        return self._seen.lettering

    def mask_at(self, place: Place) -> Mask | None:
        """(h, w): the text or the thing at a place; None if there is nothing."""
        if lines := self.text_at(place):
            return self._text_mask(lines)
        return self.thing_at(place)

    def text_at(self, place: Place) -> list[int]:
        """The lines of the text that fills a box, or of the block of text at a point; empty if no text is meant."""
        if place.is_point:
            at = {index for index, line in enumerate(self.lettering) if _share_inside(place, _place_of(line.box)) > 0}
            return next((block for block in self._blocks if not at.isdisjoint(block)), [])
        inside = [
            index
            for index, line in enumerate(self.lettering)
            if _share_inside(_place_of(line.box), place) >= _MIN_TEXT_INSIDE
        ]
        if not inside:
            return []
        text = self._text_mask(inside)
        others = ~self._seen.background.mask & _rectangle(place, text.shape) & ~grow(text, _TEXT_EDGE_PX)
        is_alone = np.count_nonzero(others) <= _MAX_BESIDE_TEXT * np.count_nonzero(text)
        fit = _iou(place, _place_of(bounding_box(text)))
        return inside if fit >= (_MIN_ALONE_FIT if is_alone else _MIN_TEXT_FIT) else []

    def _text_mask(self, lines: Sequence[int]) -> Mask:
        mask = np.zeros(self._seen.smooth.shape, bool)
        for index in lines:
            self.lettering[index].paint(mask)
        return mask

    def thing_at(self, place: Place) -> Mask | None:
        """(h, w): the thing that fills a box, or the thing at a point, without text; None if there is none."""
        pool = [candidate for candidate in self._candidates if self._may_be_at(place, candidate)]
        count, qualities = len(pool), np.ones(len(pool))
        for mask, quality in self._proposed(place):
            pool.append(candidate_of(mask, Source.CUTOUT))
            qualities = np.append(qualities, quality)
        if not pool:
            return None
        return pool[int(self._worth(place, pool, qualities, count).argmax())].full()

    def _may_be_at(self, place: Place, candidate: Candidate) -> bool:
        if any(self._covers(candidate, x, y) for x, y in self._outside.tolist()):
            return False
        return (
            self._covers(candidate, place.x, place.y)
            if place.is_point
            else _iou(place, _box_of(candidate)) >= _MIN_BOX_IOU
        )

    @staticmethod
    def _covers(candidate: Candidate, x: float, y: float) -> bool:
        row, column = int(y) - candidate.rows.start, int(x) - candidate.columns.start
        height, width = candidate.mask.shape
        return 0 <= row < height and 0 <= column < width and bool(candidate.mask[row, column])

    def _proposed(self, place: Place) -> Iterator[tuple[Mask, float]]:
        """Masks by the network, and how sure it is of each, 0..1."""
        if self._image is None:
            return
        if place.is_point:
            found = self._image.from_points(np.array([[place.x, place.y]], np.float32), self._outside)
        else:
            corners = place.x, place.y, place.x + place.width, place.y + place.height
            found = self._image.from_boxes(np.array([corners], np.float32), self._outside)
        within = _rectangle(place, self._seen.smooth.shape)
        for logits, quality in zip(found.logits[0], found.quality[0].tolist(), strict=True):
            whole = self._image.full_size(logits) > 0
            mask = whole & within
            if mask.any():
                inside = np.count_nonzero(mask) / np.count_nonzero(whole)
                outline = refined(self._seen.rgb, mask) & within & ~self._seen.text
                for variant in (outline, outline & ~self._seen.background.mask):
                    if variant.any():
                        yield variant, min(1.0, quality) * stability_of(logits) * inside

    def _worth(
        self, place: Place, pool: list[Candidate], qualities: NDArray[np.float64], count: int
    ) -> NDArray[np.float64]:
        """(n,): how likely each is what is meant. The first `count` of the pool are candidates, the others masks."""
        measured = measure(self._seen, self._atoms, pool)
        overlaps = measured.overlaps.iou
        agreement = np.empty(len(pool))
        agreement[:count] = (overlaps[:count, count:] * qualities[count:]).max(1, initial=0.0)
        agreement[count:] = overlaps[count:, :count].max(1, initial=0.0)
        worth = _BY_CERTAINTY * qualities + _BY_AGREEMENT * agreement + _BY_EDGE * measured.values[:, _EDGE] ** 2
        if place.is_point:
            return worth
        fits = np.empty(len(pool))
        for index, candidate in enumerate(pool):
            box = _box_of(candidate)
            fits[index] = _iou(place, box) ** 2 * _share_inside(box, place)
        return worth * fits


def _rectangle(place: Place, shape: tuple[int, ...]) -> Mask:
    """(h, w): the pixels of a box; all for a point."""
    inside = np.zeros(shape, bool)
    if place.is_point:
        return ~inside
    rows = slice(max(0, round(place.y)), max(1, round(place.y + place.height)))
    inside[rows, max(0, round(place.x)) : max(1, round(place.x + place.width))] = True
    return inside


def _box_of(candidate: Candidate) -> Place:
    rows, columns = candidate.window
    return _place_of((columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start))


def _place_of(box: tuple[int, int, int, int]) -> Place:
    x, y, width, height = box
    return Place(x=x, y=y, width=width, height=height)


def _shared(first: Place, second: Place) -> float:
    """The area that two boxes have in common; for a point, 1 if it is in the box."""
    if first.is_point:
        is_in = second.x <= first.x < second.x + second.width and second.y <= first.y < second.y + second.height
        return float(is_in)
    width = min(first.x + first.width, second.x + second.width) - max(first.x, second.x)
    height = min(first.y + first.height, second.y + second.height) - max(first.y, second.y)
    return max(0.0, width) * max(0.0, height)


def _share_inside(inner: Place, outer: Place) -> float:
    """The share of `inner` that is in `outer`, 0..1."""
    return _shared(inner, outer) / max(1e-6, inner.width * inner.height if not inner.is_point else 1.0)


def _iou(first: Place, second: Place) -> float:
    shared = _shared(first, second)
    return shared / (first.width * first.height + second.width * second.height - shared)
