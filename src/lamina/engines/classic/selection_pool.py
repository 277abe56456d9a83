"""Collects the outlines that a box or a point may mean: candidates, masks of the network, text, and unions of parts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from lamina.core.selections import Place
from lamina.engines.classic.atoms import Atoms
from lamina.engines.classic.candidates import Candidate, Source, candidate_of
from lamina.engines.classic.mask_proposals import reach_of, refined, stability_of
from lamina.engines.classic.observation import Observation
from lamina.engines.classic.parallel import map_in_threads
from lamina.engines.classic.places import box_iou, place_of, rectangle, share_inside
from lamina.engines.classic.raster import Mask, bounding_box, fill_holes, window_of
from lamina.engines.classic.text_blocks import text_blocks
from lamina.engines.segmentation.promptable_masks import PromptableImage

_MIN_BOX_IOU = 0.25  # of a candidate's box with the selected one
_MIN_PART_INSIDE = 0.9  # of an even region that is in the box: a part of what fills it
_MIN_PART_COVERED = 0.5  # of an even region that is in a mask
_MIN_TEXT_INSIDE = 0.7  # of a line's box that is in the selected box
_MIN_DIFFERENCE = 0.02  # of the outline's area: variants that differ less are one
_SAME_IOU = 0.985
_MIN_PX = 12


class Kind(StrEnum):
    """Where an outline comes from."""

    CANDIDATE = "candidate"
    MASK = "mask"
    SNAPPED = "snapped"  # a mask whose outline follows the even regions of the image
    PARTS = "parts"  # all even regions in the box
    FRONT = "front"  # all foreground in the box
    TEXT = "text"


@dataclass(frozen=True, eq=False, kw_only=True)
class Outline:
    """One outline. `quality`, 0..1: how sure its source is of it. `lines`: the indices of the lines if it is text."""

    candidate: Candidate
    kind: Kind
    quality: float = 1.0
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Pool:
    """The outlines for one place. `masks` (m, h, w): of the network, before they are refined or cut; `sureness` (m,):
    its quality for each, 0..1.
    """

    place: Place
    outlines: list[Outline]
    masks: list[Mask]
    sureness: NDArray[np.float64]


class PoolCollector:
    """Collects the outlines for the places of one image, in pixels of its working size.

    `outside` (n, 2): x and y of points that belong to no outline.
    """

    def __init__(
        self,
        seen: Observation,
        atoms: Atoms,
        candidates: Sequence[Candidate],
        image: PromptableImage | None,
        outside: NDArray[np.float32],
    ) -> None:
        self._seen, self._atoms, self._candidates = seen, atoms, candidates
        self._image, self._outside = image, outside
        self._blocks = text_blocks(seen.lettering)
        ground = np.bincount(atoms.labels[seen.background.mask], minlength=len(atoms))
        self._in_ground = ground > 0.5 * atoms.areas

    def at(self, place: Place) -> Pool:
        """The outlines for a place, without duplicates; the candidates first."""
        outlines = [
            Outline(candidate=candidate, kind=Kind.CANDIDATE)
            for candidate in self._candidates
            if self._may_be_at(place, candidate)
        ]
        masks: list[Mask] = []
        sureness: list[float] = []
        for mask, quality in self._predicted(place):
            masks.append(mask)
            sureness.append(quality)
        found = [*self._text(place), *self._from_masks(place, masks, sureness)]
        if not (place.is_point or self._seen.is_photo):
            found += self._unions(place)
        outlines += [outline for outline in found if not self._is_excluded(outline.candidate)]
        kept = _without_duplicates(outlines or found)
        return Pool(place=place, outlines=kept, masks=masks, sureness=np.array(sureness, np.float64))

    def _may_be_at(self, place: Place, candidate: Candidate) -> bool:
        if self._is_excluded(candidate):
            return False
        if place.is_point:
            return covers(candidate, place.x, place.y)
        return box_iou(place, box_of(candidate)) >= _MIN_BOX_IOU

    def _is_excluded(self, candidate: Candidate) -> bool:
        return any(covers(candidate, x, y) for x, y in self._outside.tolist())

    def _predicted(self, place: Place) -> Iterator[tuple[Mask, float]]:
        """Masks by the network, and how sure it is of each, 0..1."""
        if self._image is None:
            return
        if place.is_point:
            found = self._image.from_points(np.array([[place.x, place.y]], np.float32), self._outside)
        else:
            corners = place.x, place.y, place.x + place.width, place.y + place.height
            found = self._image.from_boxes(np.array([corners], np.float32), self._outside)
        for logits, quality in zip(found.logits[0], found.quality[0].tolist(), strict=True):
            yield self._image.full_size(logits) > 0, min(1.0, max(0.0, quality)) * stability_of(logits)

    def _from_masks(self, place: Place, masks: Sequence[Mask], sureness: Sequence[float]) -> Iterator[Outline]:
        """The masks with their outlines on the edges of the image, as they are, without background, and as regions."""
        within = rectangle(place, self._seen.smooth.shape)
        pairs = zip(masks, sureness, strict=True)
        return chain.from_iterable(map_in_threads(lambda pair: list(self._from_mask(*pair, within)), pairs))

    def _from_mask(self, whole: Mask, quality: float, within: Mask) -> Iterator[Outline]:
        mask = whole & within
        if np.count_nonzero(mask) < _MIN_PX:
            return
        inside = quality * np.count_nonzero(mask) / np.count_nonzero(whole)
        for variant in self._variants(self._refined(mask) & within):
            yield Outline(candidate=candidate_of(variant, Source.CUTOUT), kind=Kind.MASK, quality=inside)
        snapped = self._snapped(mask)
        if np.count_nonzero(snapped) >= _MIN_PX:
            yield Outline(candidate=candidate_of(snapped, Source.CUTOUT), kind=Kind.SNAPPED, quality=inside)

    def _refined(self, mask: Mask) -> Mask:
        """The mask with its outline on the edges of the image; only its surroundings are looked at."""
        window = window_of(bounding_box(mask), margin=4 * reach_of(mask.shape))
        result = np.zeros(mask.shape, bool)
        result[window] = refined(self._seen.rgb[window], mask[window], reach_of(mask.shape))
        return result

    def _variants(self, outline: Mask) -> Iterator[Mask]:
        """A mask without text, and also without background if that makes a difference."""
        without_text = outline & ~self._seen.text
        area = np.count_nonzero(without_text)
        if area < _MIN_PX:
            return
        yield without_text
        front = without_text & ~self._seen.background.mask
        if _MIN_PX <= np.count_nonzero(front) < (1 - _MIN_DIFFERENCE) * area:
            yield front

    def _snapped(self, mask: Mask) -> Mask:
        """The even regions that are mostly in a mask."""
        shares = np.bincount(self._atoms.labels[mask], minlength=len(self._atoms)) / self._atoms.areas
        return (shares >= _MIN_PART_COVERED)[self._atoms.labels] & ~self._seen.text

    def _unions(self, place: Place) -> Iterator[Outline]:
        """All that is in a box: the even regions, the connected foreground, and the foreground cut at the box."""
        seen = self._seen
        within = rectangle(place, seen.smooth.shape)
        inside = np.bincount(self._atoms.labels[within], minlength=len(self._atoms)) / self._atoms.areas
        is_part = inside >= _MIN_PART_INSIDE
        whole = is_part[self._atoms.labels]
        parts = (is_part & ~self._in_ground)[self._atoms.labels]
        front = within & ~seen.background.mask
        for kind, mask in (
            (Kind.PARTS, parts & ~seen.text),
            (Kind.PARTS, parts | (seen.text & within)),
            (Kind.PARTS, whole & ~seen.text),
            (Kind.PARTS, fill_holes(parts)),
            (Kind.FRONT, front & ~seen.text),
            (Kind.FRONT, front | (seen.text & within)),
        ):
            if np.count_nonzero(mask) >= _MIN_PX:
                yield Outline(candidate=candidate_of(mask, Source.CUTOUT), kind=kind)

    def _text(self, place: Place) -> Iterator[Outline]:
        """The lines that are in a box, or the block of text at a point."""
        for lines in self._text_at(place):
            mask = np.zeros(self._seen.smooth.shape, bool)
            for index in lines:
                self._seen.lettering[index].paint(mask)
            if mask.any():
                yield Outline(candidate=candidate_of(mask, Source.CUTOUT), kind=Kind.TEXT, lines=lines)

    def _text_at(self, place: Place) -> list[tuple[int, ...]]:
        boxes = [place_of(line.box) for line in self._seen.lettering]
        if place.is_point:
            at = {index for index, box in enumerate(boxes) if share_inside(place, box) > 0}
            found = [tuple(block) for block in self._blocks if not at.isdisjoint(block)]
            return [*found, *((index,) for index in sorted(at) if (index,) not in found)]
        inside = tuple(index for index, box in enumerate(boxes) if share_inside(box, place) >= _MIN_TEXT_INSIDE)
        return [inside] if inside else []


def covers(candidate: Candidate, x: float, y: float) -> bool:
    """Whether a pixel is in a candidate."""
    row, column = int(y) - candidate.rows.start, int(x) - candidate.columns.start
    height, width = candidate.mask.shape
    return 0 <= row < height and 0 <= column < width and bool(candidate.mask[row, column])


def box_of(candidate: Candidate) -> Place:
    """The box around a candidate."""
    rows, columns = candidate.window
    return place_of((columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start))


def _without_duplicates(outlines: Sequence[Outline]) -> list[Outline]:
    """The first of those that are nearly the same."""
    kept: list[Outline] = []
    for outline in outlines:
        if not any(_are_same(outline, other) for other in kept):
            kept.append(outline)
    return kept


def _are_same(first: Outline, second: Outline) -> bool:
    one, other = first.candidate, second.candidate
    if bool(first.lines) != bool(second.lines) or min(one.area, other.area) < _SAME_IOU * max(one.area, other.area):
        return False
    shared = _shared_pixels(one, other)
    return shared > _SAME_IOU * (one.area + other.area - shared)


def _shared_pixels(one: Candidate, other: Candidate) -> int:
    """The number of pixels that two candidates have in common."""
    top, bottom = max(one.rows.start, other.rows.start), min(one.rows.stop, other.rows.stop)
    left, right = max(one.columns.start, other.columns.start), min(one.columns.stop, other.columns.stop)
    if top >= bottom or left >= right:
        return 0
    first, second = (
        each.mask[
            top - each.rows.start : bottom - each.rows.start, left - each.columns.start : right - each.columns.start
        ]
        for each in (one, other)
    )
    return int(np.count_nonzero(first & second))
