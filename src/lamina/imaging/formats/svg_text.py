"""Writes a block of text as SVG text, with the letters where they are in the picture."""

import math
from collections.abc import Iterator
from html import escape

from lamina.core.text_styles import TextAlignment, TextShadow, Typeface
from lamina.imaging.formats.svg_fills import hex_colour, render_gradient
from lamina.imaging.formats.text_layout import TextBlock, TextRow
from lamina.imaging.layer_names import sanitize_name
from lamina.typesetting.scripts import is_right_to_left
from lamina.typesetting.typical import fallback_families

_ANCHORS = {TextAlignment.LEFT: "start", TextAlignment.CENTER: "middle", TextAlignment.RIGHT: "end"}
_TURNED = {"start": "end", "middle": "middle", "end": "start"}  # the names of the ends in text from right to left
_GENERIC = frozenset({"sans-serif", "serif", "monospace", "cursive"})
_REGULAR = 400
_MAX_HALF_ANGLE = math.radians(175)
_SPACED_EM = 0.12  # letter spacing that no typeface has: letters are set apart instead of stretched


def render_block(block: TextBlock, name: str) -> Iterator[str]:
    """The elements of a block. `name`: the beginning of the ids of its gradient and its shadow.

    The element is rotated about its centre. Where the typeface is not known to be installed, `textLength` fits the
    lines to the picture in place of letter spacing, which would depend on the typeface that a program substitutes.
    """
    style, box = block.style, block.box
    gradient_id, shadow_id = f"{name}-fill", f"{name}-shadow"
    pivot = block.frame.canvas_point((box.left + box.right) / 2, (box.top + box.bottom) / 2)
    shift = pivot[0] - (box.left + box.right) / 2, pivot[1] - (box.top + box.bottom) / 2
    if style.gradient is not None:
        yield render_gradient(style.gradient, box.shifted(*shift), gradient_id)
    if style.shadow is not None:
        yield _shadow(style.shadow, block, shadow_id)
        yield f'<g filter="url(#{shadow_id})">\n'
    if style.arc_radius_px:
        yield _arc(block.rows[0], style.arc_radius_px, shift, f"{name}-arc")
    yield f"<text{''.join(_attributes(block, pivot, gradient_id))}>"
    if style.arc_radius_px:
        string = escape(block.rows[0].string)
        yield f'<textPath xlink:href="#{name}-arc" startOffset="50%">{string}</textPath>'
    else:
        yield from (_row(row, block, shift) for row in block.rows)
    yield "</text>\n"
    if style.shadow is not None:
        yield "</g>\n"


def _attributes(block: TextBlock, pivot: tuple[float, float], gradient_id: str) -> Iterator[str]:
    style = block.style
    yield f' font-family="{escape(font_families(style.typeface))}" font-size="{style.size_px:.2f}"'
    if style.typeface is not None:
        if style.typeface.weight != _REGULAR:
            yield f' font-weight="{style.typeface.weight}"'
        if style.typeface.is_italic:
            yield ' font-style="italic"'
    if (block.metrics.is_exact or style.arc_radius_px) and abs(style.letter_spacing_px) >= 0.005:
        yield f' letter-spacing="{style.letter_spacing_px:.3f}"'
    anchor = _ANCHORS[style.alignment]
    if is_right_to_left(block.rows[0].string):
        yield ' direction="rtl"'
        anchor = _TURNED[anchor]
    if anchor != "start":
        yield f' text-anchor="{anchor}"'
    fill = hex_colour(style.colour) if style.gradient is None else f"url(#{gradient_id})"
    yield f' fill="{fill}"'
    if style.outline is not None:
        yield f' stroke="{hex_colour(style.outline.colour)}" stroke-width="{2 * style.outline.width_px:.2f}"'
        yield ' stroke-linejoin="round" paint-order="stroke"'
    if style.rotation_degrees:
        yield f' transform="rotate({style.rotation_degrees:.3f} {pivot[0]:.2f} {pivot[1]:.2f})"'
    yield ' xml:space="preserve"'


def font_families(typeface: Typeface | None) -> str:
    """The value of `font-family`: the typeface, and what to use where it is not installed."""
    families = fallback_families(typeface)
    if typeface is not None and sanitize_name(typeface.family).strip():
        families = (sanitize_name(typeface.family), *families)
    return ", ".join(name if name in _GENERIC else _quoted(name) for name in families)


def _row(row: TextRow, block: TextBlock, shift: tuple[float, float]) -> str:
    style = block.style
    x, fit = row.anchor + shift[0], ""
    if block.metrics.is_exact:
        # Programs count the spacing after the last letter, too, where they align.
        trailing = {TextAlignment.LEFT: 0.0, TextAlignment.CENTER: 0.5, TextAlignment.RIGHT: 1.0}[style.alignment]
        x += trailing * style.letter_spacing_px
    elif row.width_px > 0:
        is_spaced = style.letter_spacing_px > _SPACED_EM * style.size_px
        fit = f' textLength="{row.width_px:.2f}" lengthAdjust="{"spacing" if is_spaced else "spacingAndGlyphs"}"'
    return f'<tspan x="{x:.2f}" y="{row.baseline + shift[1]:.2f}"{fit}>{escape(row.string)}</tspan>'


def _arc(row: TextRow, radius_px: float, shift: tuple[float, float], arc_id: str) -> str:
    """The path of the baseline on a circle, from left to right, longer than the text."""
    reach = abs(radius_px)
    half_angle = min(_MAX_HALF_ANGLE, 1.2 * row.width_px / 2 / reach + 0.3)
    x, y = row.anchor + shift[0], row.baseline + shift[1] + radius_px * (1 - math.cos(half_angle))
    half_width = reach * math.sin(half_angle)
    flags = f"{int(half_angle > math.pi / 2)} {int(radius_px > 0)}"
    path = f"M{x - half_width:.2f} {y:.2f}A{reach:.2f} {reach:.2f} 0 {flags} {x + half_width:.2f} {y:.2f}"
    return f'<path id="{arc_id}" d="{path}" fill="none"/>\n'


def _shadow(shadow: TextShadow, block: TextBlock, shadow_id: str) -> str:
    """A filter in canvas coordinates, around the rotated text."""
    (left, top), (right, bottom) = _canvas_extents(block)
    margin = 3 * shadow.blur_px + max(map(abs, shadow.offset_px)) + block.style.size_px
    if block.style.outline is not None:
        margin += block.style.outline.width_px
    return (
        f'<filter id="{shadow_id}" filterUnits="userSpaceOnUse" x="{left - margin:.1f}" y="{top - margin:.1f}" '
        f'width="{right - left + 2 * margin:.1f}" height="{bottom - top + 2 * margin:.1f}" '
        'color-interpolation-filters="sRGB">'
        f'<feDropShadow dx="{shadow.offset_px[0]:.2f}" dy="{shadow.offset_px[1]:.2f}" '
        f'stdDeviation="{shadow.blur_px:.2f}" flood-color="{hex_colour(shadow.colour)}" '
        f'flood-opacity="{shadow.opacity:.3f}"/></filter>\n'
    )


def _canvas_extents(block: TextBlock) -> tuple[tuple[float, float], tuple[float, float]]:
    corners = block.frame.quad(block.box)
    across, down = zip(*corners, strict=True)
    return (min(across), min(down)), (max(across), max(down))


def _quoted(family: str) -> str:
    return "'" + family.replace("\\", "\\\\").replace("'", "\\'") + "'"
