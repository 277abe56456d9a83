"""Keeps the number of layers within what was asked for: gathers what matters least."""

from dataclasses import dataclass
from itertools import combinations

from lamina.core.layers import LayerKind
from lamina.engines.classic.parting import doubt

Member = tuple[LayerKind, int]
"""Something found, by its kind and its number among those of its kind."""

# How much a thing of each kind is missed when it is no longer on its own, if it is large.
_WEIGHT = {
    LayerKind.TEXT: 1.2,
    LayerKind.OBJECT: 1.0,
    LayerKind.SMALL: 0.3,
    LayerKind.PANEL: 1.0,
    LayerKind.AREA: 0.3,
}
_HALF_MISSED = {LayerKind.TEXT: 0.004}  # share of the picture at which a thing counts half; text counts by its box
_HALF_MISSED_ELSE = 0.008


@dataclass(frozen=True)
class Group:
    """What becomes one layer; `share`: 0..1 of the picture. `origin`: groups of the same, unless 0, may be one thing,
    as `cuts` tells (see `parting.Thing`)."""

    kind: LayerKind
    members: tuple[Member, ...]
    share: float
    origin: int = 0
    cuts: tuple[tuple[bool, float], ...] = ()

    @property
    def importance(self) -> float:
        half = _HALF_MISSED.get(self.kind, _HALF_MISSED_ELSE)
        return _WEIGHT[self.kind] * self.share / (self.share + half)


def within_budget(groups: list[Group], limit: int) -> list[Group]:
    """At most `limit` groups: the least important text joins text, parted things
    are reunited, objects join the small things, areas vanish.

    Small things come as one group whatever the limit. When nothing of a kind is left to join, things in front join
    each other, text last. No group is left at a limit of 0.
    """
    small = [group for group in groups if group.kind is LayerKind.SMALL]
    groups = [group for group in groups if group.kind is not LayerKind.SMALL]
    if small:
        groups.append(_joined(small, LayerKind.SMALL))
    while len(groups) > max(limit, 0):
        groups = _with_one_less(groups)
    return groups


def _with_one_less(groups: list[Group]) -> list[Group]:
    ways: list[tuple[float, list[Group], LayerKind | None]] = []
    texts = _least(groups, LayerKind.TEXT)
    if len(texts) >= 2:
        ways.append((texts[0].importance, texts[:2], LayerKind.TEXT))
    small, objects = _least(groups, LayerKind.SMALL), _least(groups, LayerKind.OBJECT)
    if objects and len(small) + len(objects) >= 2:
        pair = [*small, *objects][:2]
        ways.append((pair[1].importance, pair, LayerKind.SMALL))
    of_origin: dict[int, list[Group]] = {}
    for group in objects:
        if group.origin:
            of_origin.setdefault(group.origin, []).append(group)
    for parts in of_origin.values():
        for one, other in combinations(parts, 2):
            ways.append((1 - doubt(one.cuts, other.cuts), [one, other], LayerKind.OBJECT))
    areas = _least(groups, LayerKind.AREA)
    if areas:
        ways.append((areas[0].importance, areas[:1], None))
    if not ways:
        return _folded(groups)
    _, chosen, kind = min(ways, key=lambda way: way[0])
    rest = [group for group in groups if group not in chosen]
    return rest if kind is None else [*rest, _joined(chosen, kind)]


def _folded(groups: list[Group]) -> list[Group]:
    if len(groups) < 2:
        return []
    below_text = sorted((group for group in groups if group.kind is not LayerKind.TEXT), key=lambda g: g.importance)
    chosen = below_text[:2] if len(below_text) >= 2 else groups
    return [*(group for group in groups if group not in chosen), _joined(chosen, LayerKind.OBJECT)]


def _least(groups: list[Group], kind: LayerKind) -> list[Group]:
    return sorted((group for group in groups if group.kind is kind), key=lambda group: group.importance)


def _joined(groups: list[Group], kind: LayerKind) -> Group:
    origins = {group.origin for group in groups}
    levels = zip(*(group.cuts for group in groups), strict=False)
    shared = tuple(first for first, *others in levels if all(first == other for other in others))
    members = tuple(member for group in groups for member in group.members)
    return Group(kind, members, sum(g.share for g in groups), origins.pop() if len(origins) == 1 else 0, shared)
