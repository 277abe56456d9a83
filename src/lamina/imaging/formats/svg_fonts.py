"""Embeds in an SVG file the letters of installed fonts that its text uses."""

import base64
import io
import logging
from collections.abc import Iterable
from html import escape

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.text_styles import Typeface
from lamina.imaging.formats.text_layout import TextBlock
from lamina.imaging.layer_names import sanitize_name
from lamina.installation import install_command
from lamina.typesetting.installed import FontFile, find_font

_INSTALLABLE = 0  # of fsType in the table OS/2: the font may be embedded without restriction


def embedded_fonts(blocks: Iterable[TextBlock]) -> str:
    """A style element with a font-face for each installed typeface of the blocks; empty if there is none.

    Fonts whose own flags restrict embedding are left out. Raises `LaminaError` (output_unwritable) without fontTools.
    """
    characters: dict[Typeface, set[str]] = {}
    for block in blocks:
        typeface = block.style.typeface
        if typeface is not None and typeface.family:
            characters.setdefault(typeface, set()).update(*(row.string for row in block.rows))
    faces = [_font_face(typeface, "".join(sorted(used))) for typeface, used in characters.items()]
    rules = "".join(face for face in faces if face)
    return f"<style>{rules}</style>\n" if rules else ""


def _font_face(typeface: Typeface, characters: str) -> str:
    """The rule of a typeface; empty if it is not installed or must not be embedded."""
    file = find_font(typeface.family, typeface.weight, typeface.is_italic)
    font = None if file is None else _subset(file, characters)
    if font is None:
        return ""
    family = escape(sanitize_name(typeface.family).replace("\\", "\\\\").replace('"', '\\"'), quote=False)
    style = "italic" if typeface.is_italic else "normal"
    source = base64.b64encode(font).decode("ascii")
    return (
        f'@font-face{{font-family:"{family}";font-weight:{typeface.weight};font-style:{style};'
        f'src:url(data:font/woff;base64,{source}) format("woff")}}\n'
    )


def _subset(file: FontFile, characters: str) -> bytes | None:
    """A WOFF font with these characters; None if the font must not be embedded, or is broken."""
    try:
        from fontTools.subset import Options, Subsetter
        from fontTools.ttLib import TTFont, TTLibError
        from fontTools.varLib.instancer import instantiateVariableFont
    except ImportError:
        raise LaminaError(
            ErrorCode.OUTPUT_UNWRITABLE,
            "Fonts cannot be embedded, because the package fonttools is not installed.",
            f"Install it with: {install_command('fonts')}",
        ) from None
    logging.getLogger("fontTools").setLevel(logging.ERROR)  # it warns of tables that it leaves out
    try:
        font = TTFont(file.path, fontNumber=file.index, recalcTimestamp=False)
        if getattr(font["OS/2"], "fsType", _INSTALLABLE) != _INSTALLABLE:
            return None
        if file.weight is not None and "fvar" in font:
            font = instantiateVariableFont(font, {"wght": file.weight})
        subsetter = Subsetter(Options(flavor="woff", layout_features=["kern", "liga", "ccmp", "locl", "mark", "mkmk"]))
        subsetter.populate(text=characters)
        subsetter.subset(font)
        font.flavor = "woff"
        written = io.BytesIO()
        font.save(written)
    except (TTLibError, KeyError, ValueError):
        return None
    return written.getvalue()
