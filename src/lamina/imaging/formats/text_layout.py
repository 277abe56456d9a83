"""Lays out the text of a layer for formats with editable text: as blocks with positions, sizes and typefaces."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from lamina.core.layers import Layer, TextLine
from lamina.core.text_styles import Colour, TextAlignment, TextStyle
from lamina.imaging.layer_names import sanitize_name
from lamina.typesetting.faces import face_metrics
from lamina.typesetting.frames import LineBox, TextFrame, direction_of
from lamina.typesetting.metrics import FaceMetrics, letter_count
from lamina.typesetting.setting import SetLine, alignment_of, letter_spacing_px, line_height_px, set_line

_SAME_SIZE = 1.08  # largest ratio of the em sizes of one block
_SAME_LEVELS = 48  # largest difference of the colours of one block
_SAME_DEGREES = 2.0
_MAX_LEADING_EM = 2.7
_SAME_ROW_EM = 0.35  # distance of the baselines of parts of one row
_MAX_WORD_GAP_EM = 1.5
_EVEN_ANCHORS_EM, _EVEN_BASELINES_EM = 0.12, 0.08  # lines that are less uneven are aligned exactly
_COMPARED = 200  # lines after each: pages of any length take linear time
_MIN_SIZE_PX = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRow:
    """A row of a block, in pixels of the block's frame.

    `anchor`: its left end, middle or right end, as the block is aligned; `width_px`: from where the pen starts to where
    it ends. The one row of a block with an arc is described at its middle.
    """

    string: str
    anchor: float
    baseline: float
    width_px: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TextBlock:
    """Rows of text that are edited as one, top first. `style`: of all of them; `metrics`: of its typeface."""

    rows: tuple[TextRow, ...]
    style: TextStyle
    metrics: FaceMetrics

    @property
    def frame(self) -> TextFrame:
        return TextFrame(self.style.rotation_degrees)

    @property
    def box(self) -> LineBox:
        """The extents of the rows, from the first ascent to the last descent."""
        if self.style.arc_radius_px:
            return self._arc_box(self.rows[0], self.style.arc_radius_px)
        shift = {TextAlignment.LEFT: 0.0, TextAlignment.CENTER: -0.5, TextAlignment.RIGHT: -1.0}[self.style.alignment]
        lefts = [row.anchor + shift * row.width_px for row in self.rows]
        return LineBox(
            left=min(lefts),
            right=max(left + row.width_px for left, row in zip(lefts, self.rows, strict=True)),
            top=self.rows[0].baseline - self.metrics.ascent * self.style.size_px,
            bottom=self.rows[-1].baseline + self.metrics.descent * self.style.size_px,
        )

    def _arc_box(self, row: TextRow, radius_px: float) -> LineBox:
        """The extents of a row on a circle."""
        size_px, reach = self.style.size_px, abs(radius_px)
        half_angle = min(math.pi, row.width_px / 2 / reach)
        half_width = (reach + size_px) * math.sin(min(half_angle, math.pi / 2))
        ends = row.baseline + radius_px * (1 - math.cos(half_angle))
        return LineBox(
            left=row.anchor - half_width,
            right=row.anchor + half_width,
            top=min(row.baseline, ends) - self.metrics.ascent * size_px,
            bottom=max(row.baseline, ends) + self.metrics.descent * size_px,
        )


def text_blocks(layer: Layer) -> list[TextBlock]:
    """The blocks of a layer whose lines were all recognised: one, unless the lines differ in size, colour or place."""
    style = layer.style or _assumed_style(layer.text)
    metrics = face_metrics(style.typeface)
    lines = [_styled(line, style, metrics) for line in layer.text]
    return [
        block for group in _groups(lines) for block in _blocks(group, style, metrics, is_whole=len(group) == len(lines))
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _StyledLine:
    """A line with what may differ from the style of its layer."""

    line: SetLine
    size_px: float
    colour: Colour
    degrees: float

    @property
    def baseline(self) -> float:
        return self.line.baseline(self.size_px)

    @property
    def start(self) -> float:
        return self.line.start(self.size_px)

    @property
    def end(self) -> float:
        return self.line.end(self.size_px)


def _assumed_style(lines: Sequence[TextLine]) -> TextStyle:
    """The style of lines that were not measured, such as those in files of earlier versions."""
    main = max(lines, key=lambda line: line.size_px)
    degrees = direction_of(main.quad)
    style = TextStyle(size_px=max(_MIN_SIZE_PX, main.size_px), colour=main.colour, rotation_degrees=degrees)
    metrics = face_metrics(None)
    alike = [_styled(line, style, metrics) for line in lines]
    alike = [line for line in alike if _have_one_style(line, alike[0])]
    spacing_px = letter_spacing_px([line.line for line in alike], alike[0].size_px)
    alignment = alignment_of([line.line for line in alike], alike[0].size_px)
    return replace(style, letter_spacing_px=spacing_px, alignment=alignment)


def _styled(line: TextLine, style: TextStyle, metrics: FaceMetrics) -> _StyledLine:
    size_px = max(_MIN_SIZE_PX, line.size_px)
    if max(size_px, style.size_px) <= _SAME_SIZE * min(size_px, style.size_px):
        size_px = style.size_px
    degrees = direction_of(line.quad)
    if abs((degrees - style.rotation_degrees + 180) % 360 - 180) <= _SAME_DEGREES:
        degrees = style.rotation_degrees
    box = TextFrame(degrees).box(line.quad)
    is_same_colour = _are_alike(line.colour, style.colour)
    return _StyledLine(
        line=set_line(sanitize_name(line.string), box, metrics),
        size_px=size_px,
        colour=style.colour if is_same_colour or style.gradient is not None else line.colour,
        degrees=degrees,
    )


def _are_alike(first: Colour, second: Colour) -> bool:
    return max(abs(a - b) for a, b in zip(first, second, strict=True)) <= _SAME_LEVELS


def _have_one_style(first: _StyledLine, second: _StyledLine) -> bool:
    sizes = first.size_px, second.size_px
    return (
        max(sizes) <= _SAME_SIZE * min(sizes)
        and first.degrees == second.degrees
        and _are_alike(first.colour, second.colour)
    )


def _groups(lines: list[_StyledLine]) -> list[list[_StyledLine]]:
    """The lines that belong to one block, in their order from top to bottom."""
    ordered = sorted(lines, key=lambda line: (line.degrees, line.baseline, line.start))
    parents = list(range(len(ordered)))
    for first, line in enumerate(ordered):
        for second in range(first + 1, min(len(ordered), first + _COMPARED)):
            other = ordered[second]
            if other.degrees != line.degrees or other.baseline - line.baseline > _MAX_LEADING_EM * line.size_px:
                break
            if _have_one_style(line, other) and _are_near(line, other):
                parents[_root(parents, second)] = _root(parents, first)
    groups: dict[int, list[_StyledLine]] = {}
    for index, line in enumerate(ordered):
        groups.setdefault(_root(parents, index), []).append(line)
    return list(groups.values())


def _root(parents: list[int], index: int) -> int:
    """The representative of a line's group; the path to it is halved on the way."""
    while parents[index] != index:
        parents[index] = parents[parents[index]]
        index = parents[index]
    return index


def _are_near(first: _StyledLine, second: _StyledLine) -> bool:
    """True if the second line continues the first on its row, or stands below it."""
    gap = max(first.start, second.start) - min(first.end, second.end)
    if second.baseline - first.baseline < _SAME_ROW_EM * first.size_px:
        return gap < _MAX_WORD_GAP_EM * first.size_px
    return gap < 0


def _blocks(lines: list[_StyledLine], style: TextStyle, metrics: FaceMetrics, *, is_whole: bool) -> list[TextBlock]:
    """The block of the lines; a block for each of them if they stand in columns. `is_whole`: it is all of the layer."""
    size_px = lines[0].size_px
    rows = _rows(lines)
    if any(not _is_row(row) for row in rows):
        return [block for line in lines for block in _blocks([line], style, metrics, is_whole=False)]
    joined = [_joined(row, metrics) for row in rows]
    own_style = replace(style, size_px=size_px, colour=lines[0].colour, rotation_degrees=lines[0].degrees)
    if size_px != style.size_px:
        own_style = replace(own_style, letter_spacing_px=letter_spacing_px(joined, size_px))
    if not is_whole:
        own_style = replace(own_style, alignment=alignment_of(joined, size_px))
    if lines[0].colour != style.colour:
        own_style = replace(own_style, gradient=None)
    return [_block(joined, own_style, metrics)]


def _rows(lines: list[_StyledLine]) -> list[list[_StyledLine]]:
    """The lines by row; each row from left to right."""
    rows: list[list[_StyledLine]] = []
    for line in lines:
        if rows and line.baseline - rows[-1][0].baseline < _SAME_ROW_EM * line.size_px:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.start) for row in rows]


def _is_row(parts: list[_StyledLine]) -> bool:
    """True if the parts follow one another at the distances of words."""
    return all(
        -0.5 * before.size_px < after.start - before.end < _MAX_WORD_GAP_EM * before.size_px
        for before, after in itertools.pairwise(parts)
    )


def _joined(parts: list[_StyledLine], metrics: FaceMetrics) -> SetLine:
    """The parts of a row as one line, with spaces between them."""
    if len(parts) == 1:
        return parts[0].line
    space_px = metrics.advance(" ") * parts[0].size_px
    string = parts[0].line.string
    for before, after in itertools.pairwise(parts):
        string += " " * max(1, round((after.start - before.end) / space_px)) + after.line.string
    boxes = [part.line.box for part in parts]
    box = LineBox(
        left=boxes[0].left,
        right=max(box.right for box in boxes),
        top=min(box.top for box in boxes),
        bottom=max(box.bottom for box in boxes),
    )
    return set_line(string, box, metrics)


def _block(lines: list[SetLine], style: TextStyle, metrics: FaceMetrics) -> TextBlock:
    size_px = style.size_px
    if style.arc_radius_px:
        if len(lines) == 1 and abs(style.arc_radius_px) > size_px / 2:
            return _arc(lines[0], style, metrics)
        style = replace(style, arc_radius_px=0.0)
    anchors = _even([line.anchor(style.alignment, size_px) for line in lines], _EVEN_ANCHORS_EM * size_px)
    baselines = [line.baseline(size_px) for line in lines]
    step = style.line_height_px or line_height_px(baselines, size_px)
    first = median(baseline - step * index for index, baseline in enumerate(baselines))
    grid = [first + step * index for index in range(len(lines))]
    if max(abs(a - b) for a, b in zip(grid, baselines, strict=True)) <= _EVEN_BASELINES_EM * size_px + 0.5:
        baselines = grid
    rows = [
        TextRow(
            string=line.string,
            anchor=anchor,
            baseline=baseline,
            width_px=_width_px(line, style),
        )
        for line, anchor, baseline in zip(lines, anchors, baselines, strict=True)
    ]
    return TextBlock(rows=tuple(rows), style=style, metrics=metrics)


def _arc(line: SetLine, style: TextStyle, metrics: FaceMetrics) -> TextBlock:
    """A block of a line on a circle: its anchor is its middle, where the baseline is highest, or lowest."""
    size_px, box = style.size_px, line.box
    baseline = box.top + line.ink.top * size_px if style.arc_radius_px > 0 else box.bottom - line.ink.bottom * size_px
    row = TextRow(
        string=line.string,
        anchor=(box.left + box.right) / 2,
        baseline=baseline,
        width_px=_width_px(line, style),
    )
    return TextBlock(rows=(row,), style=replace(style, alignment=TextAlignment.CENTER), metrics=metrics)


def _width_px(line: SetLine, style: TextStyle) -> float:
    spacing_px = style.letter_spacing_px * max(0, letter_count(line.string) - 1)
    return max(0.0, line.advance * style.size_px + spacing_px)


def _even(anchors: list[float], tolerance_px: float) -> list[float]:
    """The same position for all, if they are so close to it."""
    middle = median(anchors)
    return [middle] * len(anchors) if max(abs(each - middle) for each in anchors) <= tolerance_px + 1 else anchors
