"""The typical metrics of each class of typefaces: those of the common typefaces that programs substitute."""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from lamina.core.text_styles import Typeface, TypefaceClass
from lamina.typesetting.metrics import CAP_HEIGHT_EM, Glyph, Ink, ink_of

BOLD = 600
"""The weight from which on a typeface counts as bold where only regular and bold are told apart."""

_TABLE = "typical_metrics.json"  # written by lab/typical_metrics.py
_FAMILIES = {
    "sans": ("Arial", "Liberation Sans", "Helvetica", "sans-serif"),
    "serif": ("Times New Roman", "Liberation Serif", "Times", "serif"),
    "mono": ("Courier New", "Liberation Mono", "Courier", "monospace"),
}
_TABLE_OF_CLASS = {TypefaceClass.SERIF: "serif", TypefaceClass.SLAB: "serif", TypefaceClass.MONO: "mono"}
# In em, of characters that the table lacks: the square of an ideograph, and letters of other scripts.
_WIDE = Glyph(1.0, 0.04, 0.96, 0.84, 0.08)
_OTHER_UPPER = Glyph(0.68, 0.06, 0.62, CAP_HEIGHT_EM, 0.0)
_OTHER_LOWER = Glyph(0.55, 0.05, 0.5, CAP_HEIGHT_EM, 0.2)
_NOTHING = Glyph(0.0, 0.0, 0.0, 0.0, 0.0)
_INVISIBLE = "Cc", "Cf", "Cs", "Mn", "Me"  # general categories: controls, surrogates, and marks on other characters


def fallback_families(typeface: Typeface | None) -> tuple[str, ...]:
    """The families with the typical metrics, from the most common to the generic name of CSS."""
    families = _FAMILIES[_table_name(typeface)]
    is_script = typeface is not None and typeface.type_class is TypefaceClass.SCRIPT
    return (*families[:-1], "cursive") if is_script else families


def typical_metrics(typeface: Typeface | None) -> "TypicalMetrics":
    """The metrics of the typeface that is substituted for `typeface`: a sans-serif for None."""
    is_bold = typeface is not None and typeface.weight >= BOLD
    return _metrics(_table_name(typeface), is_bold)


@dataclass(frozen=True, slots=True, eq=False)
class TypicalMetrics:
    """Metrics from a table of characters, without kerning."""

    ascent: float
    descent: float
    glyphs: Mapping[str, Glyph]
    is_exact: bool = False

    def advance(self, string: str) -> float:
        return sum(self._glyph(character).advance for character in string)

    def ink(self, string: str) -> Ink:
        return ink_of([self._glyph(character) for character in string], self.advance(string))

    def _glyph(self, character: str) -> Glyph:
        glyph = self.glyphs.get(character)
        if glyph is not None:
            return glyph
        if unicodedata.category(character) in _INVISIBLE:
            return _NOTHING
        base = unicodedata.normalize("NFD", character)[0]
        if base != character:
            return self._glyph(base)
        if unicodedata.east_asian_width(character) in "WF":
            return _WIDE
        if character.isspace():
            return self.glyphs[" "]
        return _OTHER_UPPER if character.isupper() or character.isdigit() else _OTHER_LOWER


def _table_name(typeface: Typeface | None) -> str:
    return "sans" if typeface is None else _TABLE_OF_CLASS.get(typeface.type_class, "sans")


@cache
def _metrics(name: str, is_bold: bool) -> TypicalMetrics:
    faces = json.loads(files("lamina.typesetting").joinpath(_TABLE).read_bytes())
    face = faces[f"{name} bold" if is_bold else name]
    glyphs = {character: Glyph(*(side / 1000 for side in sides)) for character, sides in face["glyphs"].items()}
    return TypicalMetrics(face["ascent"] / 1000, face["descent"] / 1000, glyphs)
