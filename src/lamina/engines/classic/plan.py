"""Plans the layers: groups the detected elements, front first, within the layer limit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import LayerKind, Pixels, TextLine
from lamina.engines.classic.background import Background
from lamina.engines.classic.budget import Group, Member, fit_budget
from lamina.engines.classic.lettering import Lettering
from lamina.engines.classic.naming import numbered, text_name
from lamina.engines.classic.paragraphs import paragraphs
from lamina.engines.classic.pieces import Pieces
from lamina.engines.classic.raster import Mask, as_bytes, labels_mask
from lamina.engines.classic.solve import Element
from lamina.engines.colours import SAMPLE_PX, colour_word

_FRONT_FIRST = (LayerKind.TEXT, LayerKind.SMALL, LayerKind.OBJECT, LayerKind.PANEL, LayerKind.AREA)
# Index of the image (visible, then each plate) that shows an element of a kind; the next one is its backdrop.
_DEPTH = {LayerKind.TEXT: 0, LayerKind.SMALL: 1, LayerKind.OBJECT: 1, LayerKind.PANEL: 2, LayerKind.AREA: 3}


@dataclass(frozen=True, eq=False, kw_only=True)
class Scene:
    """Everything that was detected at working size.

    `visible`: (h, w, 4), the image. `plates`: the inpainted images without text, objects, panels and areas, see
    `inpaint_plates`.
    """

    visible: Pixels
    plates: list[Pixels]
    lettering: tuple[Lettering, ...]
    background: Background
    pieces: Pieces


def plan_layers(scene: Scene, limit: int) -> list[Element]:
    """At most `limit` elements, front first: text, small elements, objects (small before large), panels, areas."""
    groups = fit_budget(_groups(scene), limit)
    groups.sort(key=lambda group: (_FRONT_FIRST.index(group.kind), group.share))
    masks = [_union(scene, group.members) for group in groups]
    pictures = [scene.visible, *scene.plates]
    counts = {depth: _count(scene, groups, masks, depth) for depth in set(_DEPTH.values())}
    names = _names(scene, groups, masks)
    return [
        Element(
            name=names[index],
            kind=group.kind,
            mask=masks[index],
            # a soft edge must not extend onto another group of the same depth
            edge_area=counts[_DEPTH[group.kind]] == as_bytes(masks[index]),
            visible=pictures[min(_DEPTH[kind] for kind, _ in group.members)],
            backdrop=pictures[max(_DEPTH[kind] for kind, _ in group.members) + 1],
            text=_lines(scene, group),
        )
        for index, group in enumerate(groups)
    ]


def _groups(scene: Scene) -> list[Group]:
    size = scene.pieces.owner.size
    boxes_px = [line.box[2] * line.box[3] for line in scene.lettering]
    texts = [
        Group(
            kind=LayerKind.TEXT,
            members=tuple((LayerKind.TEXT, index) for index in lines),
            share=sum(boxes_px[index] for index in lines) / size,
        )
        for lines in paragraphs(scene.lettering)
    ]
    pieces = [
        Group(
            kind=piece.kind,
            members=((piece.kind, piece.label),),
            share=piece.area / size,
            origin=piece.cutout,
            cuts=piece.cuts,
        )
        for piece in scene.pieces.pieces
    ]
    areas = [
        Group(kind=LayerKind.AREA, members=((LayerKind.AREA, index),), share=float(area.mean()))
        for index, area in enumerate(scene.background.areas)
    ]
    return texts + pieces + areas


def _union(scene: Scene, members: tuple[Member, ...]) -> Mask:
    mask = np.zeros(scene.pieces.owner.shape, bool)
    labels = [number for kind, number in members if kind in (LayerKind.OBJECT, LayerKind.SMALL)]
    if labels:
        mask |= labels_mask(scene.pieces.owner, labels)
    for kind, number in members:
        if kind is LayerKind.TEXT:
            scene.lettering[number].paint(mask)
        elif kind is LayerKind.PANEL:
            mask |= scene.pieces.hulls[number]
        elif kind is LayerKind.AREA:
            mask |= scene.background.areas[number]
    return mask


def _count(scene: Scene, groups: list[Group], masks: list[Mask], depth: int) -> NDArray[np.uint8]:
    """(h, w): number of groups of one depth at each pixel."""
    count = np.zeros(scene.pieces.owner.shape, np.uint8)
    for group, mask in zip(groups, masks, strict=True):
        if _DEPTH[group.kind] == depth:
            count += mask
    return count


def _names(scene: Scene, groups: list[Group], masks: list[Mask]) -> list[str]:
    sizes = [max((line.size_px for line in _lines(scene, group)), default=0) for group in groups]
    largest = sizes.index(max(sizes)) if groups else 0
    objects_by_area = [
        index
        for index, group in sorted(enumerate(groups), key=lambda item: -item[1].share)
        if group.kind is LayerKind.OBJECT
    ]
    strings = [[line.string for line in _lines(scene, group) if line.string] for group in groups]
    unread = [index for index, group in enumerate(groups) if group.kind is LayerKind.TEXT and not strings[index]]
    names: list[str] = []
    for index, (group, mask) in enumerate(zip(groups, masks, strict=True)):
        match group.kind:
            case LayerKind.TEXT if index in unread:
                names.append(f"{numbered('Text', unread.index(index) + 1, len(unread))} (not read)")
            case LayerKind.TEXT:
                names.append(text_name(strings[index], index == largest))
            case LayerKind.SMALL:
                names.append("Small elements")
            case LayerKind.OBJECT:
                name = numbered("Object", objects_by_area.index(index) + 1, len(objects_by_area))
                names.append(f"{name} ({_colour_of(scene, mask)})")
            case kind:
                names.append(f"{kind.capitalize()} ({_colour_of(scene, mask)})")
    return names


def _colour_of(scene: Scene, mask: Mask) -> str:
    indices = np.flatnonzero(mask)
    indices = indices[:: max(1, len(indices) // SAMPLE_PX)]
    return colour_word(scene.plates[0].reshape(-1, 4)[indices, :3])


def _lines(scene: Scene, group: Group) -> tuple[TextLine, ...]:
    lettering = [scene.lettering[number] for kind, number in group.members if kind is LayerKind.TEXT]
    lettering.sort(key=lambda line: (line.box[1], line.box[0]))
    return tuple(TextLine(line.string, line.quad, line.colour, line.size_px) for line in lettering)
