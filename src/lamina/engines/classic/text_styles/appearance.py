"""Measures what the letters of a text layer look like, and where exactly they are."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lamina.core.layers import Layer, TextLine
from lamina.core.text_styles import Colour, TextOutline, TextShadow
from lamina.engines.classic.raster import Labels, Mask, Values
from lamina.engines.classic.text_styles.bends import enclosing_box, find_bend, straightened
from lamina.engines.classic.text_styles.effects import find_effects
from lamina.engines.classic.text_styles.fills import Fill, find_fill, innermost
from lamina.engines.classic.text_styles.ink import ink_box, letters_bottom, line_owners, windows_of_lines
from lamina.engines.classic.text_styles.letters import Letters, separate_letters, straight_colours
from lamina.engines.classic.text_styles.upright import UprightText, rectify, refined_direction
from lamina.typesetting.frames import LineBox, TextFrame, direction_of

_SAME_DEGREES = 3.0
_SNAP_DEGREES = 3.0
_SOLID = 0.5
_CAPITALS = 1.4  # the em in heights of capitals
_MISSING, _LOOSE = 0.5, 0.1  # of the height of a line: gaps at its ends that letters leave, and that the OCR leaves
_EFFECT_MARGIN_EM = 0.5  # around a line: outlines and shadows are within it
_MAX_EFFECT_WIDTH_EM = 16  # of a long line, the middle shows its effects as well
_MIN_EFFECT_EM_PX = 12  # in smaller text, effects cannot be told from the edges of the letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """The effects of the main line of a layer; lengths in canvas pixels, offsets on the canvas."""

    fill: Fill
    outline: TextOutline | None = None
    shadow: TextShadow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """`lines`: with corrected colours, and corners that enclose the visible letters. For each line: `frames`; `boxes`,
    of the visible letters, in the frame; `bottoms`, where most letters end there, or None; `scales`, pixels in which it
    was measured per canvas pixel.

    `bend_px`: the radius of the circle through the middles of the letters of bent text, signed as
    `TextStyle.arc_radius_px`; the box is then that of the straightened text, around the middle of its middle line.
    """

    lines: tuple[TextLine, ...]
    frames: tuple[TextFrame, ...]
    boxes: tuple[LineBox, ...]
    bottoms: tuple[float | None, ...]
    scales: tuple[float, ...]
    effects: Effects
    bend_px: float = 0.0


def measure_appearance(layer: Layer) -> Appearance:
    """The appearance of a layer with lines of text."""
    appearance, faces = _measured(layer)
    if faces is None:
        return appearance
    seeming = appearance.effects.fill.colour
    lines = (replace(line, colour=faces) if line.colour == seeming else line for line in layer.text)
    return _measured(replace(layer, text=tuple(lines)))[0]


def _measured(layer: Layer) -> tuple[Appearance, Colour | None]:
    """The appearance, and the colour of the faces if what lines give as their colour is that of the shadow."""
    bent = _bent(layer) if len(layer.text) == 1 else None
    if bent is not None:
        return bent
    frames = _frames(layer)
    boxes = [_with_area(frame.box(line.quad)) for frame, line in zip(frames, layer.text, strict=True)]
    main = max(range(len(boxes)), key=lambda index: boxes[index].width * boxes[index].height)
    effects, faces = Effects(fill=Fill(colour=layer.text[main].colour)), None
    scales = [1.0] * len(boxes)
    bottoms: list[float | None] = [None] * len(boxes)
    for frame in dict.fromkeys(frames):
        members = [index for index, own_frame in enumerate(frames) if own_frame == frame]
        lines = [layer.text[index] for index in members]
        upright = rectify(layer, frame, [boxes[index] for index in members], max(line.size_px for line in lines))
        part = _part(upright, lines, [boxes[index] for index in members])
        for index, box, bottom in zip(members, part.boxes, part.bottoms, strict=True):
            boxes[index], bottoms[index], scales[index] = box, bottom, upright.scale
        if main in members:
            effects, faces = _effects(part, upright, members.index(main), layer.text[main].size_px, frame)
    lines = tuple(
        replace(line, quad=frame.quad(box)) for line, frame, box in zip(layer.text, frames, boxes, strict=True)
    )
    appearance = Appearance(
        lines=lines,
        frames=tuple(frames),
        boxes=tuple(boxes),
        bottoms=tuple(bottoms),
        scales=tuple(scales),
        effects=effects,
    )
    return appearance, faces


def _bent(layer: Layer) -> tuple[Appearance, Colour | None] | None:
    """The same of a single line on a circle; None if it is straight."""
    line = layer.text[0]
    frame = TextFrame(direction_of(line.quad))
    upright = rectify(layer, frame, [_with_area(frame.box(line.quad))], line.size_px)
    bend = find_bend(upright.alpha > _SOLID)
    if bend is None:
        return None
    straight, scale = straightened(upright, bend), upright.scale
    half_height, half_length = bend.height / scale, math.radians(bend.span) * abs(bend.radius) / 2 / scale
    box = LineBox(left=-half_length, right=half_length, top=-half_height, bottom=half_height)
    part = _part(straight, [line], [box])
    box = part.boxes[0]
    turned = TextFrame(_snapped(frame.degrees + bend.turn))
    effects, faces = _effects(part, straight, 0, _CAPITALS * bend.height / scale, turned)
    x, y = bend.point(np.array((box.left + box.right) / 2 * scale), np.zeros(1))
    middle = frame.canvas_point(float(x[0]) / scale + upright.left, float(y[0]) / scale + upright.top)
    enclosing = enclosing_box(box, bend.radius / scale).shifted(turned.along(middle), turned.across(middle))
    appearance = Appearance(
        lines=(replace(line, quad=turned.quad(enclosing)),),
        frames=(turned,),
        boxes=(box,),
        bottoms=tuple(part.bottoms),
        scales=(scale,),
        effects=effects,
        bend_px=bend.radius / scale,
    )
    return appearance, faces


def _snapped(degrees: float) -> float:
    """The rotation, or a multiple of 90 degrees that is near: the middle of bent text is found less exactly."""
    straight = 90.0 * round(degrees / 90)
    return straight if abs(degrees - straight) <= _SNAP_DEGREES else round(degrees, 2)


def _with_area(box: LineBox) -> LineBox:
    """The box, at least a pixel wide and high: corners in files of other origin may be anywhere."""
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    half_width, half_height = max(0.5, box.width / 2), max(0.5, box.height / 2)
    return LineBox(left=x - half_width, right=x + half_width, top=y - half_height, bottom=y + half_height)


def _frames(layer: Layer) -> list[TextFrame]:
    """The frame of each line; lines of about the same direction share it."""
    directions = [direction_of(line.quad) for line in layer.text]
    widths = [math.dist(line.quad[0], line.quad[1]) for line in layer.text]
    frames: list[TextFrame | None] = [None] * len(directions)
    for first in sorted(range(len(directions)), key=lambda index: -widths[index]):
        if frames[first] is not None:
            continue
        members = [
            index
            for index, degrees in enumerate(directions)
            if frames[index] is None and abs((degrees - directions[first] + 180) % 360 - 180) <= _SAME_DEGREES
        ]
        quads = [layer.text[index].quad for index in members]
        frame = TextFrame(round(refined_direction(layer, quads, directions[first]), 2))
        for index in members:
            frames[index] = frame
    return [frame for frame in frames if frame is not None]


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """The lines of one direction, in an upright part of the layer.

    `boxes`: of the visible letters, in the frame; `bottoms`: where most of them end, None if that is unclear.
    """

    letters: Letters
    fills: list[Fill]
    boxes: list[LineBox]
    bottoms: list[float | None]


def _part(upright: UprightText, lines: Sequence[TextLine], boxes: Sequence[LineBox]) -> _Part:
    local_boxes = [upright.to_pixels(box) for box in boxes]
    shape = upright.alpha.shape[0], upright.alpha.shape[1]
    owners = line_owners(local_boxes, shape, upright.alpha > _SOLID)
    fills = _fills(upright.pixels, innermost(upright.alpha), owners, lines)
    letters = separate_letters(upright.pixels, owners, fills)
    if letters.colours:
        owners = line_owners(local_boxes, shape, letters.faces > _SOLID)
    enclosed = list(boxes)
    bottoms: list[float | None] = [None] * len(boxes)
    for index, window in windows_of_lines(owners, len(boxes)).items():
        is_near = (owners[window] == index) | (owners[window] < 0)
        coverage = np.where(is_near, letters.faces[window], 0)
        ink, bottom = ink_box(coverage), letters_bottom(coverage)
        if ink is not None:
            ink = ink.shifted(window[1].start, window[0].start)
            enclosed[index] = _completed(upright.to_frame(ink), boxes[index])
        if bottom is not None:
            bottoms[index] = (bottom + window[0].start) / upright.scale + upright.top
    return _Part(letters, fills, enclosed, bottoms)


def _fills(pixels: Values, inner: Mask, owners: Labels, lines: Sequence[TextLine]) -> list[Fill]:
    """The fill of each line: a gradient across all lines, or the colour of the line."""
    whole = find_fill(pixels, inner, owners, lines[0].colour)
    if whole.gradient is not None:
        return [whole] * len(lines)
    return [Fill(colour=line.colour) for line in lines]


def _completed(ink: LineBox, box: LineBox) -> LineBox:
    """The extents of a line: not far beyond the box of the OCR, but to its ends where letters are missing there."""
    reach, loose = _MISSING * box.height, _LOOSE * box.height
    if min(ink.bottom, box.bottom) - max(ink.top, box.top) < loose:
        return ink
    return LineBox(
        left=box.left + loose if ink.left - box.left > reach else ink.left,
        right=box.right - loose if box.right - ink.right > reach else ink.right,
        top=max(ink.top, box.top - loose),
        bottom=min(ink.bottom, box.bottom + loose),
    )


def _effects(
    part: _Part, upright: UprightText, main: int, size_px: float, frame: TextFrame
) -> tuple[Effects, Colour | None]:
    """The effects of the line `main`, which stands for all; the colour of the faces as in `_measured`."""
    em_px, fill = size_px * upright.scale, part.fills[main]
    box = upright.to_pixels(part.boxes[main])
    margin = _EFFECT_MARGIN_EM * em_px
    middle = (box.left + box.right) / 2
    half_width = min(box.width / 2 + margin, _MAX_EFFECT_WIDTH_EM / 2 * em_px)
    window = np.s_[
        max(0, math.floor(box.top - margin)) : max(0, math.ceil(box.bottom + margin)),
        max(0, math.floor(middle - half_width)) : max(0, math.ceil(middle + half_width)),
    ]
    letters = part.letters.within(window)
    if em_px < _MIN_EFFECT_EM_PX or not letters.colours or not letters.faces.size:
        return Effects(fill=fill), None
    found = find_effects(letters, straight_colours(upright.pixels[window]), em_px)
    outline, shadow = found.outline, found.shadow
    if outline is not None:
        outline = replace(outline, width_px=round(outline.width_px / upright.scale, 2))
    if shadow is not None:
        right, down = frame.canvas_point(shadow.offset_px[0] / upright.scale, shadow.offset_px[1] / upright.scale)
        blur_px = round(shadow.blur_px / upright.scale, 2)
        shadow = replace(shadow, offset_px=(round(right, 2), round(down, 2)), blur_px=blur_px)
    faces = _farthest(letters.colours, fill.colour) if found.is_swapped else None
    return Effects(fill=fill, outline=outline, shadow=shadow), faces


def _farthest(colours: Sequence[Colour], colour: Colour) -> Colour:
    """The colour that differs most: another one may be a mixture."""
    return max(colours, key=lambda each: math.dist(each, colour))
