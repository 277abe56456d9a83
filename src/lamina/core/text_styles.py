"""The appearance of a text layer, in the terms of a character and paragraph panel: typeface, size, spacing, effects."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

Colour = tuple[int, int, int]
"""Red, green and blue in sRGB, 0..255."""


class TextAlignment(StrEnum):
    """How the lines of a paragraph are aligned. A single line is `LEFT`."""

    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"


class TypefaceClass(StrEnum):
    """The broad class of a typeface, which is known more often than its family."""

    SANS = "sans"
    SERIF = "serif"
    SLAB = "slab"
    MONO = "mono"
    SCRIPT = "script"
    DISPLAY = "display"


@dataclass(frozen=True, slots=True, kw_only=True)
class Typeface:
    """The typeface that a text seems to be set in.

    `family`: the best match, such as "Open Sans"; empty if none is close enough. `confidence`: the probability that
    the family is right, 0..1. `alternatives`: the next best families, best first. `weight`: 100..900 as in CSS.
    """

    family: str
    confidence: float
    weight: int
    is_italic: bool
    type_class: TypefaceClass
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourGradient:
    """A linear gradient across the text's box. `degrees`: 0 from left to right, 90 from top to bottom."""

    start: Colour
    end: Colour
    degrees: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TextOutline:
    """A line around the letters. `width_px`: its whole visible width outside the letters."""

    colour: Colour
    width_px: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TextShadow:
    """A shadow below the letters. `offset_px`: right and down. `blur_px`: the standard deviation. `opacity`: 0..1."""

    colour: Colour
    offset_px: tuple[float, float]
    blur_px: float
    opacity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TextStyle:
    """The appearance of all lines of a text layer.

    `size_px`: the em size. `line_height_px`: from baseline to baseline; 0 for a single line. `letter_spacing_px`: what
    is added to the typeface's own advance widths; may be negative. `rotation_degrees`: clockwise. `arc_radius_px`: of
    the circle on which the baseline lies, positive if its centre is below the text; 0 if it is straight. `script`: the
    ISO 15924 code, such as "Latn"; empty if the text was not read.
    """

    size_px: float
    line_height_px: float = 0.0
    letter_spacing_px: float = 0.0
    alignment: TextAlignment = TextAlignment.LEFT
    colour: Colour
    gradient: ColourGradient | None = None
    outline: TextOutline | None = None
    shadow: TextShadow | None = None
    rotation_degrees: float = 0.0
    arc_radius_px: float = 0.0
    script: str = ""
    typeface: Typeface | None = None

    def scaled(self, factor: float) -> Self:
        """The style of the same text in a picture that is `factor` times as large."""
        outline, shadow = self.outline, self.shadow
        if outline is not None:
            outline = replace(outline, width_px=outline.width_px * factor)
        if shadow is not None:
            right, down = shadow.offset_px
            offset_px = right * factor, down * factor
            shadow = replace(shadow, offset_px=offset_px, blur_px=shadow.blur_px * factor)
        return replace(
            self,
            size_px=self.size_px * factor,
            line_height_px=self.line_height_px * factor,
            letter_spacing_px=self.letter_spacing_px * factor,
            arc_radius_px=self.arc_radius_px * factor,
            outline=outline,
            shadow=shadow,
        )
