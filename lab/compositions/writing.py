"""Draws blocks of text as sprites: plain or outlined, with a gradient or a shadow, straight or on an arc."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lab.compositions.effects import padded, pasted, shadowed, trimmed, turned
from lab.posters.colours import Colour
from lamina.core.composite import over
from lamina.core.layers import Pixels

Alignment = Literal["left", "center", "right"]
_UNKNOWN = "\U0010fffd"


@dataclass(frozen=True, slots=True)
class Hand:
    """How text is written. Lengths but `size_px` are shares of the em."""

    font: Path
    size_px: float
    colour: Colour
    alignment: Alignment = "left"
    leading: float = 1.2
    tracking: float = 0
    second_colour: Colour | None = None
    outline: Colour | None = None
    outline_width: float = 0
    shadow: float = 0


def block(lines: list[str], hand: Hand) -> Pixels:
    """The lines as one sprite, cropped to the ink; letters that the font lacks are left out."""
    font = _font(hand.font, max(6, round(hand.size_px)))
    texts = [_available(hand.font, line) for line in lines]
    widths = [_length(font, text, hand) for text in texts]
    room = round(hand.size_px * (0.4 + hand.outline_width)) + 2
    step = hand.size_px * hand.leading
    width, height = int(max(widths, default=1)) + 2 * room, int(step * len(texts) + hand.size_px) + 2 * room
    letters, wide = Image.new("L", (width, height)), Image.new("L", (width, height))
    stroke = round(hand.outline_width * hand.size_px) if hand.outline else 0
    for index, (text, length) in enumerate(zip(texts, widths, strict=True)):
        free = max(widths) - length
        x = room + {"left": 0.0, "center": free / 2, "right": free}[hand.alignment]
        _write(letters, text, x, room + index * step, font, hand, 0)
        if stroke:
            _write(wide, text, x, room + index * step, font, hand, stroke)
    return _finished(letters, wide if stroke else None, hand)


def wrapped(text: str, hand: Hand, width_px: float, most_lines: int = 6) -> list[str]:
    """The text broken into lines of at most this width; words after the last line are left out."""
    font = _font(hand.font, max(6, round(hand.size_px)))
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _length(font, longer, hand) > width_px:
            if len(lines) == most_lines:
                break
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def fitted(lines: list[str], hand: Hand, width_px: float, height_px: float) -> Pixels:
    """The block in the size of `hand`, or in the largest size that fits."""
    sprite = block(lines, hand)
    scale = min(1.0, width_px / sprite.shape[1], height_px / sprite.shape[0])
    return sprite if scale == 1 else block(lines, _scaled(hand, scale * 0.99))


def arc(text: str, hand: Hand, radius_px: float, is_below: bool = False) -> Pixels:
    """The text around a circle, above its middle or below it; the sprite's middle is the circle's."""
    font = _font(hand.font, max(6, round(hand.size_px)))
    text = _available(hand.font, text)
    side = int(2 * (radius_px + hand.size_px * 1.6)) + 4
    sheet = np.zeros((side, side, 4), np.uint8)
    gap = hand.tracking * hand.size_px
    steps = [font.getlength(letter) + gap for letter in text]
    angle = -sum(steps) / 2 / radius_px
    for letter, step in zip(text, steps, strict=True):
        middle = angle + step / 2 / radius_px
        angle += step / radius_px
        around = np.pi / 2 - middle if is_below else middle - np.pi / 2
        upright = _letter(letter, font, hand)
        turn = np.degrees(-middle if is_below else middle)
        sprite = turned(upright, float(turn))
        x, y = side / 2 + radius_px * np.cos(around), side / 2 + radius_px * np.sin(around)
        pasted(sheet, sprite, x - sprite.shape[1] / 2, y - sprite.shape[0] / 2)
    return sheet


def _letter(letter: str, font: ImageFont.FreeTypeFont, hand: Hand) -> Pixels:
    box = int(font.getlength(letter)) + 4, int(hand.size_px * 1.5)
    sheet = Image.new("L", box)
    ImageDraw.Draw(sheet).text((box[0] / 2, hand.size_px * 1.1), letter, 255, font, anchor="ms")
    return _coloured(np.asarray(sheet), hand)


def _finished(letters: Image.Image, wide: Image.Image | None, hand: Hand) -> Pixels:
    sprite = _coloured(np.asarray(letters), hand)
    if wide is not None and hand.outline is not None:
        plate = np.empty((*np.asarray(wide).shape, 4), np.uint8)
        plate[..., :3], plate[..., 3] = hand.outline, np.asarray(wide)
        plate[plate[..., 3] == 0] = 0
        sprite = over(plate, sprite)
    sprite = trimmed(sprite)
    if hand.shadow:
        step = hand.shadow * hand.size_px
        sprite = trimmed(shadowed(padded(sprite, 2), dx=step, dy=step, blur_px=step * 0.7, strength=0.6))
    return sprite


def _coloured(alpha: np.ndarray, hand: Hand) -> Pixels:
    sheet = np.zeros((*alpha.shape, 4), np.uint8)
    sheet[..., :3] = hand.colour
    if hand.second_colour is not None:
        share = np.linspace(0, 1, alpha.shape[0])[:, None, None]
        sheet[..., :3] = np.rint(np.array(hand.colour) * (1 - share) + np.array(hand.second_colour) * share)
    sheet[..., 3] = alpha
    sheet[alpha == 0] = 0
    return sheet


def _write(
    sheet: Image.Image, text: str, x: float, y: float, font: ImageFont.FreeTypeFont, hand: Hand, stroke: int
) -> None:
    pen = ImageDraw.Draw(sheet)
    if not hand.tracking:
        pen.text((x, y), text, 255, font, stroke_width=stroke)
        return
    for letter in text:
        pen.text((x, y), letter, 255, font, stroke_width=stroke)
        x += font.getlength(letter) + hand.tracking * hand.size_px


def _length(font: ImageFont.FreeTypeFont, text: str, hand: Hand) -> float:
    return font.getlength(text) + hand.tracking * hand.size_px * len(text)


def _scaled(hand: Hand, scale: float) -> Hand:
    return Hand(
        hand.font, hand.size_px * scale, hand.colour, hand.alignment, hand.leading, hand.tracking,
        hand.second_colour, hand.outline, hand.outline_width, hand.shadow,
    )  # fmt: skip


def _available(path: Path, text: str) -> str:
    """The text without letters that the font lacks; in upper case if the font has no lower case."""
    available = "".join(letter for letter in text if letter == " " or _has(path, letter)).strip()
    if len(available) < 0.8 * len(text):
        available = "".join(letter for letter in text.upper() if letter == " " or _has(path, letter)).strip()
    return " ".join(available.split()) or "A"


@lru_cache(maxsize=100_000)
def _has(path: Path, letter: str) -> bool:
    font = _font(path, 24)
    mask, unknown = font.getmask(letter), font.getmask(_UNKNOWN)
    return mask.getbbox() is not None and (mask.size != unknown.size or bytes(mask) != bytes(unknown))  # pyright: ignore[reportArgumentType]  (a sequence of samples)


@lru_cache(maxsize=256)
def _font(path: Path, size_px: int) -> ImageFont.FreeTypeFont:
    # The basic layout is a part of Pillow itself: the result does not depend on a Raqm library of the machine.
    return ImageFont.truetype(str(path), size_px, layout_engine=ImageFont.Layout.BASIC)
