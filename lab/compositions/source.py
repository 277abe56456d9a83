"""A row of the table of packages: version, licence, files, and their use."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Use(StrEnum):
    """The use of the files of a source."""

    PICTOGRAMS = "pictograms"
    """Small pictures of things in several colours."""
    ICONS = "icons"
    """Icons of one colour, which a design chooses."""
    LINE_ART = "line art"
    """Drawings of lines alone."""
    THINGS = "things"
    """Larger pictures of one thing or person with alpha."""
    SCENES = "scenes"
    """Illustrations of several things, which are split."""
    CUT_OUTS = "cut-outs"
    """Photographs of things with alpha."""
    PHOTOGRAPHS = "photographs"
    TEXTURES = "textures"
    FONTS = "fonts"


class Share(StrEnum):
    """Which half of the material a source belongs to."""

    STYLES = "styles"
    """Designs of all styles, for fitting."""
    RESERVED = "reserved"
    """Composed photographs alone, for checking: no other style uses it."""


@dataclass(frozen=True, slots=True)
class Source:
    """`files`: patterns of paths in the unpacked package. `left_out`: words in paths or names that are not used."""

    registry: Literal["npm", "debian"]
    package: str
    version: str
    licence: str
    use: Use
    files: tuple[str, ...]
    share: Share = Share.STYLES
    left_out: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.package}@{self.version}"
