"""Draws one line of text as a layer: plain, outlined or with a shadow, at any angle, in a bundled typeface."""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lab.posters.colours import Colour
from lab.posters.sketch import OVERSAMPLING
from lamina.core.layers import Layer, LayerKind, Pixels, Point, TextLine

Unit = NDArray[np.float64]


class Typeface(StrEnum):
    """The bundled subsets; see fonts/README.md for what they were made from."""

    SANS = "LaminaSans-Black.ttf"
    SLAB = "LaminaSlab-Bold.otf"
    HAND = "LaminaHand-Bold.otf"
    SCRIPT = "LaminaScript-Bold.otf"
    HAN = "LaminaHan-Bold.otf"


@dataclass(frozen=True, slots=True)
class Shadow:
    """`offset`: share of the em to the right and down; `blur`: sigma as a share of the em; `strength`: 0..1."""

    colour: Colour
    offset: float
    blur: float
    strength: float


@dataclass(frozen=True, slots=True)
class Lettering:
    """How a line is set. `size_px`: the em; `turn`: degrees clockwise; `outline_width`: share of the em."""

    string: str
    typeface: Typeface
    size_px: float
    colour: Colour
    turn: float = 0
    outline: Colour | None = None
    outline_width: float = 0
    shadow: Shadow | None = None


def lettered(lettering: Lettering, name: str) -> Layer:
    """The line as a layer whose top left pixel is at 0, 0; its quad holds the inked part of the letters."""
    letters, outlined, corners = _masks(lettering)
    cast = _cast(outlined, lettering)
    pixels = _stacked(letters, outlined, cast, lettering)
    line = TextLine(lettering.string, corners, lettering.colour, lettering.size_px)
    return moved(Layer(name, LayerKind.TEXT, pixels, text=(line,)).cropped(), to=(0, 0))


def moved(layer: Layer, to: tuple[int, int]) -> Layer:
    """The layer, and the quads of its text, with its top left pixel at `to`."""
    dx, dy = to[0] - layer.left, to[1] - layer.top
    lines = tuple(replace(line, quad=_shifted(line.quad, dx, dy)) for line in layer.text)
    return replace(layer, left=to[0], top=to[1], text=lines)


def _shifted(quad: tuple[Point, Point, Point, Point], dx: int, dy: int) -> tuple[Point, Point, Point, Point]:
    a, b, c, d = ((x + dx, y + dy) for x, y in quad)
    return a, b, c, d


def _masks(lettering: Lettering) -> tuple[Unit, Unit, tuple[Point, Point, Point, Point]]:
    """Coverage 0..1 of the letters and of the letters with outline, turned, at the final size; and the inked quad."""
    stroke = round(lettering.outline_width * lettering.size_px * OVERSAMPLING) if lettering.outline else 0
    ink, outlined_ink = _upright(lettering, stroke)
    turn = np.radians(lettering.turn)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    around = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * ink.size / 2 @ matrix.T
    room = stroke + _shadow_room(lettering) * OVERSAMPLING
    sides = [2 * int(np.ceil(reach / OVERSAMPLING)) * OVERSAMPLING for reach in around.max(0) + room]

    def turned(upright: Image.Image) -> Unit:
        middles = np.array(sides) / 2, np.array(upright.size) / 2
        shift = middles[0] - 0.5 - matrix @ (middles[1] - 0.5)
        placed = cv2.warpAffine(np.asarray(upright), np.column_stack([matrix, shift]), sides)
        return cv2.resize(placed, None, fx=1 / OVERSAMPLING, fy=1 / OVERSAMPLING, interpolation=cv2.INTER_AREA) / 255

    a, b, c, d = ((float(x), float(y)) for x, y in (around + np.array(sides) / 2) / OVERSAMPLING)
    letters = turned(ink)
    return letters, np.maximum(letters, turned(outlined_ink)) if stroke else letters, (a, b, c, d)


def _upright(lettering: Lettering, stroke: int) -> tuple[Image.Image, Image.Image]:
    """Oversampled coverage 0..255 of the letters, cut to their ink, and of them with outline around the same middle."""
    font = _font(lettering.typeface, round(lettering.size_px * OVERSAMPLING))
    left, top, right, bottom = font.getbbox(lettering.string)
    room = stroke + 2
    sheet = Image.new("L", (int(right - left) + 2 * room, int(bottom - top) + 2 * room))
    origin = room - left, room - top
    ImageDraw.Draw(sheet).text(origin, lettering.string, 255, font)
    box = sheet.getbbox() or (0, 0, 1, 1)
    ink = sheet.crop(box)
    if stroke:
        ImageDraw.Draw(sheet).text(origin, lettering.string, 255, font, stroke_width=stroke)
    return ink, sheet.crop((box[0] - room, box[1] - room, box[2] + room, box[3] + room))


def _shadow_room(lettering: Lettering) -> int:
    shadow = lettering.shadow
    return 2 if shadow is None else 2 + int(np.ceil((abs(shadow.offset) + 3 * shadow.blur) * lettering.size_px))


def _cast(outlined: Unit, lettering: Lettering) -> Unit:
    """The shadow's own coverage 0..1."""
    shadow = lettering.shadow
    if shadow is None:
        return np.zeros_like(outlined)
    step = max(1, round(shadow.offset * lettering.size_px))
    cast = np.zeros_like(outlined)
    cast[step:, step:] = outlined[:-step, :-step]
    if shadow.blur > 0:
        cast = np.asarray(cv2.GaussianBlur(cast, (0, 0), shadow.blur * lettering.size_px), np.float64)
    return cast * shadow.strength


def _stacked(letters: Unit, outlined: Unit, cast: Unit, lettering: Lettering) -> Pixels:
    """Letters on their outline on their shadow, as straight alpha."""
    ring = outlined - letters
    under = cast * (1 - outlined)
    alpha = outlined + under
    outline = lettering.outline or lettering.colour
    dark = lettering.shadow.colour if lettering.shadow else outline
    parts = ((letters, lettering.colour), (ring, outline), (under, dark))
    colour = sum(share[..., None] * np.array(tone, np.float64) for share, tone in parts)
    straight = np.where(alpha[..., None] > 0, colour / np.maximum(alpha[..., None], 1e-9), 0)
    cover = np.rint(alpha * 255)
    straight[cover == 0] = 0
    return np.rint(np.concatenate([straight, cover[..., None]], -1)).astype(np.uint8)


@lru_cache(maxsize=32)
def _font(typeface: Typeface, size_px: int) -> ImageFont.FreeTypeFont:
    data = BytesIO(files("lab.posters").joinpath("fonts", typeface).read_bytes())
    # The basic layout is a part of Pillow itself: the result does not depend on a Raqm library of the machine.
    return ImageFont.truetype(data, size_px, layout_engine=ImageFont.Layout.BASIC)
