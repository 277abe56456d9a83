"""Finds the file of a typeface among the fonts that are installed on this machine."""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path

from PIL import ImageFont

from lamina.typesetting.font_names import read_face_names

_ENDINGS = (".ttf", ".otf", ".ttc", ".otc")
_MAX_FILES = 20_000
_WEIGHTS = {
    "thin": 100,
    "hairline": 100,
    "extralight": 200,
    "ultralight": 200,
    "light": 300,
    "medium": 500,
    "semibold": 600,
    "demibold": 600,
    "demi": 600,
    "extrabold": 800,
    "ultrabold": 800,
    "bold": 700,
    "black": 900,
    "heavy": 900,
}
_REGULAR = 400
_LIGHT, _HEAVY = 350, 750  # weights between them are listed as regular or bold
_WEIGHT_NAMES = {100: "Thin", 200: "ExtraLight", 300: "Light", 800: "ExtraBold", 900: "Black"}
_MAX_WEIGHT_DIFFERENCE = 150
_WIDTHS = re.compile("condensed|narrow|compressed|expanded|extended|wide")


@dataclass(frozen=True, slots=True)
class FontFile:
    """A face in a font file.

    `index`: its number in a collection. `weight`: the weight that a variable font is set to; None for other fonts.
    """

    path: Path
    index: int
    weight: int | None = None

    def at(self, size_px: float) -> ImageFont.FreeTypeFont:
        """The face at an em size in pixels."""
        font = ImageFont.truetype(self.path, size_px, index=self.index)
        weight = self.weight
        if weight is not None:
            axes = font.get_variation_axes()
            font.set_variation_by_axes(
                [float(weight if _is_weight(axis) else axis.get("default") or 0) for axis in axes]
            )
        return font


@dataclass(frozen=True, slots=True)
class NamedFace:
    """What a font file says of a face. `style`: such as "Bold Italic"."""

    file: FontFile
    family: str
    style: str
    is_variable: bool

    @property
    def is_italic(self) -> bool:
        return "italic" in self._words

    @property
    def weight(self) -> int:
        """100..900 as in CSS."""
        if self.file.weight is not None:
            return self.file.weight
        letters = _letters(self._words.replace("italic", ""))
        return next((value for word, value in _WEIGHTS.items() if letters.startswith(word)), _REGULAR)

    @property
    def has_usual_width(self) -> bool:
        """False for condensed and expanded faces."""
        return not _WIDTHS.search(self._words)

    @property
    def _words(self) -> str:
        return self.style.lower().replace("oblique", "italic")


@cache
def find_font(family: str, weight: int, is_italic: bool) -> FontFile | None:
    """The face of the family with the slant and the nearest weight; None if none is within 150.

    Families are compared by their letters and digits; condensed and expanded faces are families of their own.
    """
    wanted = _letters(family)
    faces = [face for path in _likely_files(wanted) for face in _faces(path) if _letters(face.family) == wanted]
    differences = {face: _difference(face, weight, is_italic) for face in faces}
    for face in sorted(faces, key=differences.__getitem__):
        if differences[face] > _MAX_WEIGHT_DIFFERENCE:
            return None
        file = replace(face.file, weight=weight) if face.is_variable else face.file
        if _opens(file):
            return file
    return None


@cache
def installed_faces() -> tuple[NamedFace, ...]:
    """The faces of all fonts that `find_font` may find, by family. Whatever is condensed or expanded is left out."""
    faces = {face for path in _font_files() for face in _faces(path) if face.has_usual_width and face.family}
    return tuple(sorted(faces, key=lambda face: (face.family.casefold(), face.weight, face.is_italic, face.style)))


def weight_axis(font: ImageFont.FreeTypeFont) -> tuple[int, int] | None:
    """The lowest and the highest weight of a variable font; None for fonts without an axis of weights."""
    try:
        axes = font.get_variation_axes()
    except (OSError, NotImplementedError):  # it is not variable
        return None
    axis = next(filter(_is_weight, axes), None)
    return None if axis is None else (int(axis.get("minimum") or 1), int(axis.get("maximum") or 1000))


def faces_in(folder: Path) -> list[NamedFace]:
    """The faces of all font files in a folder and those below it."""
    return [face for path in sorted(islice(_walk([folder]), _MAX_FILES)) for face in _faces(path)]


def weight_name(weight: int) -> str:
    """The name of a weight in the names of fonts; empty for those near regular (400) and bold (700)."""
    if _LIGHT < weight < _HEAVY:
        return ""
    return _WEIGHT_NAMES[min(_WEIGHT_NAMES, key=lambda named: abs(named - weight))]


def _likely_files(wanted: str) -> list[Path]:
    """The files whose name begins like the family; all files if there are none."""
    paths = _font_files() if wanted else ()
    likely = [path for path in paths if _letters(path.stem).startswith(wanted)]
    return likely or list(paths)


@cache
def _font_files() -> tuple[Path, ...]:
    return tuple(sorted(islice(_walk(_folders()), _MAX_FILES)))


def _walk(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        for parent, _, names in os.walk(folder):
            yield from (Path(parent, name) for name in names if name.lower().endswith(_ENDINGS))


def _folders() -> list[Path]:
    home = Path.home()
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"]
    if sys.platform == "win32":
        return [Path("C:/Windows/Fonts"), home / "AppData/Local/Microsoft/Windows/Fonts"]
    return [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".local/share/fonts", home / ".fonts"]


@cache
def _faces(path: Path) -> tuple[NamedFace, ...]:
    """The faces in a file; none if it cannot be read."""
    return tuple(
        NamedFace(FontFile(path, names.index), names.family, names.style, names.has_weight_axis)
        for names in read_face_names(path)
    )


def _opens(file: FontFile) -> bool:
    """False for a damaged font."""
    try:
        file.at(16)
    except (OSError, ValueError, NotImplementedError):
        return False
    return True


def _is_weight(axis: "ImageFont.Axis") -> bool:
    return _letters(str(axis.get("name", ""))).endswith("weight")


def _difference(face: NamedFace, weight: int, is_italic: bool) -> int:
    """How far a face is from the wanted one, in units of weight."""
    if face.is_italic != is_italic or not face.has_usual_width:
        return 2 * _MAX_WEIGHT_DIFFERENCE
    return 0 if face.is_variable else abs(face.weight - weight)


def _letters(name: str) -> str:
    """The name in lower case, without spaces and signs."""
    return "".join(character for character in name.casefold() if character.isalnum())
