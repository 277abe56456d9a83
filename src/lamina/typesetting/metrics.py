"""Describes how wide and how tall a typeface sets a string."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

CAP_HEIGHT_EM = 0.716
"""The typical height of capitals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ink:
    """The extents of a string's visible letters in em, set without letter spacing.

    `left`, `right`: from where the pen starts; `top`: above the baseline; `bottom`: below it, negative if the letters
    end above it.
    """

    left: float
    right: float
    top: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.top + self.bottom


class FaceMetrics(Protocol):
    """The metrics of a typeface in em.

    `ascent`, `descent`: of the line, above and below the baseline. `is_exact`: whether they are those of the typeface
    itself, and not typical ones of its class.
    """

    @property
    def ascent(self) -> float: ...

    @property
    def descent(self) -> float: ...

    @property
    def is_exact(self) -> bool: ...

    def advance(self, string: str) -> float:
        """How far the pen moves along the string."""
        ...

    def ink(self, string: str) -> Ink:
        """The extents of the visible letters; of a box of the height of a capital if there are none."""
        ...


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character in em: its advance, and its ink as in `Ink`, which is empty if `right` is not above `left`."""

    advance: float
    left: float
    right: float
    top: float
    bottom: float

    @property
    def is_visible(self) -> bool:
        return self.right > self.left


def ink_of(glyphs: Sequence[Glyph], advance: float) -> Ink:
    """The extents of characters that are set side by side, `advance` wide in all; see `FaceMetrics.ink`."""
    visible = [index for index, glyph in enumerate(glyphs) if glyph.is_visible]
    if not visible:
        return Ink(left=0.0, right=max(advance, 0.01), top=CAP_HEIGHT_EM, bottom=0.0)
    first, last = visible[0], visible[-1]
    left = sum(glyph.advance for glyph in glyphs[:first]) + glyphs[first].left
    after = sum(glyph.advance for glyph in glyphs[last:])
    top, bottom = (max(getattr(glyphs[index], side) for index in visible) for side in ("top", "bottom"))
    right = max(advance - after + glyphs[last].right, left + 0.01)
    return Ink(left=left, right=right, top=top, bottom=max(bottom, 0.01 - top))


def letter_count(string: str) -> int:
    """The number of letters that letter spacing is added after, with their accents counted as one."""
    return sum(not unicodedata.combining(character) for character in string)
