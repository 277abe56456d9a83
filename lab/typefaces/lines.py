"""Draws lines of text in known typefaces as text layers, with the quad and string that a reader would give."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from lab.typefaces.drawing import open_font
from lamina.core.layers import Layer, LayerKind, TextLine
from lamina.core.text_styles import Colour
from lamina.typesetting.frames import LineBox, TextFrame

_OVERSAMPLING = 4
_MARGIN_PX = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class LineLook:
    """`spacing_em`: added to the advances of letters. `shift`: of the line, in pixels."""

    size_px: float
    colour: Colour
    spacing_em: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    blur_px: float = 0.0
    noise: float = 0.0
    is_hinted: bool = False


def draw_line(path: Path, string: str, look: LineLook, rng: np.random.Generator) -> Layer | None:
    """A layer with a line of text; None if nothing of it is visible."""
    scale = 1 if look.is_hinted else _OVERSAMPLING
    font = open_font(path, round(look.size_px * scale))
    em = font.size
    pens = np.cumsum([0.0, *(font.getlength(character) + look.spacing_em * em for character in string)])
    margin = _MARGIN_PX * scale + em
    width, height = (-(-int(side) // scale) * scale for side in (pens[-1] + 2 * margin, 3 * em + 2 * margin))
    sheet = Image.new("L", (width, height))
    draw = ImageDraw.Draw(sheet)
    right, down = (shift * scale for shift in look.shift)
    for character, pen in zip(string, pens, strict=False):
        draw.text((round(margin + pen + right), round(height / 2 + down)), character, 255, font, anchor="ls")
    alpha = np.asarray(sheet, np.float32) / 255
    if scale > 1:
        alpha = alpha.reshape(height // scale, scale, width // scale, scale).mean((1, 3))
    if look.blur_px:
        alpha = cv2.GaussianBlur(alpha, (0, 0), look.blur_px)
    if look.noise:
        alpha = alpha + rng.normal(0, look.noise, alpha.shape) * (alpha > 0)
    rows, columns = np.flatnonzero(alpha.max(1) >= 0.5), np.flatnonzero(alpha.max(0) >= 0.5)
    if not rows.size or not columns.size:
        return None
    pixels = np.zeros((*alpha.shape, 4), np.uint8)
    pixels[..., :3] = look.colour
    pixels[..., 3] = np.round(alpha.clip(0, 1) * 255)
    box = LineBox(left=columns[0], right=columns[-1] + 1, top=rows[0], bottom=rows[-1] + 1)
    line = TextLine(string, TextFrame(0.0).quad(box), look.colour, look.size_px)
    return Layer(string, LayerKind.TEXT, pixels, text=(line,))
