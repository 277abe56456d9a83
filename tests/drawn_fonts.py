"""Font files that are drawn for tests: plain, variable, of huge letters, and of several faces."""

from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont

_LETTERS = "AEHLOS"


def drawn_font(path: Path, *, is_variable: bool = False, style: str = "Regular", units_per_em: int = 1000) -> Path:
    """A TrueType font "Drawn" of six letters, each a box; a variable one has the weights 300 to 700.

    `units_per_em`: the boxes are 700 high and 500 wide, whatever it is.
    """
    names = [".notdef", "space", *_LETTERS]
    builder = FontBuilder(units_per_em, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({32: "space", **{ord(letter): letter for letter in _LETTERS}})
    builder.setupGlyf({name: _box(500 if name in _LETTERS else 300 if name == ".notdef" else 0) for name in names})
    builder.setupHorizontalMetrics(dict.fromkeys(names, (600, 50)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Drawn", "styleName": style})
    builder.setupOS2(sTypoAscender=800, sTypoDescender=-200)
    builder.setupPost()
    if is_variable:
        builder.setupFvar([("wght", 300, 400, 700, "Weight")], [])
        builder.setupGvar({name: [] for name in names})
    builder.save(path)
    return path


def drawn_collection(path: Path, face: Path) -> Path:
    """A collection of two faces."""
    collection = TTCollection()
    collection.fonts = [TTFont(face), TTFont(face)]
    collection.save(path)
    return path


def _box(width: int) -> object:
    pen = TTGlyphPen(None)
    if width:
        pen.moveTo((50, 0))
        for corner in ((50, 700), (50 + width, 700), (50 + width, 0)):
            pen.lineTo(corner)
        pen.closePath()
    return pen.glyph()
