"""Draws single letters as they look in pictures: at any size and place between pixels, hinted or not, soft or sharp."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lamina.engines.typefaces.shapes import Coverage

_OVERSAMPLING = 4
_MISSING = "\U0010fffd"  # a private character that no font has


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """`shift`: right and down, in pixels, for letters that are not hinted. `blur_px`: the standard deviation.

    `gain`, `noise`: of the coverage, which is 0..1 before and after.
    """

    size_px: float
    is_hinted: bool = False
    shift: tuple[float, float] = (0.0, 0.0)
    blur_px: float = 0.0
    gain: float = 1.0
    noise: float = 0.0

    def at_random_place(self, rng: np.random.Generator) -> "Rendering":
        """The same rendering at another place between pixels."""
        return replace(self, shift=(float(rng.random()), float(rng.random())))


def random_rendering(rng: np.random.Generator, sizes: tuple[float, float]) -> Rendering:
    """How a letter of an em size between two sizes may have been drawn."""
    return Rendering(
        size_px=float(np.exp(rng.uniform(*np.log(sizes)))),
        is_hinted=bool(rng.random() < 0.4),
        shift=(float(rng.random()), float(rng.random())),
        blur_px=float(rng.uniform(0.25, 0.9)) if rng.random() < 0.5 else 0.0,
        gain=float(rng.uniform(0.9, 1.25)),
        noise=float(rng.uniform(0, 0.03)),
    )


def draw_letter(path: Path, character: str, how: Rendering, rng: np.random.Generator) -> Coverage | None:
    """The coverage of a letter; None if the font lacks it or shows nothing."""
    scale = 1 if how.is_hinted else _OVERSAMPLING
    font = open_font(path, round(how.size_px * scale))
    left, top, right, bottom = font.getbbox(character, anchor="ls")
    if right <= left or bottom <= top or bottom - top > 6 * font.size or right - left > 6 * font.size:
        return None
    margin = 3 * scale
    width, height = (-(-int(side + 2 * margin) // scale) * scale + scale for side in (right - left, bottom - top))
    sheet = Image.new("L", (width, height))
    right_px, down_px = (0, 0) if how.is_hinted else (int(shift * scale) for shift in how.shift)
    ImageDraw.Draw(sheet).text((margin - left + right_px, margin - top + down_px), character, 255, font, anchor="ls")
    coverage = np.asarray(sheet, np.float32) / 255
    if scale > 1:
        size = width // scale, height // scale
        coverage = np.asarray(cv2.resize(coverage, size, interpolation=cv2.INTER_AREA), np.float32)
    if how.blur_px:
        coverage = cv2.GaussianBlur(coverage, (0, 0), how.blur_px)
    noise = rng.normal(0, how.noise, coverage.shape) if how.noise else 0
    return np.clip(coverage * how.gain + noise, 0, 1).astype(np.float32)


def has_letter(path: Path, character: str) -> bool:
    """True if the font has a glyph for the character, and not the one that stands for missing characters."""
    try:
        own, missing = (_on_sheet(path, each) for each in (character, _MISSING))
    except OSError:  # some fonts have letters of impossible sizes
        return False
    return own.getbbox() is not None and own.tobytes() != missing.tobytes()


def _on_sheet(path: Path, character: str) -> Image.Image:
    sheet = Image.new("L", (120, 120))
    ImageDraw.Draw(sheet).text((40, 80), character, 255, open_font(path, 40), anchor="ls")
    return sheet


@lru_cache(maxsize=64)
def open_font(path: Path, size_px: int) -> ImageFont.FreeTypeFont:
    """A font at an em size; letters are placed one by one, without kerning or ligatures."""
    return ImageFont.truetype(path, max(4, size_px), layout_engine=ImageFont.Layout.BASIC)
