"""Makes the parts of the chosen things, and what contains these, things that may be layers as well."""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.candidate_features import Overlaps
from lamina.engines.classic.candidates import Candidate, Source, Whole, candidate_of, reduced_shape
from lamina.engines.classic.nesting import Nest, nest
from lamina.engines.classic.raster import Labels, components
from lamina.engines.classic.things import owner_of, rank

_MIN_MERIT = 0.2  # of what refines the things that were chosen
_MIN_SHARE = 0.0002  # of the image
_MIN_PIECES_SHARE = 0.9  # of a thing, for large pieces of it
_MAX_PIECES = 40
_MIN_ALIKE, _MIN_EXTENT, _SAME_SIZE = 3, 0.8, 0.15  # parts, their share of their boxes, difference of their sizes


def with_parts(
    candidates: Sequence[Candidate],
    overlaps: Overlaps,
    merits: NDArray[np.floating[Any]],
    chosen: Sequence[int],
    *,
    limit: int,
    has_all: bool,
) -> list[Candidate]:
    """The chosen candidates (indices, the most valuable first), and then their parts, with what each is within.

    The parts do not reach into other chosen things. `has_all`: what contains chosen things, what lies beside them, and
    all parts of objects, such as areas of one colour, are there as well, and not only what lies on panels and parts
    that are alike.
    """
    if not chosen:
        return []
    outermost = nest(overlaps, reduced_shape(candidates[0].shape), merits, chosen, least_merit=_MIN_MERIT, limit=limit)
    if not has_all:
        outermost = [inner for each in outermost for inner in each.outermost_chosen()]
    nested = list(_Nested(candidates, chosen, has_all=has_all).things(outermost))
    places = {index: position for position, index in enumerate(chosen)}
    count = len(chosen)
    nested.sort(key=lambda thing: (places.get(number := thing.within[-1].number, count), _merit(merits, number)))
    return nested


def _merit(merits: NDArray[np.floating[Any]], number: int) -> float:
    return -float(merits[number]) if number < len(merits) else 0.0


class _Nested:
    """`owner` (h, w): the chosen candidate that is seen at a pixel, or -1."""

    def __init__(self, candidates: Sequence[Candidate], chosen: Sequence[int], *, has_all: bool) -> None:
        self._candidates, self._has_all = candidates, has_all
        order = sorted(chosen, key=lambda index: rank(candidates[index].area, candidates[index].is_hull))
        numbers = np.array([*order, -1], np.int32)
        self._owner: Labels = numbers[owner_of([candidates[index].full() for index in order], candidates[0].shape)]
        self._next_number = len(candidates)

    def things(self, nests: Sequence[Nest], around: tuple[Whole, ...] = (), holder: int = -1) -> Iterator[Candidate]:
        """`holder`: the innermost chosen candidate around them."""
        for each in nests:
            candidate = self._candidates[each.index]
            area = candidate.area
            if not each.is_chosen:
                mask = candidate.full() & (self._owner == holder)
                if np.count_nonzero(mask) < _MIN_SHARE * mask.size:
                    yield from self.things(each.members, around, holder)
                    continue
                sources = candidate.sources
                candidate = candidate_of(mask, Source.PART)
                candidate.sources |= sources
            within = (*around, Whole(each.index, rank(area, candidate.is_hull), each.is_chosen))
            candidate.within = within
            yield candidate
            if not each.members:
                yield from self._pieces(candidate)
                continue
            members = each.members
            if not (self._has_all or candidate.is_hull or self._are_alike(members)):
                members = [inner for member in members for inner in member.outermost_chosen()]
            yield from self.things(members, within, each.index if each.is_chosen else holder)

    def _are_alike(self, nests: Sequence[Nest]) -> bool:
        """Whether some parts are as wide or as high as each other and fill their boxes, as the bars of a chart do."""
        solid = [self._candidates[each.index] for each in nests]
        solid = [part for part in solid if part.area >= _MIN_EXTENT * prod(part.mask.shape)]
        if len(solid) < _MIN_ALIKE:
            return False
        sides = np.array([part.mask.shape for part in solid], float)
        is_same = np.abs(sides - np.median(sides, 0)) <= _SAME_SIZE * np.median(sides, 0)
        return bool(is_same.sum(0).max() >= _MIN_ALIKE)

    def _pieces(self, whole: Candidate) -> Iterator[Candidate]:
        """The connected pieces of a thing as its parts, if it consists of some large ones."""
        found = components(whole.mask)
        large = [label for label in range(1, len(found)) if found.areas[label] >= _MIN_SHARE * prod(whole.shape)]
        is_most = found.areas[large].sum() >= _MIN_PIECES_SHARE * whole.area
        if not (2 <= len(large) <= _MAX_PIECES and is_most):
            return
        for label in large:
            full = np.zeros(whole.shape, bool)
            full[whole.window] = found.labels == label
            piece = candidate_of(full, Source.PART)
            piece.within = (*whole.within, Whole(self._next_number, float(found.areas[label]), is_chosen=False))
            self._next_number += 1
            yield piece
