"""Measures the style of every text layer, and encloses its lines exactly."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lamina.core.layers import Layer, TextLine
from lamina.core.text_styles import TextOutline, TextShadow, TextStyle, Typeface
from lamina.engines.classic.parallel import map_in_threads
from lamina.engines.classic.raster import Labels, Mask, Values
from lamina.engines.classic.text_styles.effects import find_outline, find_shadow
from lamina.engines.classic.text_styles.fills import Fill, find_fill, innermost
from lamina.engines.classic.text_styles.ink import ink_box, line_owners, windows_of_lines
from lamina.engines.classic.text_styles.letters import Letters, separate_letters, straight_colours
from lamina.engines.classic.text_styles.sizes import SizeEstimate, line_size, pooled, unified
from lamina.engines.classic.text_styles.upright import UprightText, rectify, refined_direction
from lamina.typesetting.faces import face_metrics
from lamina.typesetting.frames import LineBox, TextFrame, direction_of
from lamina.typesetting.metrics import FaceMetrics
from lamina.typesetting.scripts import script_of
from lamina.typesetting.setting import SetLine, alignment_of, letter_spacing_px, line_height_px, set_line

_SAME_DEGREES = 3.0
_SAME_SIZE = 0.06  # share by which sizes of one group of lines may differ
_MIN_COVERAGE = 0.5
_SAME_ROW_EM = 0.35
_EFFECT_MARGIN_EM = 0.5  # around a line: outlines and shadows are within it
_MIN_EFFECT_EM_PX = 12  # in smaller text, effects cannot be told from the edges of the letters

TypefaceMatcher = Callable[[Layer], Typeface | None]
"""Recognises the typeface of a text layer; None if that is not possible."""


def measure_text(layers: Sequence[Layer], match_typeface: TypefaceMatcher | None = None) -> list[Layer]:
    """The layers; those with lines of text get a style, and lines whose corners enclose the visible letters.

    Sizes that are equal within the error of measurement become equal, within a layer and between layers.
    """
    texts = [index for index, layer in enumerate(layers) if layer.text]
    measured = map_in_threads(lambda index: _measure(layers[index], match_typeface), texts)
    groups = [group for text in measured for group in text.groups]
    sizes = iter(unified([group.size for group in groups]))
    result = list(layers)
    for index, text in zip(texts, measured, strict=True):
        result[index] = _styled(layers[index], text, [next(sizes) for _ in text.groups])
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Lines of one size. `lines`: their indices in the layer."""

    lines: tuple[int, ...]
    size: SizeEstimate


@dataclass(frozen=True, slots=True, kw_only=True)
class _Effects:
    """What the letters of a layer look like; lengths in canvas pixels."""

    fill: Fill
    outline: TextOutline | None = None
    shadow: TextShadow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _MeasuredText:
    """`boxes`: of the visible letters of each line, in its frame. `groups`: the largest area of text first."""

    frames: tuple[TextFrame, ...]
    boxes: tuple[LineBox, ...]
    groups: tuple[_Group, ...]
    effects: _Effects
    typeface: Typeface | None
    metrics: FaceMetrics


def _measure(layer: Layer, match_typeface: TypefaceMatcher | None) -> _MeasuredText:
    typeface = None if match_typeface is None else match_typeface(layer)
    metrics = face_metrics(typeface)
    frames = _frames(layer)
    boxes = [frame.box(line.quad) for frame, line in zip(frames, layer.text, strict=True)]
    main = max(range(len(boxes)), key=lambda index: boxes[index].width * boxes[index].height)
    effects = _Effects(fill=Fill(colour=layer.text[main].colour))
    scales = [1.0] * len(boxes)
    for frame in dict.fromkeys(frames):
        members = [index for index, own_frame in enumerate(frames) if own_frame == frame]
        lines = [layer.text[index] for index in members]
        upright = rectify(layer, frame, [boxes[index] for index in members], max(line.size_px for line in lines))
        part = _measure_part(upright, lines, [boxes[index] for index in members])
        for index, box in zip(members, part.boxes, strict=True):
            boxes[index], scales[index] = box, upright.scale
        if main in members:
            effects = _find_effects(part, upright, members.index(main), layer.text[main].size_px, frame)
    groups = _size_groups(layer, boxes, scales, metrics)
    return _MeasuredText(
        frames=tuple(frames),
        boxes=tuple(boxes),
        groups=tuple(groups),
        effects=effects,
        typeface=typeface,
        metrics=metrics,
    )


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
    """The lines of one direction, in an upright part of the layer. `boxes`: in the frame."""

    letters: Letters
    owners: Labels
    fills: list[Fill]
    boxes: list[LineBox]


def _measure_part(upright: UprightText, lines: Sequence[TextLine], boxes: Sequence[LineBox]) -> _Part:
    local_boxes = [upright.to_pixels(box) for box in boxes]
    shape = upright.alpha.shape[0], upright.alpha.shape[1]
    owners = line_owners(local_boxes, shape, upright.alpha > _MIN_COVERAGE)
    fills = _fills(upright.pixels, innermost(upright.alpha), owners, lines)
    letters = separate_letters(upright.pixels, owners, fills)
    if letters.colours:
        owners = line_owners(local_boxes, shape, letters.faces > _MIN_COVERAGE)
    found = {
        index: _ink(letters, owners, index, window) for index, window in windows_of_lines(owners, len(boxes)).items()
    }
    return _Part(
        letters,
        owners,
        fills,
        [box if (ink := found.get(index)) is None else upright.to_frame(ink) for index, box in enumerate(boxes)],
    )


def _fills(pixels: Values, inner: Mask, owners: Labels, lines: Sequence[TextLine]) -> list[Fill]:
    """The fill of each line: a gradient across all lines, or the colour of the line."""
    whole = find_fill(pixels, inner, owners, lines[0].colour)
    if whole.gradient is not None:
        return [whole] * len(lines)
    return [Fill(colour=line.colour) for line in lines]


def _ink(letters: Letters, owners: Labels, index: int, window: tuple[slice, slice]) -> LineBox | None:
    """The extents of a line in pixels. `window`: where its letters are, solid pixels only."""
    is_near = (owners[window] == index) | (owners[window] < 0)
    box = ink_box(np.where(is_near, letters.faces[window], 0))
    return box and box.shifted(window[1].start, window[0].start)


def _find_effects(part: _Part, upright: UprightText, main: int, size_px: float, frame: TextFrame) -> _Effects:
    """The effects of the line `main`, which stands for all of them."""
    em_px = size_px * upright.scale
    box = upright.to_pixels(part.boxes[main])
    margin = _EFFECT_MARGIN_EM * em_px
    window = np.s_[
        max(0, math.floor(box.top - margin)) : math.ceil(box.bottom + margin),
        max(0, math.floor(box.left - margin)) : math.ceil(box.right + margin),
    ]
    effects = _Effects(fill=part.fills[main])
    letters = part.letters.within(window)
    if em_px < _MIN_EFFECT_EM_PX or not letters.faces.size:
        return effects
    colours = straight_colours(upright.pixels[window])
    outline = find_outline(letters, colours, em_px)
    outline_px = 0.0 if outline is None else outline.width_px
    shadow = find_shadow(letters, outline_px, colours, em_px)
    if outline is not None:
        outline = replace(outline, width_px=round(outline.width_px / upright.scale, 2))
    if shadow is not None:
        right, down = frame.canvas_point(shadow.offset_px[0] / upright.scale, shadow.offset_px[1] / upright.scale)
        blur_px = round(shadow.blur_px / upright.scale, 2)
        shadow = replace(shadow, offset_px=(round(right, 2), round(down, 2)), blur_px=blur_px)
    return replace(effects, outline=outline, shadow=shadow)


def _size_groups(layer: Layer, boxes: Sequence[LineBox], scales: Sequence[float], metrics: FaceMetrics) -> list[_Group]:
    """The lines by size, the largest area of text first; lines that were not read keep their estimate."""
    estimates = [
        line_size(set_line(line.string, box, metrics), scale, metrics.is_exact)
        if line.string
        else SizeEstimate(line.size_px, 0.1 * line.size_px)
        for line, box, scale in zip(layer.text, boxes, scales, strict=True)
    ]
    groups: list[list[int]] = []
    for index in sorted(range(len(estimates)), key=lambda index: estimates[index].px):
        px = estimates[index].px
        if groups:
            size = pooled([estimates[member] for member in groups[-1]])
            error_px = 2 * math.hypot(size.error_px, estimates[index].error_px)
            if px - size.px <= max(_SAME_SIZE * size.px, error_px):
                groups[-1].append(index)
                continue
        groups.append([index])
    groups.sort(key=lambda group: -sum(boxes[index].width * boxes[index].height for index in group))
    return [_Group(lines=tuple(sorted(group)), size=pooled([estimates[index] for index in group])) for group in groups]


def _styled(layer: Layer, text: _MeasuredText, sizes: Sequence[float]) -> Layer:
    size_of = {index: px for group, px in zip(text.groups, sizes, strict=True) for index in group.lines}
    lines = tuple(
        replace(line, quad=frame.quad(box), size_px=size_of[index])
        for index, (line, frame, box) in enumerate(zip(layer.text, text.frames, text.boxes, strict=True))
    )
    main = [index for index in text.groups[0].lines if text.frames[index] == text.frames[text.groups[0].lines[0]]]
    set_lines = [set_line(lines[index].string, text.boxes[index], text.metrics) for index in main]
    size_px = sizes[0]
    rows = _rows(set_lines, size_px)
    fill = text.effects.fill
    style = TextStyle(
        size_px=size_px,
        line_height_px=round(line_height_px([row.baseline(size_px) for row in rows], size_px), 2),
        letter_spacing_px=round(letter_spacing_px([line for line in set_lines if line.string], size_px), 3),
        alignment=alignment_of(rows, size_px),
        colour=fill.colour,
        gradient=fill.gradient,
        outline=text.effects.outline,
        shadow=text.effects.shadow,
        rotation_degrees=text.frames[main[0]].degrees,
        script=script_of(layer.says),
        typeface=text.typeface,
    )
    return replace(layer, text=lines, style=style)


def _rows(lines: Sequence[SetLine], size_px: float) -> list[SetLine]:
    """The lines from top to bottom, with parts of one row as one."""
    rows: list[SetLine] = []
    for line in sorted(lines, key=lambda line: (line.baseline(size_px), line.box.left)):
        if rows and line.baseline(size_px) - rows[-1].baseline(size_px) < _SAME_ROW_EM * size_px:
            rows[-1] = rows[-1] if rows[-1].box.left <= line.box.left else line
        else:
            rows.append(line)
    return rows
