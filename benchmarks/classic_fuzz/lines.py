"""Draws lines of text in the bundled typefaces: at any place, also cut off by the border, and as tight wordmarks."""

from functools import cache
from importlib.resources import files
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lab.posters.lettering import Typeface
from lab.posters.words import CJK_HEADLINES, CJK_SUBTITLES, HEADLINES, SMALL_LINES, SUBTITLES

Rgb = NDArray[np.uint8]
Colour = tuple[int, int, int]
Chance = np.random.Generator

_LATIN = (*HEADLINES, *SUBTITLES, *SMALL_LINES)
_HAN = (*CJK_HEADLINES, *CJK_SUBTITLES)


def line_on(picture: Rgb, colour: Colour, chance: Chance) -> None:
    """Draws a line onto `picture` (h, w, 3), mostly so that the border cuts it."""
    height, width = picture.shape[:2]
    ink = _ink(int(np.exp(chance.uniform(np.log(7), np.log(max(9, height))))), chance)
    if chance.random() < 0.3:
        turn = float(chance.choice([90, 180, 270, chance.uniform(-30, 30)]))
        ink = np.asarray(Image.fromarray(ink).rotate(turn, Image.Resampling.BICUBIC, expand=True))
    top = int(chance.integers(-ink.shape[0] // 2, max(1, height - ink.shape[0] // 2)))
    left = int(chance.integers(-ink.shape[1] // 2, max(1, width - ink.shape[1] // 2)))
    rows = slice(max(0, top), min(height, top + ink.shape[0]))
    columns = slice(max(0, left), min(width, left + ink.shape[1]))
    share = ink[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left, None] / 255
    picture[rows, columns] = np.rint(picture[rows, columns] * (1 - share) + np.array(colour) * share)


def wordmark(chance: Chance, ground: Colour, colour: Colour) -> Rgb:
    """(h, w, 3): one line cropped to its ink and 0 to 3 px more on each side, as in files of logos."""
    ink = _ink(int(np.exp(chance.uniform(np.log(8), np.log(110)))), chance)
    margins = chance.integers(0, 4, 4)
    share = np.pad(ink, (tuple(margins[:2]), tuple(margins[2:])))[..., None] / 255
    return np.rint(np.array(ground) * (1 - share) + np.array(colour) * share).astype(np.uint8)


def _ink(size_px: int, chance: Chance) -> NDArray[np.uint8]:
    """(h, w): the coverage 0..255 of a line's letters, cropped to where there is any."""
    typeface = tuple(Typeface)[int(chance.integers(0, len(Typeface)))]
    strings = _HAN if typeface is Typeface.HAN else _LATIN
    string = strings[int(chance.integers(0, len(strings)))]
    if chance.random() < 0.3:
        string = string[: int(chance.integers(1, 5))].strip()
    font = _font(typeface, size_px)
    left, top, right, bottom = font.getbbox(string)
    sheet = Image.new("L", (max(1, int(right - left)) + 2, max(1, int(bottom - top)) + 2))
    ImageDraw.Draw(sheet).text((1 - left, 1 - top), string, 255, font)
    return np.asarray(sheet.crop(sheet.getbbox() or (0, 0, 1, 1)))


@cache
def _font(typeface: Typeface, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(BytesIO((files("lab.posters") / "fonts" / typeface).read_bytes()), size_px)
