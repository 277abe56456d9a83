"""Draws lines of text with an installed font, and with the colours and effects of a style."""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lamina.core.composite import over
from lamina.core.layers import Pixels
from lamina.core.text_styles import Colour, ColourGradient, TextAlignment, TextStyle
from lamina.engines.classic.raster import Values
from lamina.typesetting.frames import LineBox
from lamina.typesetting.installed import FontFile
from lamina.typesetting.metrics import letter_count

_SHIFTS = {TextAlignment.LEFT: 0.0, TextAlignment.CENTER: -0.5, TextAlignment.RIGHT: -1.0}
_BLUR_REACH = 3  # standard deviations


@dataclass(frozen=True, slots=True)
class Row:
    """A line of text: its left end, middle or right end, as it is aligned, and its baseline, in pixels."""

    string: str
    anchor: float
    baseline: float


@dataclass(frozen=True, slots=True, eq=False)
class Lettering:
    """Drawn text: its pixels and their place, and the extents of the visible letters of each row."""

    pixels: Pixels
    left: int
    top: int
    boxes: tuple[LineBox, ...]


@dataclass(frozen=True, slots=True)
class Typesetter:
    """Sets rows with a font in a style."""

    file: FontFile
    style: TextStyle

    def extents(self, rows: Sequence[Row]) -> LineBox:
        """What rows and their effects may cover, in pixels."""
        font, margin = self._font, self._margin
        ascent, descent = font.getmetrics()
        reaches = [self._reach(row, font) for row in rows]
        return LineBox(
            left=min(left for left, _ in reaches) - margin,
            right=max(right for _, right in reaches) + margin,
            top=rows[0].baseline - ascent - margin,
            bottom=rows[-1].baseline + descent + margin,
        )

    def drawn(self, rows: Sequence[Row]) -> Lettering:
        """The rows, of which at least one has a visible letter."""
        extents = self.extents(rows)
        left, top = math.floor(extents.left), math.floor(extents.top)
        size = math.ceil(extents.right) - left, math.ceil(extents.bottom) - top
        sheet, wide = Image.new("L", size), Image.new("L", size)
        outline = self.style.outline
        boxes: list[LineBox] = []
        for row in rows:
            own = Image.new("L", size)
            self._draw(own, row, (left, top), 0)
            x0, y0, x1, y1 = own.getbbox() or (0, 0, 0, 0)
            boxes.append(LineBox(left=left + x0, right=left + x1, top=top + y0, bottom=top + y1))
            sheet.paste(255, mask=own)
            if outline is not None:
                self._draw(wide, row, (left, top), max(1, round(outline.width_px)))
        letters = np.asarray(sheet, np.float32) / 255
        around = np.maximum(letters, np.asarray(wide, np.float32) / 255)
        return Lettering(self._coloured(letters, around), left, top, tuple(boxes))

    @property
    def _font(self) -> ImageFont.FreeTypeFont:
        return self.file.at(self.style.size_px)

    @property
    def _margin(self) -> float:
        """What letters, outline and shadow need around the advances of the letters."""
        margin = 0.5 * self.style.size_px + 2
        if self.style.outline is not None:
            margin += self.style.outline.width_px
        if self.style.shadow is not None:
            margin += max(map(abs, self.style.shadow.offset_px)) + _BLUR_REACH * self.style.shadow.blur_px
        return margin

    def _left(self, row: Row, font: ImageFont.FreeTypeFont) -> float:
        return row.anchor + _SHIFTS[self.style.alignment] * self._width(row.string, font)

    def _reach(self, row: Row, font: ImageFont.FreeTypeFont) -> tuple[float, float]:
        """Where the advances of the letters begin and end, which go back where they are closer than they are wide."""
        left, spacing = self._left(row, font), self.style.letter_spacing_px
        if spacing >= 0:
            return left, left + self._width(row.string, font)
        back = spacing * max(0, letter_count(row.string) - 1)
        return left + back, left + font.getlength(row.string)

    def _width(self, string: str, font: ImageFont.FreeTypeFont) -> float:
        return font.getlength(string) + self.style.letter_spacing_px * max(0, letter_count(string) - 1)

    def _draw(self, sheet: Image.Image, row: Row, corner: tuple[int, int], stroke_px: int) -> None:
        font, spacing, pen = self._font, self.style.letter_spacing_px, ImageDraw.Draw(sheet)
        x, y = self._left(row, font) - corner[0], row.baseline - corner[1]
        if not spacing:
            pen.text((x, y), row.string, 255, font, anchor="ls", stroke_width=stroke_px)
            return
        before = ""
        for index, letter in enumerate(_letters(row.string)):
            # the difference of advances contains the kerning with the letter before
            own_x = x + font.getlength(before + letter) - font.getlength(letter) + index * spacing
            pen.text((own_x, y), letter, 255, font, anchor="ls", stroke_width=stroke_px)
            before += letter

    def _coloured(self, letters: Values, around: Values) -> Pixels:
        style = self.style
        canvas = np.zeros((*letters.shape, 4), np.uint8)
        if style.shadow is not None:
            right, down = style.shadow.offset_px
            shift = np.array([[1, 0, right], [0, 1, down]], np.float64)
            cast = cv2.warpAffine(around, shift, letters.shape[::-1])
            if style.shadow.blur_px > 0:
                cast = cv2.GaussianBlur(cast, (0, 0), style.shadow.blur_px)
            canvas = _filled(np.asarray(cast, np.float32) * style.shadow.opacity, style.shadow.colour)
        if style.outline is not None:
            canvas = over(canvas, _filled(around, style.outline.colour))
        top = _filled(letters, style.colour)
        if style.gradient is not None and letters.any():
            top[..., :3] = _gradient(letters, style.gradient)
        return over(canvas, top)


def _letters(string: str) -> list[str]:
    """The letters, each with its accents."""
    letters: list[str] = []
    for character in string:
        if letters and unicodedata.combining(character):
            letters[-1] += character
        else:
            letters.append(character)
    return letters


def _filled(alpha: Values, colour: Colour) -> Pixels:
    pixels = np.zeros((*alpha.shape, 4), np.uint8)
    pixels[..., :3] = colour
    pixels[..., 3] = np.rint(np.clip(alpha, 0, 1) * 255)
    return pixels


def _gradient(letters: Values, gradient: ColourGradient) -> Pixels:
    """(h, w, 3): the gradient across the box of the letters."""
    x, y, width, height = cv2.boundingRect((letters > 0).astype(np.uint8))
    rows, columns = np.indices(letters.shape, np.float32)
    turn = math.radians(gradient.degrees)
    across, down = math.cos(turn), math.sin(turn)
    position = np.asarray((columns - x - width / 2) * across + (rows - y - height / 2) * down)
    share = np.clip(position / max(1.0, abs(width * across) + abs(height * down)) + 0.5, 0, 1)[..., None]
    start, end = (np.array(colour, np.float32) for colour in (gradient.start, gradient.end))
    return np.rint(start + share * (end - start)).astype(np.uint8)
