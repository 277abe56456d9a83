"""Compares two documents of which one has come from the other."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from lamina.core.layers import Pixels
from lamina.stacks.canvases import canvas_origin
from lamina.stacks.changes import (
    Added,
    AnyChange,
    Attribute,
    Differences,
    Moved,
    PictureChange,
    Regrouped,
    Removed,
    Renamed,
    Reordered,
    Repainted,
    Restyled,
    Transformed,
)
from lamina.stacks.content import Shift, best_shift, content_of, difference
from lamina.stacks.document import Document, GroupNode, LayerNode, Node
from lamina.stacks.pixels import PixelStore
from lamina.stacks.rendering import composite_of, rendered
from lamina.stacks.transforms import Transform


def diff(before: Document, after: Document, pixels: PixelStore) -> Differences:
    """What is different in `after`. Nodes with the same id are the same: for a file of another program, see `adopted`.

    Colour under alpha 0 does not count, nor does how layers are cropped.
    """
    old, new = _nodes(before), _nodes(after)
    common = [node_id for node_id in new if node_id in old and _is_same_sort(old[node_id], new[node_id])]
    changes: list[AnyChange] = []
    kept: list[int] = []
    origin = canvas_origin(before, after, _shifts(old, new, common), pixels)
    placed = dict(_placements(before, after, frozenset(common)))
    for node_id in common:
        own = [*_changes_of(old[node_id], _moved_by(new[node_id], origin), max(before.width, before.height), pixels)]
        own += [placed[node_id]] if node_id in placed else []
        changes += own
        if not own and isinstance(new[node_id], LayerNode):
            kept.append(node_id)
    changes += [Added(node=node.id, name=node.name, is_group=_is_group(node)) for node in _others(new, common)]
    changes += [Removed(node=node.id, name=node.name, is_group=_is_group(node)) for node in _others(old, common)]
    return Differences(
        changes=tuple(changes),
        kept=tuple(kept),
        picture=_picture_change(before, after, origin or (0, 0), pixels),
        size_before=(before.width, before.height),
        size_after=(after.width, after.height),
        origin=origin,
    )


def _shifts(old: Mapping[int, Node], new: Mapping[int, Node], common: Sequence[int]) -> Iterator[Shift]:
    """By how many pixels layers with the same pixels are elsewhere."""
    for node_id in common:
        one, other = old[node_id], new[node_id]
        if isinstance(one, LayerNode) and isinstance(other, LayerNode) and one.pixels.key == other.pixels.key:
            first, second = one.transform, other.transform
            if replace(first, e=0, f=0) == replace(second, e=0, f=0):
                (x, y), (to_x, to_y) = (each.transform.of(each.left, each.top) for each in (one, other))
                yield round(to_x - x), round(to_y - y)


def _moved_by(node: Node, origin: Shift | None) -> Node:
    """The node on the canvas on which its own begins at `origin`."""
    if isinstance(node, GroupNode) or origin is None or origin == (0, 0):
        return node
    return replace(node, transform=node.transform.then(Transform.shift(*origin)))


def _changes_of(old: Node, new: Node, side: int, pixels: PixelStore) -> Iterator[AnyChange]:
    node, name = old.id, old.name
    if new.name != name:
        yield Renamed(node=node, name=name, to=new.name)
    if isinstance(old, LayerNode) and isinstance(new, LayerNode):
        yield from _changes_of_pixels(old, new, side, pixels)
    for attribute, was, now in _attributes(old, new):
        if was != now:
            yield Restyled(node=node, name=name, attribute=attribute, before=was, after=now)


def _attributes(old: Node, new: Node) -> Iterator[tuple[Attribute, int | str | bool, int | str | bool]]:
    if isinstance(old, LayerNode) and isinstance(new, LayerNode):
        yield "opacity", old.opacity, new.opacity
        yield "blend", old.blend.value, new.blend.value
    yield "hidden", old.is_hidden, new.is_hidden
    yield "locked", old.is_locked, new.is_locked


def _changes_of_pixels(old: LayerNode, new: LayerNode, side: int, pixels: PixelStore) -> Iterator[AnyChange]:
    node, name = old.id, old.name
    if old.pixels.key == new.pixels.key:
        first, second = old.transform, new.transform
        if replace(first, e=0, f=0) != replace(second, e=0, f=0):
            yield Transformed(node=node, name=name, before=old.bounds, after=new.bounds)
            return
        (x, y), (to_x, to_y) = (one.transform.of(one.left, one.top) for one in (old, new))
        if (x, y) != (to_x, to_y):
            yield Moved(node=node, name=name, right=_rounded(to_x - x), down=_rounded(to_y - y))
        return
    mine, theirs = (content_of(rendered(one, pixels), side) for one in (old, new))
    shift = (0, 0) if mine.is_empty or theirs.is_empty else best_shift(mine, theirs)
    if shift != (0, 0):
        yield Moved(node=node, name=name, right=shift[0], down=shift[1])
    if mine.key != theirs.key:
        share, max_level = difference(mine, theirs, shift)
        yield Repainted(node=node, name=name, share=share, max_level=max_level)


def _placements(before: Document, after: Document, common: frozenset[int]) -> Iterator[tuple[int, AnyChange]]:
    """The nodes that are in another group, or at another place in their group; groups that came or went don't count."""
    old, new = (_by_parent(document, common) for document in (before, after))
    parents = {node.id: parent for parent, nodes in old.items() for node in nodes}
    for parent, nodes in new.items():
        stayed = [node for node in nodes if parents[node.id] == parent]
        rank = {node.id: position for position, node in enumerate(old.get(parent, ()))}
        in_order = _longest_rising([rank[node.id] for node in stayed])
        lower = ""
        for node in nodes:
            if parents[node.id] != parent:
                to = "" if parent is None else after.find(parent).name
                name = before.find(node.id).name
                yield node.id, Regrouped(node=node.id, name=name, before=parents[node.id], after=parent, to=to)
            elif rank[node.id] not in in_order:
                yield node.id, Reordered(node=node.id, name=before.find(node.id).name, above=lower)
            lower = node.name


def _by_parent(document: Document, common: frozenset[int]) -> dict[int | None, list[Node]]:
    """The nodes that are in both documents, lowest first, by the nearest group around them that is in both, too."""
    nodes: dict[int | None, list[Node]] = {}
    for node, path in document.walk():
        if node.id in common:
            parent = next((group.id for group in reversed(path) if group.id in common), None)
            nodes.setdefault(parent, []).append(node)
    return nodes


def _longest_rising(numbers: Sequence[int]) -> set[int]:
    """The members of a longest increasing subsequence (patience sorting)."""
    tops: list[int] = []
    piles: list[int] = []
    for number in numbers:
        pile = bisect_left(tops, number)
        tops[pile : pile + 1] = [number]
        piles.append(pile)
    rising: set[int] = set()
    wanted = len(tops) - 1
    for number, pile in zip(reversed(numbers), reversed(piles), strict=True):
        if pile == wanted:
            rising.add(number)
            wanted -= 1
    return rising


def _picture_change(before: Document, after: Document, origin: Shift, pixels: PixelStore) -> PictureChange:
    """Where both canvases are."""
    left, top = max(0, origin[0]), max(0, origin[1])
    right, bottom = min(before.width, origin[0] + after.width), min(before.height, origin[1] + after.height)
    if left >= right or top >= bottom:
        return PictureChange()
    one = _composite(before, pixels)[top:bottom, left:right]
    other = _composite(after, pixels)[top - origin[1] : bottom - origin[1], left - origin[0] : right - origin[0]]
    levels = np.abs(one.astype(np.int16) - other).max(-1)
    return PictureChange(share=float(np.count_nonzero(levels)) / levels.size, max_level=int(levels.max()))


def _composite(document: Document, pixels: PixelStore) -> Pixels:
    canvas = np.zeros((document.height, document.width, 4), np.uint8)
    composite_of(document, pixels, canvas)
    return canvas


def _nodes(document: Document) -> dict[int, Node]:
    return {node.id: node for node, _ in document.walk()}


def _others(nodes: dict[int, Node], common: Sequence[int]) -> list[Node]:
    known = frozenset(common)
    return [node for node in nodes.values() if node.id not in known]


def _is_group(node: Node) -> bool:
    return isinstance(node, GroupNode)


def _is_same_sort(old: Node, new: Node) -> bool:
    return _is_group(old) == _is_group(new)


def _rounded(distance: float) -> float:
    return round(distance) if abs(distance - round(distance)) < 1e-6 else distance
