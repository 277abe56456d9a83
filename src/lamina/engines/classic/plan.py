"""From what was found in a picture to the elements that become its layers, front first, within the budget."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import LayerKind, Pixels, TextLine
from lamina.engines.classic.background import Background
from lamina.engines.classic.budget import Group, Member, within_budget
from lamina.engines.classic.lettering import Lettering
from lamina.engines.classic.naming import numbered, text_name
from lamina.engines.classic.paragraphs import paragraphs
from lamina.engines.classic.pieces import Pieces
from lamina.engines.classic.raster import Mask, as_bytes, of_labels
from lamina.engines.classic.solve import Element
from lamina.engines.colours import SAMPLE_PX, colour_word

_FRONT_FIRST = (LayerKind.TEXT, LayerKind.SMALL, LayerKind.OBJECT, LayerKind.PANEL, LayerKind.AREA)
# Which of the pictures seen, without text, objects, panels, areas shows a kind; the next one is what lies beneath it.
_DEPTH = {LayerKind.TEXT: 0, LayerKind.SMALL: 1, LayerKind.OBJECT: 1, LayerKind.PANEL: 2, LayerKind.AREA: 3}


@dataclass(frozen=True, eq=False)
class Scene:
    """All that was found at working size.

    `seen`: (h, w, 4), the picture. `plates`: what lies beneath its text, objects, panels and areas, see `plates_of`.
    """

    seen: Pixels
    plates: list[Pixels]
    lettering: tuple[Lettering, ...]
    background: Background
    pieces: Pieces


def plan_layers(scene: Scene, limit: int) -> list[Element]:
    """At most `limit` elements, front first: text, small things, objects (small before large), panels, areas."""
    groups = within_budget(_groups(scene), limit)
    groups.sort(key=lambda group: (_FRONT_FIRST.index(group.kind), group.share))
    masks = [_union(scene, group.members) for group in groups]
    pictures = [scene.seen, *scene.plates]
    shown = {depth: _count(scene, groups, masks, depth) for depth in set(_DEPTH.values())}
    names = _names(scene, groups, masks)
    return [
        Element(
            name=names[index],
            kind=group.kind,
            mask=masks[index],
            # a soft edge may not reach onto what another group of the same depth shows
            room=shown[_DEPTH[group.kind]] == as_bytes(masks[index]),
            seen=pictures[min(_DEPTH[kind] for kind, _ in group.members)],
            ground=pictures[max(_DEPTH[kind] for kind, _ in group.members) + 1],
            text=_lines(scene, group),
        )
        for index, group in enumerate(groups)
    ]


def _groups(scene: Scene) -> list[Group]:
    size = scene.pieces.owner.size
    boxes_px = [line.box[2] * line.box[3] for line in scene.lettering]
    texts = [
        Group(LayerKind.TEXT, tuple((LayerKind.TEXT, index) for index in lines), sum(boxes_px[i] for i in lines) / size)
        for lines in paragraphs(scene.lettering)
    ]
    pieces = [Group(p.kind, ((p.kind, p.label),), p.area / size, p.cutout, p.cuts) for p in scene.pieces.found]
    areas = [
        Group(LayerKind.AREA, ((LayerKind.AREA, index),), float(area.mean()))
        for index, area in enumerate(scene.background.areas)
    ]
    return texts + pieces + areas


def _union(scene: Scene, members: tuple[Member, ...]) -> Mask:
    mask = np.zeros(scene.pieces.owner.shape, bool)
    labels = [number for kind, number in members if kind in (LayerKind.OBJECT, LayerKind.SMALL)]
    if labels:
        mask |= of_labels(scene.pieces.owner, labels)
    for kind, number in members:
        if kind is LayerKind.TEXT:
            scene.lettering[number].paint(mask)
        elif kind is LayerKind.PANEL:
            mask |= scene.pieces.hulls[number]
        elif kind is LayerKind.AREA:
            mask |= scene.background.areas[number]
    return mask


def _count(scene: Scene, groups: list[Group], masks: list[Mask], depth: int) -> NDArray[np.uint8]:
    """(h, w): how many groups of one depth show each pixel."""
    count = np.zeros(scene.pieces.owner.shape, np.uint8)
    for group, mask in zip(groups, masks, strict=True):
        if _DEPTH[group.kind] == depth:
            count += mask
    return count


def _names(scene: Scene, groups: list[Group], masks: list[Mask]) -> list[str]:
    sizes = [max((line.size_px for line in _lines(scene, group)), default=0) for group in groups]
    largest = sizes.index(max(sizes)) if groups else 0
    by_area = [
        index
        for index, group in sorted(enumerate(groups), key=lambda item: -item[1].share)
        if group.kind is LayerKind.OBJECT
    ]
    said = [[line.string for line in _lines(scene, group) if line.string] for group in groups]
    unread = [index for index, group in enumerate(groups) if group.kind is LayerKind.TEXT and not said[index]]
    names: list[str] = []
    for index, (group, mask) in enumerate(zip(groups, masks, strict=True)):
        match group.kind:
            case LayerKind.TEXT if index in unread:
                names.append(f"{numbered('Text', unread.index(index) + 1, len(unread))} (not read)")
            case LayerKind.TEXT:
                names.append(text_name(said[index], index == largest))
            case LayerKind.SMALL:
                names.append("Small elements")
            case LayerKind.OBJECT:
                what = numbered("Object", by_area.index(index) + 1, len(by_area))
                names.append(f"{what} ({_colour_of(scene, mask)})")
            case kind:
                names.append(f"{kind.capitalize()} ({_colour_of(scene, mask)})")
    return names


def _colour_of(scene: Scene, mask: Mask) -> str:
    places = np.flatnonzero(mask)
    places = places[:: max(1, len(places) // SAMPLE_PX)]
    return colour_word(scene.plates[0].reshape(-1, 4)[places, :3])


def _lines(scene: Scene, group: Group) -> tuple[TextLine, ...]:
    lettering = [scene.lettering[number] for kind, number in group.members if kind is LayerKind.TEXT]
    lettering.sort(key=lambda line: (line.box[1], line.box[0]))
    return tuple(TextLine(line.string, line.quad, line.colour, line.size_px) for line in lettering)
