"""Sets the text of a layer anew, and goes back to its original pixels."""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import LayerKind, TextLine
from lamina.core.text_styles import TextStyle, Typeface
from lamina.imaging.formats.text_layout import TextBlock, TextRow, text_blocks
from lamina.stacks.document import Document, LayerNode, OriginalText
from lamina.stacks.lettering import Lettering, Row, Typesetter
from lamina.stacks.operations import RestoreText, SetText
from lamina.stacks.pixels import PixelStore
from lamina.stacks.rendering import rendered
from lamina.stacks.transforms import IDENTITY, Transform
from lamina.stacks.verbs.checks import layer_of
from lamina.stacks.verbs.text_fonts import chosen_font, drawing_faults
from lamina.typesetting.frames import TextFrame

MAX_CHARACTERS, MAX_LINES = 2_000, 100
MIN_SIZE_PX, MAX_SIZE_PX = 1.0, 2_000.0
_MAX_PIXELS = 25_000_000
_TYPICAL_LEADING_EM = 1.2
_MOST_TOLD, _LONGEST_TOLD = 5, 30
_SAME_WITHIN = 1e-12


def set_text(document: Document, operation: SetText, pixels: PixelStore) -> Document:
    node = layer_of(document, operation.node)
    block = _block_of(node, pixels, keeps_words=operation.words is None)
    words = _checked_words(block, operation.words)
    typeface, file = chosen_font(block.style.typeface, operation, "".join(words))
    style = _style_of(block.style, operation, typeface)
    typesetter = Typesetter(file, style)
    rows = _rows_of(block, style, words)
    with drawing_faults(operation):
        _check_extents(typesetter, rows)
        lettering = typesetter.drawn(rows)
    if not lettering.pixels[..., 3].any():
        raise LaminaError(ErrorCode.TASK_INVALID, "The text has no visible letters.", "Give words, or hide the layer.")
    turn = Transform.rotation(style.rotation_degrees, (0, 0)) if style.rotation_degrees else IDENTITY
    back = Transform.rotation(-style.rotation_degrees, (0, 0)) if style.rotation_degrees else IDENTITY
    original = node.original or OriginalText(
        pixels=node.pixels, left=node.left, top=node.top, transform=back, text=node.text, style=node.style
    )
    if node.original is not None:
        original = replace(original, transform=_tidy(original.transform.then(back)))
    set_anew = replace(
        node,
        pixels=pixels.put(lettering.pixels),
        left=lettering.left,
        top=lettering.top,
        transform=turn.then(node.transform),
        text=_lines_of(rows, lettering, style),
        style=replace(style, rotation_degrees=0.0),
        is_guessed=False,
        original=original,
    )
    return document.substituted(node.id, [set_anew])


def restore_text(document: Document, operation: RestoreText) -> Document:
    node = layer_of(document, operation.node)
    original = node.original
    if original is None:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The layer {node.name!r} has no original text to go back to.",
            "Its text was not set anew, or its pixels were changed after that; undo may help.",
        )
    restored = replace(
        node,
        pixels=original.pixels,
        left=original.left,
        top=original.top,
        transform=_tidy(original.transform.then(node.transform)),
        text=original.text,
        style=original.style,
        original=None,
    )
    return document.substituted(node.id, [restored])


def _block_of(node: LayerNode, pixels: PixelStore, *, keeps_words: bool) -> TextBlock:
    """The layer's text as it was read, before the layer's transform.

    `keeps_words`: whether all lines must have been read, since others would be lost. Raises `LaminaError`
    (task_invalid).
    """
    if node.kind is not LayerKind.TEXT or not node.text or node.style is None:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The layer {node.name!r} has no text whose place and size are known.",
            "Give a text layer; text that could not be read has only pixels.",
        )
    if node.style.arc_radius_px:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The text of {node.name!r} is on a circle, on which text cannot be set.",
            "Replace its pixels, or edit the text of an SVG file.",
        )
    blocks = text_blocks(rendered(replace(node, transform=IDENTITY), pixels))
    if keeps_words and node.original is None and not all(line.string.strip() for line in node.text):
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"Some of the text of {node.name!r} could not be read.",
            "Split the layer first, or give all of its words.",
        )
    if len(blocks) == 1:
        return blocks[0]
    if node.original is not None:  # it was set as one, with empty lines or words of another script between
        return _joined(blocks)
    told = ", ".join(repr(_shortened(" ".join(row.string for row in block.rows))) for block in blocks[:_MOST_TOLD])
    raise LaminaError(
        ErrorCode.TASK_INVALID,
        f"The layer {node.name!r} has {len(blocks)} blocks of text, which are not set as one: {told}"
        f"{' and others' if len(blocks) > _MOST_TOLD else ''}.",
        "Make the block a layer of its own first: separate it by a box around it.",
    )


def _joined(blocks: Sequence[TextBlock]) -> TextBlock:
    """One block of all rows, with an empty row for each line that is left out between them."""
    first = blocks[0]
    step = first.style.line_height_px or first.style.size_px * _TYPICAL_LEADING_EM
    rows: list[TextRow] = []
    for row in sorted((row for block in blocks for row in block.rows), key=lambda row: row.baseline):
        number = min(MAX_LINES, max(len(rows), round((row.baseline - first.rows[0].baseline) / step)))
        rows += [replace(row, string="")] * (number - len(rows))
        rows.append(row)
    return replace(first, rows=tuple(rows))


def _shortened(words: str) -> str:
    return words if len(words) <= _LONGEST_TOLD else f"{words[: _LONGEST_TOLD - 1]}…"


def _checked_words(block: TextBlock, words: str | None) -> list[str]:
    """The lines of text, without spaces after them. Raises `LaminaError` (task_invalid)."""
    if words is None:
        return [row.string for row in block.rows]
    lines = [line.rstrip() for line in unicodedata.normalize("NFC", words).splitlines()]
    if not any(lines):
        raise LaminaError(ErrorCode.TASK_INVALID, "The text is empty.", "Give words, or delete or hide the layer.")
    if len(words) > MAX_CHARACTERS or len(lines) > MAX_LINES:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The text has {len(words):,} characters in {len(lines)} lines.",
            f"Give at most {MAX_CHARACTERS:,} characters in {MAX_LINES} lines.",
        )
    strange = next((character for line in lines for character in line if unicodedata.category(character) == "Cc"), None)
    if strange is not None:
        raise LaminaError(
            ErrorCode.TASK_INVALID, f"The text contains the control character U+{ord(strange):04X}.", "Remove it."
        )
    return lines


def _style_of(old: TextStyle, operation: SetText, typeface: Typeface) -> TextStyle:
    """The style with what the operation changes. Raises `LaminaError` (task_invalid)."""
    size_px = old.size_px if operation.size_px is None else operation.size_px
    if not MIN_SIZE_PX <= size_px <= MAX_SIZE_PX:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The size {size_px:g} px is out of range.",
            f"Give {MIN_SIZE_PX:g} to {MAX_SIZE_PX:,.0f} pixels.",
        )
    scaled = replace(old, typeface=typeface, size_px=size_px)
    factor = size_px / old.size_px
    scaled = replace(scaled, line_height_px=old.line_height_px * factor)
    is_same_face = old.typeface is not None and old.typeface.family == typeface.family
    scaled = replace(scaled, letter_spacing_px=old.letter_spacing_px * factor if is_same_face else 0.0)
    if operation.colour is None:
        return scaled
    if not all(0 <= level <= 255 for level in operation.colour):
        raise LaminaError(ErrorCode.TASK_INVALID, f"The colour {operation.colour} is out of range.", "Give 0 to 255.")
    return replace(scaled, colour=operation.colour, gradient=None)


def _rows_of(block: TextBlock, style: TextStyle, lines: list[str]) -> list[Row]:
    """The lines from the old first baseline on, at the old left edge, middle or right edge."""
    first = block.rows[0]
    step = style.line_height_px or style.size_px * _TYPICAL_LEADING_EM
    return [Row(line, first.anchor, first.baseline + step * index) for index, line in enumerate(lines)]


def _check_extents(typesetter: Typesetter, rows: list[Row]) -> None:
    extents = typesetter.extents(rows)
    if extents.width * extents.height > _MAX_PIXELS:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The text would be {extents.width:.0f} x {extents.height:.0f} pixels.",
            "Give fewer words, or a smaller size.",
        )


def _lines_of(rows: list[Row], lettering: Lettering, style: TextStyle) -> tuple[TextLine, ...]:
    upright = TextFrame(0.0)
    return tuple(
        TextLine(row.string, upright.quad(box), style.colour, style.size_px)
        for row, box in zip(rows, lettering.boxes, strict=True)
        if row.string
    )


def _tidy(transform: Transform) -> Transform:
    """Without what rounding leaves of a rotation there and back."""
    values = (transform.a, transform.b, transform.c, transform.d, transform.e, transform.f)
    near = [
        round(value) if abs(value - round(value)) < _SAME_WITHIN * max(1, abs(value)) else value for value in values
    ]
    return Transform(*near)
