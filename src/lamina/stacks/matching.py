"""Finds the layers and groups of a document again in a file that another program has edited."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from lamina.stacks.content import Content, likeness
from lamina.stacks.document import Document, GroupNode, LayerNode, layers_in

_MIN_LIKENESS = 0.5
_MIN_LIKENESS_OF_NAMESAKES = 0.1
_MIN_SHARED = 0.5
_NUMBERED = re.compile(r"^(.*\S)\s*#\d+$")  # how GIMP makes names unique


def matched_layers(
    before: Document, after: Document, contents: Mapping[int, Content], after_contents: Mapping[int, Content]
) -> dict[int, int]:
    """The ids of layers of `before` by those of `after`; both documents number their nodes on their own.

    `contents`, `after_contents`: of all layers of each, by id. Layers with equal pixels are matched first, then those
    that look alike, then those with a name that no other has.
    """
    matching = _Matching(list(before.layers()), list(after.layers()))
    equal = [
        (_displacement(contents[old.id], after_contents[new.id]), not same_name(old.name, new.name), abs(i - j), i, j)
        for (i, old), (j, new) in product(enumerate(matching.old), enumerate(matching.new))
        if not contents[old.id].is_empty and contents[old.id].key == after_contents[new.id].key
    ]
    for *_, i, j in sorted(equal, key=lambda pair: (pair[0] > 0, pair[1], *pair)):
        matching.add(i, j)
    alike: list[tuple[float, int, int]] = []
    for i, j in matching.open_pairs():
        old, new = matching.old[i], matching.new[j]
        namesake = same_name(old.name, new.name)
        common = likeness(contents[old.id], after_contents[new.id])
        if common >= (_MIN_LIKENESS_OF_NAMESAKES if namesake else _MIN_LIKENESS):
            alike.append((-common - namesake, i, j))
    for _, i, j in sorted(alike):
        matching.add(i, j)
    _match_names(matching)
    return {matching.new[j].id: matching.old[i].id for j, i in matching.pairs.items()}


def matched_groups(before: Document, after: Document, layers: Mapping[int, int]) -> dict[int, int]:
    """The ids of groups of `before` by those of `after`: those that share most layers, or else a name of their own.

    `layers`: as `matched_layers` returns them.
    """
    old = [node for node, _ in before.walk() if isinstance(node, GroupNode)]
    new = [node for node, _ in after.walk() if isinstance(node, GroupNode)]
    members = [{layer.id for layer in layers_in(group)} for group in old]
    found = [{layers.get(layer.id, -layer.id) for layer in layers_in(group)} for group in new]
    pairs: list[tuple[float, bool, int, int]] = []
    for (i, mine), (j, theirs) in product(enumerate(members), enumerate(found)):
        shared = len(mine & theirs) / len(mine | theirs)
        namesake = same_name(old[i].name, new[j].name)
        if shared >= _MIN_SHARED or (namesake and mine & theirs):
            pairs.append((-shared - namesake, not namesake, i, j))
    taken: dict[int, int] = {}
    for _, _, i, j in sorted(pairs):
        if i not in taken.values() and j not in taken:
            taken[j] = i
    return {new[j].id: old[i].id for j, i in taken.items()}


def same_name(before: str, after: str) -> bool:
    """True for equal names, but for spaces around them and the number with which GIMP makes names unique."""
    before, after = before.strip(), after.strip()
    numbered = _NUMBERED.match(after)
    return before == after or (numbered is not None and numbered[1] == before)


class _Matching:
    """Pairs of layers by their positions, each in one pair at most. `pairs`: of `old`, by those of `new`."""

    def __init__(self, old: list[LayerNode], new: list[LayerNode]) -> None:
        self.old, self.new = old, new
        self.pairs: dict[int, int] = {}

    def add(self, old: int, new: int) -> None:
        if new not in self.pairs and old not in self.pairs.values():
            self.pairs[new] = old

    def open_pairs(self) -> Iterator[tuple[int, int]]:
        taken = set(self.pairs.values())
        return product(
            (i for i in range(len(self.old)) if i not in taken),
            [j for j in range(len(self.new)) if j not in self.pairs],
        )


def _match_names(matching: _Matching) -> None:
    pairs = [(i, j) for i, j in matching.open_pairs() if same_name(matching.old[i].name, matching.new[j].name)]
    old, new = (_once(pair[side] for pair in pairs) for side in (0, 1))
    for i, j in pairs:
        if i in old and j in new:
            matching.add(i, j)


def _once(numbers: Iterable[int]) -> set[int]:
    return {number for number, times in Counter(numbers).items() if times == 1}


def _displacement(first: Content, second: Content) -> int:
    return abs(first.left - second.left) + abs(first.top - second.top)
