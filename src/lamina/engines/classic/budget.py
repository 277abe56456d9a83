"""Limits the number of layers by merging the least important ones."""

from dataclasses import dataclass
from itertools import combinations

from lamina.core.layers import LayerKind
from lamina.engines.classic.splitting import merge_probability

Member = tuple[LayerKind, int]
"""A detected element: its kind and its index among those of its kind."""

# Importance of a large separate element of each kind.
_WEIGHT = {
    LayerKind.TEXT: 1.2,
    LayerKind.OBJECT: 1.0,
    LayerKind.SMALL: 0.3,
    LayerKind.PANEL: 1.0,
    LayerKind.AREA: 0.3,
}
_HALF_IMPORTANCE_SHARE = {LayerKind.TEXT: 0.004}  # share of the image with half the importance; text: of its box
_DEFAULT_HALF_IMPORTANCE_SHARE = 0.008


@dataclass(frozen=True, kw_only=True)
class Group:
    """A future layer. `share`: 0..1 of the image.

    `origin`: groups with the same non-zero origin are parts of one cut-out; `cuts`: see `splitting.SplitPart`.
    """

    kind: LayerKind
    members: tuple[Member, ...]
    share: float
    origin: int = 0
    cuts: tuple[tuple[bool, float], ...] = ()

    @property
    def importance(self) -> float:
        half = _HALF_IMPORTANCE_SHARE.get(self.kind, _DEFAULT_HALF_IMPORTANCE_SHARE)
        return _WEIGHT[self.kind] * self.share / (self.share + half)


def fit_budget(groups: list[Group], limit: int) -> list[Group]:
    """At most `limit` groups: merges the least important text, reunites split objects, merges objects with the small
    elements, and drops areas.

    Small elements always form one group. If nothing of a kind is left to merge, elements in front are merged, text
    last. At a limit of 0, no group is left.
    """
    small = [group for group in groups if group.kind is LayerKind.SMALL]
    groups = [group for group in groups if group.kind is not LayerKind.SMALL]
    if small:
        groups.append(_merge(small, LayerKind.SMALL))
    while len(groups) > max(limit, 0):
        groups = _merge_once(groups)
    return groups


def _merge_once(groups: list[Group]) -> list[Group]:
    options: list[tuple[float, list[Group], LayerKind | None]] = []
    texts = _by_importance(groups, LayerKind.TEXT)
    if len(texts) >= 2:
        options.append((texts[0].importance, texts[:2], LayerKind.TEXT))
    small, objects = _by_importance(groups, LayerKind.SMALL), _by_importance(groups, LayerKind.OBJECT)
    if objects and len(small) + len(objects) >= 2:
        pair = [*small, *objects][:2]
        options.append((pair[1].importance, pair, LayerKind.SMALL))
    by_origin: dict[int, list[Group]] = {}
    for group in objects:
        if group.origin:
            by_origin.setdefault(group.origin, []).append(group)
    for parts in by_origin.values():
        for first, second in combinations(parts, 2):
            options.append((1 - merge_probability(first.cuts, second.cuts), [first, second], LayerKind.OBJECT))
    areas = _by_importance(groups, LayerKind.AREA)
    if areas:
        options.append((areas[0].importance, areas[:1], None))
    if not options:
        return _merge_least_important(groups)
    _, chosen, kind = min(options, key=lambda option: option[0])
    rest = [group for group in groups if group not in chosen]
    return rest if kind is None else [*rest, _merge(chosen, kind)]


def _merge_least_important(groups: list[Group]) -> list[Group]:
    if len(groups) < 2:
        return []
    below_text = sorted(
        (group for group in groups if group.kind is not LayerKind.TEXT), key=lambda group: group.importance
    )
    chosen = below_text[:2] if len(below_text) >= 2 else groups
    return [*(group for group in groups if group not in chosen), _merge(chosen, LayerKind.OBJECT)]


def _by_importance(groups: list[Group], kind: LayerKind) -> list[Group]:
    return sorted((group for group in groups if group.kind is kind), key=lambda group: group.importance)


def _merge(groups: list[Group], kind: LayerKind) -> Group:
    origins = {group.origin for group in groups}
    levels = zip(*(group.cuts for group in groups), strict=False)
    shared = tuple(first for first, *others in levels if all(first == cut for cut in others))
    members = tuple(member for group in groups for member in group.members)
    return Group(
        kind=kind,
        members=members,
        share=sum(group.share for group in groups),
        origin=origins.pop() if len(origins) == 1 else 0,
        cuts=shared,
    )
