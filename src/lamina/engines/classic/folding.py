"""Folds layers into groups, related ones and as many as a limit requires, so that they composite as before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

_HALF_SHARE = 0.003  # share of the image with half the importance
_DISTANT = 1.5  # cost of joining layers that are as far apart as the image is wide
_UNALIKE = 0.1  # and of joining text with other things
_RELATED = 0.3  # factor of the cost where layers are related
_FIXED = 100.0  # cost of a group with a layer that should stay by itself


class Relation(StrEnum):
    """Why layers are in a group: parts of one thing, what lies on a surface, a chart, things in a row or a column,
    what is near each other, or many small things.
    """

    PARTS = "parts"
    CARD = "card"
    CHART = "chart"
    ROW = "row"
    COLUMN = "column"
    NEAR = "near"
    SMALL = "small"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Layers that may form a group. `members`: their indices, in ascending order of the stack. `number`: of the thing
    of which they are parts, or on which they lie.
    """

    members: frozenset[int]
    relation: Relation
    number: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Folder:
    """A group of layers (indices) and groups, lowest first."""

    members: "tuple[Entry, ...]"
    relation: Relation
    number: int | None = None

    @property
    def leaves(self) -> frozenset[int]:
        """The layers in it and in the groups in it."""
        return frozenset[int]().union(*map(leaves_of, self.members))


Entry: TypeAlias = int | Folder


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """What is known of layers, lowest first. `overlaps` (n, n): which have pixels in common; these keep their order.

    `boxes` (n, 4): left, top, right, bottom in shares of the image. `areas` (n,): in shares of it. `is_text` (n,).
    `is_fixed` (n,): should be in no group. `weights` (n,): 0..1, what each is worth for its size.
    """

    overlaps: NDArray[np.bool_]
    boxes: NDArray[np.float64]
    areas: NDArray[np.float64]
    is_text: NDArray[np.bool_]
    is_fixed: NDArray[np.bool_]
    weights: NDArray[np.float64]


def leaves_of(entry: Entry) -> frozenset[int]:
    """The layers of an entry."""
    return entry.leaves if isinstance(entry, Folder) else frozenset((entry,))


def fold(
    layout: Layout, required: Sequence[Proposal], optional: Sequence[Proposal], limit: int | None
) -> tuple[Entry, ...]:
    """The entries of the stack, lowest first: each layer once, alone or in groups.

    Groups are made of all `required` proposals, first come first served, if they nest with the earlier ones and if
    their members can follow each other in the stack. With a `limit`, `optional` ones and others are made until there
    are at most as many entries; without, all optional ones are.
    """
    entries: tuple[Entry, ...] = tuple(range(len(layout.areas)))
    for proposal in (*required, *(optional if limit is None else ())):
        entries = _with_group(entries, proposal, layout.overlaps) or entries
    while limit is not None and len(entries) > max(1, limit):
        entries = _joined(entries, layout, optional, len(entries) - limit)
    return entries


def _with_group(
    entries: tuple[Entry, ...], proposal: Proposal, overlaps: NDArray[np.bool_], *, is_inner: bool = False
) -> tuple[Entry, ...] | None:
    """The entries with one more group, also within another; None if it cannot be.

    `is_inner`: the entries are those of a group already, so that one of them all would be no other.
    """
    members = proposal.members
    for position, entry in enumerate(entries):
        if isinstance(entry, Folder) and members < entry.leaves:
            inner = _with_group(entry.members, proposal, overlaps, is_inner=True)
            if inner is None:
                return None
            return (*entries[:position], replace(entry, members=inner), *entries[position + 1 :])
    inside: list[int] = []
    for position, entry in enumerate(entries):
        leaves = leaves_of(entry)
        if leaves <= members:
            inside.append(position)
        elif not leaves.isdisjoint(members):
            return None
    if len(inside) < 2 or (is_inner and len(inside) == len(entries)):
        return None
    return _wrapped(entries, inside, overlaps, proposal.relation, proposal.number)


def _wrapped(
    entries: tuple[Entry, ...],
    inside: Sequence[int],
    overlaps: NDArray[np.bool_],
    relation: Relation,
    number: int | None = None,
) -> tuple[Entry, ...] | None:
    """The entries with those at the positions `inside` in one group; None if another must be between them.

    What must lie above a member goes above the group; the rest stays where it is.
    """
    touches = _touching_entries(entries, overlaps)
    above = _reached(inside, touches)
    is_inside = set(inside)
    if any(position in is_inside for position in _reached(sorted(above - is_inside), touches)):
        return None
    top = max(inside)
    is_above = [position in above or position > top for position in range(len(entries))]
    below = [entry for position, entry in enumerate(entries) if not is_above[position] and position not in is_inside]
    higher = [entry for position, entry in enumerate(entries) if is_above[position] and position not in is_inside]
    members: list[Entry] = []
    for position in inside:
        entry = entries[position]
        is_loose = isinstance(entry, Folder) and entry.relation is Relation.NEAR and relation is Relation.NEAR
        members += entry.members if isinstance(entry, Folder) and is_loose else (entry,)
    return (*below, Folder(tuple(members), relation, number), *higher)


def _touching_entries(entries: tuple[Entry, ...], overlaps: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(n, n): which entries have pixels in common."""
    belongs = np.zeros((len(entries), len(overlaps)), np.uint8)
    for position, entry in enumerate(entries):
        belongs[position, sorted(leaves_of(entry))] = 1
    return (belongs @ overlaps.astype(np.int32) @ belongs.T) > 0


def _reached(start: Sequence[int], touches: NDArray[np.bool_]) -> set[int]:
    """The positions that must stay above one of `start`, directly or because of others; without these themselves,
    unless they are above each other.
    """
    reached: set[int] = set()
    edge = list(start)
    while edge:
        position = edge.pop()
        for higher in np.flatnonzero(touches[position, position + 1 :]).tolist():
            if (found := position + 1 + higher) not in reached:
                reached.add(found)
                edge.append(found)
    return reached


def _joined(entries: tuple[Entry, ...], layout: Layout, optional: Sequence[Proposal], excess: int) -> tuple[Entry, ...]:
    """The entries with one more group: the one that costs least for each of the `excess` entries that it saves."""
    sizes = _Sizes([sorted(leaves_of(entry)) for entry in entries], layout)
    options: list[tuple[float, int, Sequence[int], Proposal | None]] = []
    for proposal in optional:
        inside = [position for position, entry in enumerate(entries) if leaves_of(entry) <= proposal.members]
        covered = frozenset[int]().union(*(leaves_of(entries[position]) for position in inside))
        if len(inside) > 1 and covered == proposal.members:
            cost = _RELATED * sizes.cost(inside) / min(excess, len(inside) - 1)
            options.append((cost, len(options), inside, proposal))
    costs = sizes.pair_costs()[np.triu_indices(len(entries), 1)].tolist()
    options += [
        (cost, len(optional) + number, pair, None)
        for number, (cost, pair) in enumerate(zip(costs, combinations(range(len(entries)), 2), strict=True))
    ]
    for _, _, inside, proposal in sorted(options, key=lambda option: option[:2]):
        relation = Relation.NEAR if proposal is None else proposal.relation
        joined = _wrapped(entries, inside, layout.overlaps, relation, proposal and proposal.number)
        if joined is not None:
            return joined
    raise AssertionError  # neighbours in the stack can always be joined


class _Sizes:
    """How large entries are and where, for what it costs to make them one."""

    def __init__(self, rows: Sequence[Sequence[int]], layout: Layout) -> None:
        self._areas = np.array([layout.areas[row].sum() for row in rows])
        weighted = np.array([(layout.areas * layout.weights)[row].sum() for row in rows])
        self._importance = weighted / (self._areas + _HALF_SHARE)
        self._low = np.array([layout.boxes[row, :2].min(0) for row in rows])
        self._high = np.array([layout.boxes[row, 2:].max(0) for row in rows])
        self._is_text = np.array([bool(layout.is_text[row].all()) for row in rows])
        self._is_fixed = np.array([bool(layout.is_fixed[row].any()) for row in rows])

    def cost(self, inside: Sequence[int]) -> float:
        """What is lost in one group: the importance of its entries, less that of the one that prevails in it."""
        areas, importance = self._areas[inside], self._importance[inside]
        prevails = float((importance * areas).max() / max(1e-9, float(areas.sum())))
        return float(importance.sum()) - prevails + _FIXED * bool(self._is_fixed[inside].any())

    def pair_costs(self) -> NDArray[np.float64]:
        """(n, n): the same of all pairs, and more with the distance between them, and if only one is text."""
        areas, importance = self._areas, self._importance
        weighted = importance * areas
        prevails = np.maximum(weighted[:, None], weighted) / np.maximum(1e-9, areas[:, None] + areas)
        gaps = np.maximum(0, np.maximum(self._low[:, None], self._low) - np.minimum(self._high[:, None], self._high))
        return (
            importance[:, None]
            + importance
            - prevails
            + _DISTANT * gaps.sum(-1)
            + _UNALIKE * (self._is_text[:, None] != self._is_text)
            + _FIXED * (self._is_fixed[:, None] | self._is_fixed)
        )


def groups_in(entries: Sequence[Entry]) -> Iterator[Folder]:
    """All groups, inner ones after the group that they are in."""
    for entry in entries:
        if isinstance(entry, Folder):
            yield entry
            yield from groups_in(entry.members)
