"""Reads the table of typefaces: families, their classes and licences, and where packages have their fonts."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lab.compositions.fetch import folder
from lab.compositions.source import Source, Use
from lamina.core.text_styles import TypefaceClass

_TABLE = Path(__file__).with_name("families.json")


@dataclass(frozen=True, slots=True)
class Face:
    """A font file in a package. `weight`: 100..900 as in CSS."""

    package: str
    path: str
    weight: int
    is_italic: bool


@dataclass(frozen=True, slots=True)
class Family:
    """`is_held_out`: left out of the index, so that it shows how typefaces are judged that are not in it."""

    name: str
    type_class: TypefaceClass
    licence: str
    is_held_out: bool
    faces: tuple[Face, ...]


@cache
def families() -> tuple[Family, ...]:
    """All families of the table, in the order of their names."""
    return tuple(
        Family(
            row["family"],
            TypefaceClass(row["class"]),
            row["licence"],
            row["held_out"],
            tuple(_face(*face) for face in row["faces"]),
        )
        for row in json.loads(_TABLE.read_text("utf-8"))["families"]
    )


def _face(place: str, weight: int, is_italic: bool) -> Face:
    package, path = place.split(":", 1)
    return Face(package, path, weight, is_italic)


@cache
def sources() -> dict[str, Source]:
    """The packages of the table, by name."""
    packages = json.loads(_TABLE.read_text("utf-8"))["packages"]
    return {
        name: Source(registry, name, version, "see the families", Use.FONTS, ())
        for name, (registry, version) in packages.items()
    }


def font_path(face: Face, cache_folder: Path) -> Path:
    """The font file of a face in the folder of the unpacked packages."""
    return folder(cache_folder, sources()[face.package]) / face.path
