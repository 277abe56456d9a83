"""The metrics of a typeface: its own if it is installed on this machine, else the typical ones of its class."""

import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

from PIL import Image, ImageDraw, ImageFont

from lamina.core.text_styles import Typeface
from lamina.typesetting.installed import FontFile, find_font
from lamina.typesetting.metrics import FaceMetrics, Glyph, Ink, ink_of
from lamina.typesetting.typical import typical_metrics

_EM_PX = 400  # at which outlines are measured
_SHEET, _PEN = (1000, 1000), (200, 600)  # the size of the sheet that a character is drawn on, and where the pen starts
_INKED = "LNPS"  # the categories of characters that are visible: letters, numbers, punctuation, symbols
_MISSING = "\U0010fffd"  # a private character that no font has


def face_metrics(typeface: Typeface | None) -> FaceMetrics:
    """The metrics of `typeface`; those of a regular sans-serif for None."""
    typical = typical_metrics(typeface)
    if typeface is None or not typeface.family:
        return typical
    file = find_font(typeface.family, typeface.weight, typeface.is_italic)
    return typical if file is None else InstalledMetrics(file, typical)


def missing_characters(file: FontFile, string: str) -> str:
    """The characters of a string that a font lacks, each once, in their order.

    Fonts show a picture of their own for them, or nothing.
    """

    def is_missing(character: str) -> bool:
        glyph = _glyph(file, character)
        return glyph is None or (not glyph.is_visible and unicodedata.category(character)[0] in _INKED)

    return "".join(filter(is_missing, dict.fromkeys(string)))


@dataclass(frozen=True, slots=True)
class InstalledMetrics:
    """The metrics of an installed font, with its kerning. `fallback`: for strings with characters that it lacks."""

    file: FontFile
    fallback: FaceMetrics

    @property
    def is_exact(self) -> bool:
        return True

    @property
    def ascent(self) -> float:
        return _font(self.file).getmetrics()[0] / _EM_PX

    @property
    def descent(self) -> float:
        return _font(self.file).getmetrics()[1] / _EM_PX

    def advance(self, string: str) -> float:
        return self._own_advance(string) if self._has(string) else self.fallback.advance(string)

    def ink(self, string: str) -> Ink:
        if not self._has(string):
            return self.fallback.ink(string)
        return ink_of(
            [glyph for character in string if (glyph := _glyph(self.file, character))], self._own_advance(string)
        )

    def _own_advance(self, string: str) -> float:
        return _font(self.file).getlength(string) / _EM_PX

    def _has(self, string: str) -> bool:
        return all(_glyph(self.file, character) is not None for character in set(string))


@cache
def _font(file: FontFile) -> ImageFont.FreeTypeFont:
    return file.at(_EM_PX)


@lru_cache(maxsize=4096)
def _glyph(file: FontFile, character: str) -> Glyph | None:
    """A character of a font; None if the font lacks it."""
    picture = _drawn(file, character)
    box = picture.getbbox()
    advance = _font(file).getlength(character) / _EM_PX
    if box is None:
        return Glyph(advance, 0.0, 0.0, 0.0, 0.0)
    if picture.tobytes() == _missing(file):
        return None
    left, right = ((side - _PEN[0]) / _EM_PX for side in (box[0], box[2]))
    return Glyph(advance, left, right, (_PEN[1] - box[1]) / _EM_PX, (box[3] - _PEN[1]) / _EM_PX)


@cache
def _missing(file: FontFile) -> bytes:
    """The picture that the font shows for characters that it lacks."""
    return _drawn(file, _MISSING).tobytes()


def _drawn(file: FontFile, character: str) -> Image.Image:
    picture = Image.new("L", _SHEET)
    ImageDraw.Draw(picture).text(_PEN, character, 255, _font(file), anchor="ls")
    return picture
