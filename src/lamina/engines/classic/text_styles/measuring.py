"""Measures the style of every text layer, and encloses its lines exactly."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from lamina.core.layers import Layer
from lamina.core.text_styles import TextStyle, Typeface
from lamina.engines.classic.parallel import map_in_threads
from lamina.engines.classic.text_styles.appearance import Appearance, measure_appearance
from lamina.engines.classic.text_styles.sizes import SizeEstimate, line_size, pooled, unified
from lamina.typesetting.faces import face_metrics
from lamina.typesetting.metrics import FaceMetrics
from lamina.typesetting.scripts import script_of
from lamina.typesetting.setting import SetLine, alignment_of, letter_spacing_px, line_height_px, set_line

_SAME_SIZE, _SAME_TYPICAL_SIZE = 0.06, 0.12  # share by which lines of one size differ: with its typeface, without it
_UNREAD_ERROR = 0.1  # of the size of lines that were not read
_SAME_ROW_EM = 0.35

TypefaceMatcher = Callable[[Layer], Typeface | None]
"""Recognises the typeface of a text layer; None if that is not possible."""


def measure_text(layers: Sequence[Layer], match_typeface: TypefaceMatcher | None = None) -> list[Layer]:
    """The layers; those with lines of text get a style, and lines whose corners enclose the visible letters.

    Sizes that are equal within the error of measurement become equal, within a layer and between layers.
    """
    texts = [index for index, layer in enumerate(layers) if layer.text]
    measured = map_in_threads(lambda index: _measure(layers[index], match_typeface), texts)
    sizes = iter(unified([group.size for text in measured for group in text.groups]))
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
class _MeasuredText:
    """`groups`: the lines by size, the largest area of text first."""

    appearance: Appearance
    groups: tuple[_Group, ...]
    typeface: Typeface | None
    metrics: FaceMetrics


def _measure(layer: Layer, match_typeface: TypefaceMatcher | None) -> _MeasuredText:
    appearance = measure_appearance(layer)
    typeface = None if match_typeface is None else match_typeface(replace(layer, text=appearance.lines))
    metrics = face_metrics(typeface)
    groups = tuple(_size_groups(appearance, metrics))
    return _MeasuredText(appearance=appearance, groups=groups, typeface=typeface, metrics=metrics)


def _size_groups(appearance: Appearance, metrics: FaceMetrics) -> list[_Group]:
    estimates = [
        line_size(set_line(line.string, box, metrics), bottom, scale, metrics.is_exact)
        if line.string
        else SizeEstimate(line.size_px, _UNREAD_ERROR * line.size_px)
        for line, box, bottom, scale in zip(
            appearance.lines, appearance.boxes, appearance.bottoms, appearance.scales, strict=True
        )
    ]
    same = _SAME_SIZE if metrics.is_exact else _SAME_TYPICAL_SIZE
    groups: list[list[int]] = []
    for index in sorted(range(len(estimates)), key=lambda index: estimates[index].px):
        if groups:
            px = pooled([estimates[member] for member in groups[-1]]).px
            if estimates[index].px - px <= same * px:
                groups[-1].append(index)
                continue
        groups.append([index])
    areas = [box.width * box.height for box in appearance.boxes]
    groups.sort(key=lambda group: -sum(areas[index] for index in group))
    return [_Group(lines=tuple(sorted(group)), size=pooled([estimates[each] for each in group])) for group in groups]


def _styled(layer: Layer, text: _MeasuredText, sizes: Sequence[float]) -> Layer:
    """The layer with its style. `sizes`: of the groups, in pixels."""
    appearance, effects = text.appearance, text.appearance.effects
    size_of = {index: px for group, px in zip(text.groups, sizes, strict=True) for index in group.lines}
    lines = tuple(replace(line, size_px=size_of[index]) for index, line in enumerate(appearance.lines))
    frame = appearance.frames[text.groups[0].lines[0]]
    main = [index for index in text.groups[0].lines if appearance.frames[index] == frame]
    set_lines = [set_line(lines[index].string, appearance.boxes[index], text.metrics) for index in main]
    size_px = sizes[0]
    rows = _rows(set_lines, size_px)
    arc_radius_px = 0.0
    if appearance.bend_px:
        arc_radius_px, set_lines = _on_baseline(set_lines[0], appearance.bend_px, size_px)
    style = TextStyle(
        size_px=size_px,
        line_height_px=round(line_height_px([row.baseline(size_px) for row in rows], size_px), 2),
        letter_spacing_px=round(letter_spacing_px([line for line in set_lines if line.string], size_px), 3),
        alignment=alignment_of(rows, size_px),
        colour=effects.fill.colour,
        gradient=effects.fill.gradient,
        outline=effects.outline,
        shadow=effects.shadow,
        rotation_degrees=frame.degrees,
        arc_radius_px=round(arc_radius_px, 1),
        script=script_of(layer.says),
        typeface=text.typeface,
    )
    return replace(layer, text=lines, style=style)


def _on_baseline(line: SetLine, bend_px: float, size_px: float) -> tuple[float, list[SetLine]]:
    """The radius at the baseline of a straightened line, and the line as wide as it is there."""
    radius_px = bend_px - line.baseline(size_px)
    share, middle = radius_px / bend_px, (line.box.left + line.box.right) / 2
    half_width = share * line.box.width / 2
    return radius_px, [replace(line, box=replace(line.box, left=middle - half_width, right=middle + half_width))]


def _rows(lines: Sequence[SetLine], size_px: float) -> list[SetLine]:
    """The first part of each row, from top to bottom."""
    rows: list[SetLine] = []
    for line in sorted(lines, key=lambda line: (line.baseline(size_px), line.box.left)):
        if rows and line.baseline(size_px) - rows[-1].baseline(size_px) < _SAME_ROW_EM * size_px:
            rows[-1] = rows[-1] if rows[-1].box.left <= line.box.left else line
        else:
            rows.append(line)
    return rows
