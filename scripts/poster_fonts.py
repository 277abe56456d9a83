"""Makes the typefaces of the drawn posters: renamed subsets of free fonts, with just the letters that posters use.

    PYTHONPATH=. python scripts/poster_fonts.py /usr/share/fonts

Needs fontTools and, on Debian: fonts-roboto-unhinted fonts-roboto-slab fonts-comic-neue fonts-lobstertwo
fonts-noto-cjk. Run it again when lab/posters/words.py gets new letters.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.ttLib.ttCollection import TTCollection

from lab.posters import words

LATIN = "".join(map(chr, range(0x20, 0x7F))) + "–—’‘“”·•€£°é"
HAN = "".join(sorted(set("".join(words.CJK_HEADLINES + words.CJK_SUBTITLES)))) + "0123456789%！·年月日 "
TARGET = Path(words.__file__).with_name("fonts")
_LAYOUT_TABLES = ["GPOS", "GSUB", "GDEF", "BASE", "VORG", "DSIG", "vhea", "vmtx", "FFTM"]
_WINDOWS_ENGLISH = (3, 1, 0x409)


@dataclass(frozen=True)
class Face:
    """`source`: a path under the fonts folder; `full_name`: which font of a collection."""

    family: str
    style: str
    letters: str
    source: str
    full_name: str = ""

    @property
    def file_name(self) -> str:
        return f"{self.family.replace(' ', '')}-{self.style}"


FACES = (
    Face("Lamina Sans", "Black", LATIN, "truetype/roboto/unhinted/RobotoTTF/Roboto-Black.ttf"),
    Face("Lamina Slab", "Bold", LATIN, "opentype/roboto/slab/RobotoSlab-Bold.otf"),
    Face("Lamina Hand", "Bold", LATIN, "opentype/comic-neue/ComicNeue-Bold.otf"),
    Face("Lamina Script", "Bold", LATIN, "opentype/lobstertwo/LobsterTwo-Bold.otf"),
    Face("Lamina Han", "Bold", HAN, "opentype/noto/NotoSansCJK-Bold.ttc", "Noto Sans CJK SC Bold"),
)


def main(fonts: Path) -> None:
    for face in FACES:
        font = _opened(fonts / face.source, face.full_name)
        missing = set(map(ord, face.letters)) - set(font.getBestCmap())
        if missing:
            sys.exit(f"{face.source} lacks {''.join(map(chr, missing))}")
        _cut_down(font, face)
        _rename(font, face)
        font.recalcTimestamp = False
        font.save(TARGET / f"{face.file_name}{'.otf' if 'CFF ' in font else '.ttf'}")


def _opened(path: Path, full_name: str) -> TTFont:
    if path.suffix != ".ttc":
        return TTFont(path)
    names = [font["name"].getDebugName(4) for font in TTCollection(path).fonts]
    return TTFont(path, fontNumber=names.index(full_name))


def _cut_down(font: TTFont, face: Face) -> None:
    options = subset.Options(layout_features=[], hinting=False, name_IDs=[0, 13, 14], notdef_outline=True)
    options.desubroutinize = True
    options.drop_tables += _LAYOUT_TABLES
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=face.letters)
    subsetter.subset(font)


def _rename(font: TTFont, face: Face) -> None:
    """No name that is reserved or a trademark stays; the copyright (0) and the licence (13, 14) do."""
    is_bold = face.style == "Bold"
    names = {
        1: face.family if is_bold else f"{face.family} {face.style}",
        2: "Bold" if is_bold else "Regular",
        3: f"{face.file_name} subset 1",
        4: f"{face.family} {face.style}",
        6: face.file_name,
        16: face.family,
        17: face.style,
    }
    for number, name in names.items():
        font["name"].setName(name, number, *_WINDOWS_ENGLISH)
    font["name"].names = [record for record in font["name"].names if record.platformID == 3]
    if "CFF " in font:
        cff = font["CFF "].cff
        cff.fontNames = [face.file_name]
        top = cff.topDictIndex[0]
        for key in ("FullName", "FamilyName", "Notice", "Copyright"):
            top.rawDict.pop(key, None)
            vars(top).pop(key, None)
        for number, part in enumerate(getattr(top, "FDArray", ())):
            part.FontName = f"{face.file_name}-{number}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
