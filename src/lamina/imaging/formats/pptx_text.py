"""Writes a block of text as a text box of PowerPoint, with the letters where they are in the picture."""

import itertools
import math
from typing import Any

from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE, PP_ALIGN
from pptx.util import Emu

from lamina.core.text_styles import TextAlignment, TextOutline, TextShadow, TextStyle, Typeface
from lamina.imaging.formats.pptx_fills import UNITS_PER_DEGREE, add_colour, add_element, add_fill, add_solid_fill
from lamina.imaging.formats.text_layout import TextBlock
from lamina.imaging.layer_names import sanitize_name
from lamina.typesetting.frames import LineBox
from lamina.typesetting.installed import weight_name
from lamina.typesetting.scripts import is_right_to_left
from lamina.typesetting.typical import BOLD, fallback_families

_EMU_PER_POINT = 12700
# ECMA-376 part 1, 20.1.10.72 and on: the ranges of ST_TextFontSize, ST_TextPoint and ST_TextSpacingPoint, in 1/100 pt.
_MIN_SIZE, _MAX_SIZE = 100, 400_000
_MAX_LETTER_SPACING, _MAX_LINE_SPACING = 400_000, 158_400
_MAX_EMU = 27_273_042_316_900  # of ST_Coordinate
_MAX_INDENT = 51_206_400  # of ST_TextMargin
_ALIGNMENTS = {TextAlignment.LEFT: "l", TextAlignment.CENTER: "ctr", TextAlignment.RIGHT: "r"}
# With exact line spacing, the baseline is a fifth of the font size above the bottom of the line, whatever the typeface,
# as measured in LibreOffice 7.4.
_BELOW_BASELINE_EM = 0.2
_SINGLE_LINE_EM = 1.0
_BLUR_RADIUS = 2.0  # of PowerPoint's blur, in standard deviations


def add_text_box(shapes: Any, block: TextBlock, opacity: int, scale: float) -> Any:
    """Adds a text box of the block's rows, a paragraph each. `scale`: EMU per pixel.

    The lines have exact spacing, because what a program adds to other spacing depends on the typeface that it uses.
    """
    style = block.style
    if style.arc_radius_px:
        return _add_word_art(shapes, block, opacity, scale)
    steps = _steps(block)
    box = block.box
    top = block.rows[0].baseline + _BELOW_BASELINE_EM * style.size_px - steps[0]
    box = LineBox(left=box.left, right=box.right, top=top, bottom=max(box.bottom, top + sum(steps)))
    shape = _add_shape(shapes, block, box, scale)
    frame = shape.text_frame
    frame.auto_size = MSO_AUTO_SIZE.NONE
    for index, (row, step) in enumerate(zip(block.rows, steps, strict=True)):
        paragraph = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
        indent = row.anchor - box.left if style.alignment is TextAlignment.LEFT else 0.0
        _set_paragraph(
            paragraph._p.get_or_add_pPr(), row.string, style.alignment, indent_emu=indent * scale, step_emu=step * scale
        )
        run = paragraph.add_run()
        run.text = row.string
        _set_run(run._r.get_or_add_rPr(), style, opacity, scale)
    return shape


def _add_word_art(shapes: Any, block: TextBlock, opacity: int, scale: float) -> Any:
    """A line that follows the upper or the lower half of the circle inscribed in its box."""
    row, metrics = block.rows[0], block.metrics
    # The middle of the line, between ascent and descent, is on the circle, as measured in LibreOffice 7.4.
    above_px = (metrics.ascent - metrics.descent) / 2 * block.style.size_px
    radius_px = block.style.arc_radius_px + above_px
    ends = sorted((row.baseline - above_px, row.baseline - above_px + 2 * radius_px))
    circle = LineBox(left=row.anchor - abs(radius_px), right=row.anchor + abs(radius_px), top=ends[0], bottom=ends[1])
    shape = _add_shape(shapes, block, circle, scale)
    arch = "textArchUp" if radius_px > 0 else "textArchDown"
    warp = add_element(shape.text_frame._txBody.bodyPr, "a:prstTxWarp", prst=arch)
    add_element(warp, "a:avLst")
    run = shape.text_frame.paragraphs[0].add_run()
    run.text = row.string
    shape.text_frame.paragraphs[0].alignment = PP_ALIGN.CENTER
    _set_run(run._r.get_or_add_rPr(), block.style, opacity, scale)
    return shape


def _add_shape(shapes: Any, block: TextBlock, box: LineBox, scale: float) -> Any:
    shape = shapes.add_textbox(*_placed(block, box, scale))
    shape.rotation = block.style.rotation_degrees % 360
    frame = shape.text_frame
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    frame.word_wrap = False
    frame.vertical_anchor = MSO_ANCHOR.TOP
    return shape


def _steps(block: TextBlock) -> list[float]:
    """The height of each line in pixels: the distance from the baseline above it, which the first line repeats."""
    size_px = block.style.size_px
    baselines = [row.baseline for row in block.rows]
    steps = [max(0.1 * size_px, below - above) for above, below in itertools.pairwise(baselines)]
    return [steps[0] if steps else _SINGLE_LINE_EM * size_px, *steps]


def _placed(block: TextBlock, box: LineBox, scale: float) -> tuple[Emu, Emu, Emu, Emu]:
    """Left, top, width and height of the box before it is rotated about its centre."""
    width, height = max(1.0, box.width), max(1.0, box.height)
    x, y = block.frame.canvas_point((box.left + box.right) / 2, (box.top + box.bottom) / 2)
    sides = x - width / 2, y - height / 2, width, height
    left, top, across, down = (Emu(round(min(max(side * scale, -_MAX_EMU), _MAX_EMU))) for side in sides)
    return left, top, across, down


def _set_paragraph(
    properties: Any, string: str, alignment: TextAlignment, *, indent_emu: float, step_emu: float
) -> None:
    properties.set("algn", _ALIGNMENTS[alignment])
    properties.set("marL", str(round(min(max(0, indent_emu), _MAX_INDENT))))
    properties.set("indent", "0")
    if is_right_to_left(string):
        properties.set("rtl", "1")
    spacing = add_element(properties, "a:lnSpc")
    add_element(spacing, "a:spcPts", val=min(_hundredths(step_emu), _MAX_LINE_SPACING))
    for side in ("a:spcBef", "a:spcAft"):
        add_element(add_element(properties, side), "a:spcPts", val=0)
    add_element(properties, "a:buNone")


def _set_run(properties: Any, style: TextStyle, opacity: int, scale: float) -> None:
    """The character properties, whose elements the schema wants in this order."""
    typeface = style.typeface
    properties.set("sz", str(min(max(_MIN_SIZE, _hundredths(style.size_px * scale)), _MAX_SIZE)))
    spacing = _hundredths(style.letter_spacing_px * scale)
    properties.set("spc", str(min(max(-_MAX_LETTER_SPACING, spacing), _MAX_LETTER_SPACING)))
    properties.set("b", str(int(typeface is not None and typeface.weight >= BOLD and not weight_name(typeface.weight))))
    properties.set("i", str(int(typeface is not None and typeface.is_italic)))
    if style.outline is not None:
        _add_outline(properties, style.outline, opacity, scale)
    add_fill(properties, style.colour, style.gradient, opacity)
    if style.shadow is not None:
        _add_shadow(properties, style.shadow, opacity, scale)
    for script in ("a:latin", "a:cs"):
        add_element(properties, script, typeface=sanitize_name(_family(typeface)))


def _family(typeface: Typeface | None) -> str:
    """The family as Office lists it, where a family has regular and bold only: other weights have one of their own."""
    if typeface is None or not typeface.family:
        return fallback_families(typeface)[0]
    return f"{typeface.family} {weight_name(typeface.weight)}".strip()


def _add_outline(properties: Any, outline: TextOutline, opacity: int, scale: float) -> None:
    """PowerPoint centres the line on the edge of the letters: one of this width leaves half of it visible outside."""
    line = add_element(properties, "a:ln", w=min(round(outline.width_px * scale), 20_116_800))
    add_solid_fill(line, outline.colour, opacity)
    add_element(line, "a:round")


def _add_shadow(properties: Any, shadow: TextShadow, opacity: int, scale: float) -> None:
    right, down = shadow.offset_px
    element = add_element(
        add_element(properties, "a:effectLst"),
        "a:outerShdw",
        blurRad=min(round(_BLUR_RADIUS * shadow.blur_px * scale), _MAX_EMU),
        dist=min(round(math.hypot(right, down) * scale), _MAX_EMU),
        dir=round(math.degrees(math.atan2(down, right)) % 360 * UNITS_PER_DEGREE) % (360 * UNITS_PER_DEGREE),
        rotWithShape=0,
    )
    add_colour(element, shadow.colour, round(opacity * shadow.opacity))


def _hundredths(emu: float) -> int:
    """EMU as hundredths of a point."""
    return round(emu * 100 / _EMU_PER_POINT)
