"""Arranges the chosen candidates as layers: which lies in front, what each one hides, and what is beneath it."""

from collections.abc import Sequence

import cv2
import numpy as np

from lamina.core.layers import LayerKind, Pixels, TextLine
from lamina.engines.classic.candidates import Candidate, Source
from lamina.engines.classic.exemplar_fill import exemplar_fill
from lamina.engines.classic.fill import fill
from lamina.engines.classic.lettering import Lettering
from lamina.engines.classic.observation import Observation
from lamina.engines.classic.parallel import map_in_threads
from lamina.engines.classic.raster import (
    Labels,
    Mask,
    as_bytes,
    bounding_box,
    components,
    grow,
    open_mask,
    window_of,
)
from lamina.engines.classic.soft_shadows import find_shadow
from lamina.engines.classic.solve import Element
from lamina.engines.classic.text_blocks import TextBlock
from lamina.engines.classic.things import Thing, owner_of, with_loose_parts, without_rims

_MARGIN_PX = 3  # width of the soft edge around a mask
_MIN_KNOWN_PX = 64
_RING_PX = 10  # around a hole: what is farther away may be another thing
_FRINGE_PX = 5  # wide foreground without a layer is no remainder of the edge of a thing
_SURROUNDED = 0.55  # share of its surroundings from which on a thing lies on another
_CLOSELY_SURROUNDED = 0.8
_OUTLINE_PX = 4
_MIN_SURFACE = 0.25  # of what lies on it


def arrange(
    seen: Observation,
    chosen: Sequence[Candidate],
    blocks: Sequence[TextBlock],
    limit: int,
    *,
    is_scene: bool,
    is_flat: bool = True,
) -> list[Element]:
    """At most `limit` elements, front first: the blocks of text, then the things. Few have names already.

    `chosen` and `blocks` must not exceed the limit together. `is_flat`: foreground that belongs to no thing is joined
    to one layer; otherwise, its larger pieces are things of their own. `is_scene`: the background continues
    by examples of itself beneath the things, because it is no surface.
    """
    things = [_thing(candidate) for candidate in chosen]
    if seen.background.is_smooth or seen.has_clear_ground:
        things = with_loose_parts(seen, things, limit - len(blocks), is_flat=is_flat)
    things.sort(key=lambda thing: thing.depth)
    if not is_flat:
        things = without_rims(things)
    return [*_text_elements(seen, blocks), *_thing_elements(seen, _visible(seen, things), is_scene=is_scene)]


def _visible(seen: Observation, things: list[Thing]) -> list[Thing]:
    """Those that others, which are given front first, do not cover entirely, and panels, which go on beneath them."""
    owner = owner_of([thing.mask for thing in things], seen.smooth.shape)
    areas = np.bincount(owner[owner >= 0], minlength=len(things))
    return [thing for thing, area in zip(things, areas, strict=True) if area or (thing.is_hull and thing.mask.any())]


def _thing(candidate: Candidate) -> Thing:
    if candidate.is_hull:
        kind = LayerKind.PANEL
    elif candidate.sources == {Source.AREA}:
        kind = LayerKind.AREA
    else:
        kind = LayerKind.OBJECT
    return Thing(candidate.full(), kind, candidate.is_hull, candidate.name, candidate.is_selected, candidate.within)


def _text_elements(seen: Observation, blocks: Sequence[TextBlock]) -> list[Element]:
    blocks = sorted(blocks, key=lambda block: block.area)  # small text lies in front of large text
    masks: list[Mask] = []
    count = np.zeros(seen.smooth.shape, np.uint8)
    for block in blocks:
        mask = np.zeros(seen.smooth.shape, bool)
        for line in block.lines:
            line.paint(mask)
        masks.append(mask)
        count += mask
    return [
        Element(
            name=block.name,
            kind=LayerKind.TEXT,
            mask=mask,
            # a soft edge must not extend onto another block
            edge_area=count == as_bytes(mask),
            visible=seen.visible,
            backdrop=seen.clean,
            is_selected=block.is_selected,
            text=tuple(TextLine(line.string, line.quad, line.colour, line.size_px) for line in _in_order(block.lines)),
        ).cropped()
        for block, mask in zip(blocks, masks, strict=True)
    ]


def _in_order(block: Sequence[Lettering]) -> list[Lettering]:
    return sorted(block, key=lambda line: (line.box[1], line.box[0]))


def _thing_elements(seen: Observation, things: list[Thing], *, is_scene: bool) -> list[Element]:
    """The elements of the things, which are given front first."""
    owner = owner_of([thing.mask for thing in things], seen.smooth.shape)
    holders, shapes = _holders(things, owner)
    shadows = map_in_threads(lambda index: _shadow(seen, index, holders, shapes, owner), range(len(things)))
    plate = _background_plate(seen, owner, shadows, is_scene=is_scene)
    current, elements = seen.clean, []
    for index, thing in enumerate(things):
        backdrop = _without(
            seen, index, current=current, plate=plate, owner=owner, holders=holders, shapes=shapes, shadows=shadows
        )
        elements.append(
            Element(
                name=thing.name,
                kind=thing.kind,
                mask=shapes[index],
                edge_area=(owner == index) | (owner == holders[index]) | (owner == -1),
                visible=current,
                backdrop=backdrop,
                shadow=shadows[index],
                within=thing.within,
                is_selected=thing.is_selected,
            ).cropped()
        )
        current = backdrop
    return elements


def _holders(things: list[Thing], owner: Labels) -> tuple[list[int], list[Mask]]:
    """For each thing the index of the thing on which it lies, or -1; and its shape.

    The shape of a thing is what is visible of it, and goes on beneath what lies on it if it has a surface there: a card
    under an icon, but not an outline around its filling.
    """
    holders: list[int] = []
    shapes = [thing.mask.copy() if thing.is_hull else owner == index for index, thing in enumerate(things)]
    windows = [window_of(bounding_box(thing.mask), 10) for thing in things]
    surfaces = [
        np.count_nonzero(open_mask(owner[window] == index, _OUTLINE_PX)) for index, window in enumerate(windows)
    ]
    for index, (thing, window) in enumerate(zip(things, windows, strict=True)):
        mask, owners = thing.mask[window], owner[window]
        ring = grow(mask, 9) & ~grow(mask, 4)
        behind = owners[ring & ((owners > index) | (owners == -1))]
        holder = int(np.bincount(behind + 1).argmax()) - 1 if behind.size else -1
        share = float((behind == holder).mean()) if behind.size else 0.0
        if share < _SURROUNDED:
            holder = -1
        holders.append(holder)
        if holder >= 0 and surfaces[holder] > _MIN_SURFACE * np.count_nonzero(mask):
            reach = (
                things[holder].mask | _hull(things[holder].mask) if share > _CLOSELY_SURROUNDED else things[holder].mask
            )
            shapes[holder] |= shapes[index] & reach
    return holders, shapes


def _hull(mask: Mask) -> Mask:
    """The convex hull of a mask."""
    outlines, _ = cv2.findContours(as_bytes(mask), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    points = np.asarray(cv2.convexHull(np.concatenate(outlines)), np.int32)
    return np.asarray(cv2.fillConvexPoly(np.zeros(mask.shape, np.uint8), points, 1)).view(np.bool_)


def _shadow(seen: Observation, index: int, holders: list[int], shapes: list[Mask], owner: Labels) -> Mask | None:
    model = seen.background.model if seen.background.is_smooth and not seen.has_clear_ground else None
    if model is None or holders[index] >= 0:
        return None
    others = ((owner >= 0) & (owner != index)) | seen.text
    return find_shadow(seen.rgb, model, shapes[index], others, seen.noise)


def _background_plate(seen: Observation, owner: Labels, shadows: list[Mask | None], *, is_scene: bool) -> Pixels:
    """(h, w, 4): the image without any thing, its shadows included, so that nothing is smeared into the holes."""
    front = owner >= 0
    if seen.has_clear_ground:
        plate = seen.clean.copy()
        plate[grow(front, _MARGIN_PX)] = 0
        return plate
    hole = grow(front, _MARGIN_PX)
    for shadow in shadows:
        if shadow is not None:
            hole |= grow(shadow, 2)
    if is_scene and (plate := exemplar_fill(seen.clean, hole)) is not None:
        return plate
    known = ~hole & seen.background.mask if seen.background.is_smooth else ~hole
    if np.count_nonzero(known) <= _MIN_KNOWN_PX:
        known = ~hole
    plate = fill(seen.clean, hole, known)
    if seen.background.is_smooth:
        _continue_foreground(plate, seen, hole)
    return plate


def _continue_foreground(plate: Pixels, seen: Observation, hole: Mask) -> None:
    """Foreground that is no layer of its own stays in the plate; it goes on beneath the things that lie on it."""
    foreground = components(open_mask(~(seen.background.mask | hole), _FRINGE_PX))
    if len(foreground) < 2:
        return
    holes = components(hole)
    for label in range(1, len(holes)):
        window = window_of(bounding_box(holes.labels == label), _RING_PX)
        part = holes.labels[window] == label
        ring = np.where(grow(part, _RING_PX) & ~hole[window], foreground.labels[window], -1)
        around = ring[ring >= 0]
        holder = int(np.bincount(around).argmax()) if around.size else 0
        if holder and (around == holder).mean() >= _SURROUNDED:
            plate[window] = fill(plate[window], part, ring == holder)


def _without(
    seen: Observation,
    index: int,
    *,
    current: Pixels,
    plate: Pixels,
    owner: Labels,
    holders: list[int],
    shapes: list[Mask],
    shadows: list[Mask | None],
) -> Pixels:
    """`current` without one thing: what it lies on continues beneath it, elsewhere the background shows."""
    shape, holder, shadow = shapes[index], holders[index], shadows[index]
    hole = shape | (grow(shape, _MARGIN_PX) & ~(owner > index))
    if shadow is not None:
        hole |= grow(shadow, 2) & (owner == -1)
    backdrop, rest = current.copy(), hole
    if holder >= 0:
        inner = hole & (shapes[holder] | grow(owner == holder, 1))
        in_front = grow((owner >= 0) & (owner < holder), _MARGIN_PX)
        known = (owner == holder) & ~in_front & ~grow(shape, _MARGIN_PX)
        if np.count_nonzero(known) > _MIN_KNOWN_PX:
            backdrop = fill(current, inner, known)
            rest = hole & ~inner
    behind = [other for number, other in enumerate(shapes) if number > index]
    if behind:
        rest = rest & ~(np.logical_or.reduce(behind) & ~shape)
    cv2.copyTo(plate, as_bytes(rest), backdrop)
    if seen.has_clear_ground:  # translucent inpainted pixels could not be unblended
        backdrop[..., 3] = np.where(backdrop[..., 3] < 128, 0, 255)
    return backdrop
