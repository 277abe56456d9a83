"""Puts the layers of an image into groups with names, in an order in which they composite as before."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from lamina.core.layers import Group, Layer, LayerKind, Pixels
from lamina.engines.classic.folding import Entry, Folder, Layout, fold, groups_in
from lamina.engines.classic.group_names import group_names
from lamina.engines.classic.raster import bounding_box
from lamina.engines.classic.relations import find_relations
from lamina.engines.classic.solve import Element, Solved

_LOOSE_WEIGHT = 0.4  # of foreground that is no thing that was chosen


def grouped_layers(
    solved: Solved, elements: Sequence[Element], visible: Pixels, limit: int, *, has_all_groups: bool
) -> list[Layer]:
    """The layers, bottom first, in at most `limit` layers and groups, the background included.

    `elements`: front first, as they were solved. `visible`: (h, w, 4), the image at working size. `has_all_groups`:
    all related layers form groups, not only as many as the limit requires.
    """
    ground = [layer for layer, index in zip(solved.layers, solved.elements, strict=True) if index is None]
    pairs = [
        (layer, elements[index])
        for layer, index in zip(solved.layers, solved.elements, strict=True)
        if index is not None
    ]
    if not pairs:
        return ground
    layers, own = [layer for layer, _ in pairs], [element for _, element in pairs]
    parts, others = find_relations(own)
    layout = _layout(layers, own, visible)
    required = [*parts, *others] if has_all_groups else parts
    entries = fold(layout, required, others, max(1, limit - len(ground)))
    folders = list(groups_in(entries))
    names = group_names(folders, own, visible)
    groups = {id(folder): Group(name, kind) for folder, (name, kind) in zip(folders, names, strict=True)}
    return [*ground, *_in_groups(entries, layers, groups, ())]


def _in_groups(
    entries: Sequence[Entry], layers: Sequence[Layer], groups: dict[int, Group], around: tuple[Group, ...]
) -> Iterator[Layer]:
    for entry in entries:
        if isinstance(entry, Folder):
            yield from _in_groups(entry.members, layers, groups, (*around, groups[id(entry)]))
        else:
            yield replace(layers[entry], groups=around) if around else layers[entry]


def _layout(layers: Sequence[Layer], elements: Sequence[Element], visible: Pixels) -> Layout:
    height, width = visible.shape[:2]
    count = len(layers)
    overlaps = np.zeros((count, count), bool)
    for first, second in combinations(range(count), 2):
        overlaps[first, second] = overlaps[second, first] = layers[first].overlaps(layers[second])
    boxes = np.array([bounding_box(element.mask) for element in elements], float)
    boxes[:, 2:] += boxes[:, :2]
    return Layout(
        overlaps=overlaps,
        boxes=boxes / np.array([width, height, width, height]),
        areas=np.array([np.count_nonzero(element.mask) / (width * height) for element in elements]),
        is_text=np.array([element.kind is LayerKind.TEXT for element in elements]),
        is_fixed=np.array([element.is_selected for element in elements]),
        weights=np.array([1.0 if element.within or element.text else _LOOSE_WEIGHT for element in elements]),
    )
