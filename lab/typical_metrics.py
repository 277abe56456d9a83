"""Writes the table of typical metrics: of the letters of Helvetica, Times and Courier as drawn by URW.

    PYTHONPATH=. .venv/bin/python -m lab.typical_metrics /usr/share/fonts/opentype/urw-base35

Debian's fonts-urw-base35 has them. Their widths are those of Arial, Times New Roman and Courier New, and their heights
are scaled to their capitals. The table is src/lamina/typesetting/typical_metrics.json, in
thousandths of the em.
"""

import json
import sys
from pathlib import Path

from PIL import ImageFont

TABLE = Path("src/lamina/typesetting/typical_metrics.json")
# Name in the table: regular and bold file; ascent, descent and height of capitals of the typeface that is substituted.
_FACES = {
    "sans": ("NimbusSans-Regular.otf", "NimbusSans-Bold.otf", 905, 212, 716),
    "serif": ("NimbusRoman-Regular.otf", "NimbusRoman-Bold.otf", 891, 216, 662),
    "mono": ("NimbusMonoPS-Regular.otf", "NimbusMonoPS-Bold.otf", 833, 300, 571),
}
_CHARACTERS = "".join(map(chr, [*range(0x20, 0x7F), *range(0xA0, 0x100), 0x152, 0x153, 0x178])) + "–—‘’‚“”„†‡•…‰‹›€™"
_EM_PX = 1000


def main(folder: Path) -> None:
    table: dict[str, dict[str, object]] = {}
    for name, (regular, bold, ascent, descent, cap_height) in _FACES.items():
        lines = {"ascent": ascent, "descent": descent}
        table[name] = {**lines, "glyphs": _glyphs(folder / regular, cap_height)}
        table[f"{name} bold"] = {**lines, "glyphs": _glyphs(folder / bold, cap_height)}
    TABLE.write_text(json.dumps(table, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


def _glyphs(path: Path, cap_height: int) -> dict[str, list[int]]:
    font = ImageFont.truetype(path, _EM_PX, layout_engine=ImageFont.Layout.BASIC)
    stretch = cap_height / _glyph(font, "H", 1.0)[3]
    return {character: _glyph(font, character, stretch) for character in _CHARACTERS}


def _glyph(font: ImageFont.FreeTypeFont, character: str, stretch: float) -> list[int]:
    """Advance, left, right, top and bottom; the last four are 0 if nothing is visible."""
    mask, (x, y) = font.getmask2(character, "L", anchor="ls")
    left, top, right, bottom = mask.getbbox() or (0, 0, 0, 0)
    if right == left:
        x = y = 0
    heights = round(-(top + y) * stretch), round((bottom + y) * stretch)
    return [round(font.getlength(character)), left + x, right + x, *heights]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
