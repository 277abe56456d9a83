"""Writes the table of typical metrics from the Liberation fonts, which have the widths of Arial, Times and Courier New.

    PYTHONPATH=. .venv/bin/python -m lab.typical_metrics /usr/share/fonts/truetype/liberation

Debian's fonts-liberation has them. The table is src/lamina/typesetting/typical_metrics.json, in thousandths of the em.
"""

import json
import sys
from pathlib import Path

from PIL import ImageFont

TABLE = Path("src/lamina/typesetting/typical_metrics.json")
_FILES = {"sans": "LiberationSans", "serif": "LiberationSerif", "mono": "LiberationMono"}
_CHARACTERS = "".join(map(chr, [*range(0x20, 0x7F), *range(0xA0, 0x100), 0x152, 0x153, 0x178])) + "–—‘’‚“”„†‡•…‰‹›€™"
_EM_PX = 1000


def main(folder: Path) -> None:
    table = {}
    for name, file in _FILES.items():
        table[name] = _face(folder / f"{file}-Regular.ttf")
        table[f"{name} bold"] = _face(folder / f"{file}-Bold.ttf")
    TABLE.write_text(json.dumps(table, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


def _face(path: Path) -> dict[str, object]:
    font = ImageFont.truetype(path, _EM_PX, layout_engine=ImageFont.Layout.BASIC)
    ascent, descent = font.getmetrics()
    return {"ascent": ascent, "descent": descent, "glyphs": {each: _glyph(font, each) for each in _CHARACTERS}}


def _glyph(font: ImageFont.FreeTypeFont, character: str) -> list[int]:
    """Advance, left, right, top and bottom; the last four are 0 if nothing is visible."""
    mask, (x, y) = font.getmask2(character, "L", anchor="ls")
    left, top, right, bottom = mask.getbbox() or (0, 0, 0, 0)
    if right == left:
        x = y = 0
    return [round(font.getlength(character)), left + x, right + x, -top - y, bottom + y]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
