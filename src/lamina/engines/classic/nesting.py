"""Nests candidates: the finer parts of the chosen things, things beside them, and what contains several of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.candidate_features import Overlaps, overlaps_of
from lamina.engines.classic.raster import fill_holes

_MIN_WITHIN = 0.9  # share of a candidate that lies within another
_MAX_BESIDE = 0.1  # share of the smaller one that two have in common if they lie beside each other
_MAX_PART = 0.8  # share of the whole from which on a part is nearly all of it
_MIN_SURFACE = 0.5  # of what a candidate encloses: it is a surface, and what it encloses lies on it
_MAX_DEPTH = 4


@dataclass(eq=False)
class Nest:
    """A candidate and those within it, which do not overlap each other.

    `index`: of the candidate. `is_chosen`: it is one of the things that are worth most together.
    """

    index: int
    is_chosen: bool
    members: "list[Nest]" = field(default_factory=list)

    def outermost_chosen(self) -> "Iterator[Nest]":
        """Itself if it is chosen, else the outermost chosen ones within it."""
        if self.is_chosen:
            yield self
            return
        for member in self.members:
            yield from member.outermost_chosen()


def nest(
    overlaps: Overlaps,
    shape: tuple[int, int],
    merits: NDArray[np.floating[Any]],
    chosen: Sequence[int],
    *,
    least_merit: float,
    limit: int,
) -> list[Nest]:
    """The outermost candidates, with those within them, at most four deep but for what is chosen.

    All that are `chosen` (indices, front first) are among them, and at most `limit` in all. Others are added in the
    order of their `merits` (n,), at least `least_merit`, if each that was added before contains them, is contained in
    them, or lies beside them. `shape`: of the masks of `overlaps`.
    """
    family = list(chosen[:limit])
    relations = _Relations(overlaps, shape)
    for index in np.argsort(-merits, kind="stable").tolist():
        if len(family) >= limit or merits[index] < least_merit:
            break
        if (
            index not in family
            and all(relations.are_compatible(index, other) for other in family)
            and relations.depth([*family, index]) <= max(_MAX_DEPTH, relations.depth(family))
        ):
            family.append(index)
    return _tree(family, frozenset(chosen), relations)


class _Relations:
    """Which candidates contain which. What an even surface encloses lies on it."""

    def __init__(self, overlaps: Overlaps, shape: tuple[int, int]) -> None:
        masks = overlaps.masks.copy()
        for index, mask in enumerate(masks):
            filled = fill_holes(mask.reshape(shape)).ravel()
            if float(overlaps.areas[index]) >= _MIN_SURFACE * np.count_nonzero(filled):
                masks[index] = filled
        widened = overlaps_of(masks)
        self.areas, shared = widened.areas, widened.shared
        smaller = np.minimum(self.areas[:, None], self.areas)
        is_smaller = self.areas[:, None] <= _MAX_PART * self.areas
        self._is_within = (shared >= _MIN_WITHIN * self.areas[:, None]) & is_smaller
        self._is_beside = shared <= _MAX_BESIDE * smaller

    def is_within(self, inner: int, outer: int) -> bool:
        """Whether nearly all of the one lies in the other, which is larger."""
        return bool(self._is_within[inner, outer])

    def are_compatible(self, first: int, second: int) -> bool:
        return bool(self._is_beside[first, second] or self._is_within[first, second] or self._is_within[second, first])

    def depth(self, family: Sequence[int]) -> int:
        """The length of the longest chain of candidates that contain each other."""
        depths: dict[int, int] = {}
        for index in sorted(family, key=lambda index: -float(self.areas[index])):
            around = [depths[other] for other in depths if self._is_within[index, other]]
            depths[index] = 1 + max(around, default=0)
        return max(depths.values(), default=0)


def _tree(family: Sequence[int], chosen: frozenset[int], relations: _Relations) -> list[Nest]:
    """Each is placed in the smallest one that contains it."""
    by_area = sorted(family, key=lambda index: (float(relations.areas[index]), index))
    nests = {index: Nest(index, index in chosen) for index in by_area}
    outermost: list[Nest] = []
    for position, index in enumerate(by_area):
        outer = next((other for other in by_area[position + 1 :] if relations.is_within(index, other)), None)
        (outermost if outer is None else nests[outer].members).append(nests[index])
    return outermost
