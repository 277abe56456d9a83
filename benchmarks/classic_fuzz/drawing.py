"""Draws small pictures of many kinds, each from a seed and a number, to test the classic engine."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from distortions import distorted  # pyright: ignore[reportImplicitRelativeImport]
from lines import line_on, wordmark  # pyright: ignore[reportImplicitRelativeImport]
from numpy.typing import NDArray
from PIL import Image

from lab.posters import BACKGROUNDS, FIRST_TUNING_SEED, poster
from lamina.core.composite import composite
from lamina.core.layers import Pixels

Rgb = NDArray[np.uint8]
Chance = np.random.Generator

_POSTERS = 9
_DISTORTED = 0.3  # share of the pictures
_EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """`pixels` (h, w, 4), to be decomposed into at most `budget` layers."""

    kind: str
    pixels: Pixels
    budget: int


def drawn(seed: int, number: int, kinds: tuple[str, ...]) -> Drawn:
    """Picture `number` of a seed: the kinds alternate, everything else is random."""
    chance = np.random.default_rng([seed, number])
    kind = kinds[number % len(kinds)]
    picture = KINDS[kind](chance)
    if chance.random() < _DISTORTED and min(picture.shape[:2]) > 0:
        picture = distorted(picture, chance)
    if picture.shape[-1] == 3:
        picture = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    return Drawn(kind, np.ascontiguousarray(picture), int(chance.integers(1, 11)))


def _size(chance: Chance, least: int = 8, most: int = 240) -> tuple[int, int]:
    """Height and width; small ones are as likely as large ones."""
    low, high = np.log(least), np.log(most)
    height, width = np.exp(chance.uniform(low, high, 2)).round().astype(int)
    return int(height), int(width)


def _colour(chance: Chance) -> tuple[int, int, int]:
    red, green, blue = (int(level) for level in chance.integers(0, 256, 3))
    return red, green, blue


def _flat(size: tuple[int, int], colour: tuple[int, int, int]) -> Rgb:
    return np.full((*size, 3), colour, np.uint8)


def _ground(chance: Chance, size: tuple[int, int]) -> Rgb:
    """Flat, a gradient, or a gradient with a ripple of one level."""
    first, second = _colour(chance), _colour(chance)
    if chance.random() < 0.5:
        return _flat(size, first)
    y, x = np.mgrid[: size[0], : size[1]] / max(size)
    angle = chance.uniform(0, 2 * np.pi)
    share = np.clip(0.5 + (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle), 0, 1)[..., None]
    blend = np.array(first) * (1 - share) + np.array(second) * share
    return np.clip(blend + chance.integers(-1, 2, blend.shape) * int(chance.integers(0, 2)), 0, 255).astype(np.uint8)


def _text(chance: Chance) -> Rgb:
    """A few lines of text at any place, also partly beyond the border, upright, rotated or upside down."""
    picture = _ground(chance, _size(chance, 24))
    for _ in range(int(chance.integers(1, 4))):
        line_on(picture, _colour(chance), chance)
    return picture


def _wordmark(chance: Chance) -> Rgb:
    return wordmark(chance, _colour(chance), _colour(chance))


def _thin(chance: Chance) -> Pixels:
    """Sides of 1 to 4 px, of noise, of one colour or of a crop."""
    short, long = int(chance.integers(1, 5)), int(chance.choice([1, 2, 3, 4, 5, 8, 13, 60]))
    size = (short, long) if chance.random() < 0.5 else (long, short)
    picture = _crop_of(_some_poster(chance), size, chance) if chance.random() < 0.5 else _noise_of(size, chance)
    alpha = chance.choice([0, 1, 7, 8, 128, 254, 255], size).astype(np.uint8) if chance.random() < 0.5 else 255
    return np.dstack([picture, np.full(size, alpha, np.uint8)])


def _one_colour(chance: Chance) -> Pixels:
    size = _size(chance)
    return np.dstack([_flat(size, _colour(chance)), np.full(size, int(chance.choice([0, 1, 8, 90, 255])), np.uint8)])


def _islands(chance: Chance) -> Pixels:
    """Ellipses of any opacity on a transparent canvas, whose colours are noise, a gradient or lettering."""
    height, width = size = _size(chance)
    alpha = np.zeros(size, np.uint8)
    for _ in range(int(chance.integers(1, 9))):
        middle = int(chance.integers(-5, width + 5)), int(chance.integers(-5, height + 5))
        axes = int(chance.integers(1, max(2, width // 3))), int(chance.integers(1, max(2, height // 3)))
        cv2.ellipse(alpha, middle, axes, float(chance.uniform(0, 180)), 0, 360, int(chance.integers(1, 256)), -1)
    colours = _ground(chance, size) if chance.random() < 0.7 else _noise_of(size, chance)
    if chance.random() < 0.4 and min(size) > 20:
        line_on(colours, _colour(chance), chance)
    return np.dstack([colours, alpha])


def _clear(chance: Chance) -> Pixels:
    size = _size(chance)
    colours = _noise_of(size, chance) if chance.random() < 0.5 else _flat(size, (0, 0, 0))
    return np.dstack([colours, np.full(size, int(chance.integers(0, 9)), np.uint8)])


def _noise(chance: Chance) -> Rgb:
    return _noise_of(_size(chance, most=160), chance)


def _noise_of(size: tuple[int, int], chance: Chance) -> Rgb:
    levels = int(chance.choice([2, 3, 16, 256]))
    noise = chance.integers(0, levels, (*size, 3)) * (255 // (levels - 1))
    return (noise if chance.random() < 0.5 else np.repeat(noise[..., :1], 3, -1)).astype(np.uint8)


def _shapes(chance: Chance) -> Rgb:
    """Overlapping shapes on an even ground."""
    height, width = size = _size(chance, 16)
    picture = _ground(chance, size)
    for _ in range(int(chance.integers(1, 12))):
        points = np.stack([chance.integers(-9, width + 9, 4), chance.integers(-9, height + 9, 4)], -1)
        line_type = int(chance.choice([cv2.LINE_8, cv2.LINE_AA]))
        match int(chance.integers(0, 3)):
            case 0:
                radius = int(chance.integers(1, max(2, min(size) // 2)))
                cv2.circle(picture, (int(points[0, 0]), int(points[0, 1])), radius, _colour(chance), -1, line_type)
            case 1:
                cv2.rectangle(picture, points[0].tolist(), points[1].tolist(), _colour(chance), -1)
            case _:
                cv2.fillPoly(picture, [points.astype(np.int32)], _colour(chance), line_type)
    return picture


def _extreme(chance: Chance) -> Rgb:
    """A strip of up to 3,000 px that is a few pixels high or wide."""
    long, short = int(chance.choice([300, 1000, 3000])), int(chance.integers(1, 9))
    picture = _crop_of(_some_poster(chance), (short, 96), chance)
    picture = np.asarray(cv2.resize(picture, (long, short), interpolation=cv2.INTER_LINEAR), np.uint8)
    if chance.random() < 0.3:
        picture = _noise_of((short, long), chance)
    return picture if chance.random() < 0.5 else np.ascontiguousarray(picture.transpose(1, 0, 2))


def _pattern(chance: Chance) -> Rgb:
    """Checks, stripes or dots, perhaps in a part of the picture only."""
    height, width = _size(chance, 16)
    y, x = np.mgrid[:height, :width]
    cell, other = (int(side) for side in chance.integers(1, 24, 2))
    match int(chance.integers(0, 3)):
        case 0:
            is_odd = (y // cell + x // other) % 2 > 0
        case 1:
            is_odd = (x + y * int(chance.integers(0, 3))) // cell % 2 > 0
        case _:
            is_odd = (x % (cell + 3) - cell / 2) ** 2 + (y % (cell + 3) - cell / 2) ** 2 < (cell / 3 + 1) ** 2
    if chance.random() < 0.5:
        top, left = int(chance.integers(0, height)), int(chance.integers(0, width))
        is_odd[:top], is_odd[:, :left] = False, False
    return np.where(is_odd[..., None], np.array(_colour(chance)), np.array(_colour(chance))).astype(np.uint8)


def _hairlines(chance: Chance) -> Rgb:
    height, width = size = _size(chance, 12)
    picture = _ground(chance, size)
    for _ in range(int(chance.integers(1, 20))):
        x, y = chance.integers(-4, width + 4, 2).tolist(), chance.integers(-4, height + 4, 2).tolist()
        line_type = int(chance.choice([cv2.LINE_8, cv2.LINE_AA]))
        cv2.line(picture, (x[0], y[0]), (x[1], y[1]), _colour(chance), int(chance.integers(1, 3)), line_type)
    return picture


def _near_flat(chance: Chance) -> Rgb:
    """One colour with noise of one level, and perhaps a faint rectangle on it."""
    size = _size(chance)
    picture = _flat(size, _colour(chance)).astype(int) + chance.integers(-1, 2, (*size, 3))
    if chance.random() < 0.5:
        top, left = int(chance.integers(0, size[0])), int(chance.integers(0, size[1]))
        picture[top:, left:] += int(chance.integers(-12, 13))
    return np.clip(picture, 0, 255).astype(np.uint8)


def _photo(chance: Chance) -> Rgb:
    """Noise of all scales, as in clouds, perhaps with a disc that may count as a subject."""
    height, width = size = _size(chance, 16, 300)
    field = np.zeros((*size, 3))
    for octave in range(1, 7):
        coarse = chance.normal(0, 1, (2**octave + 1, 2**octave + 1, 3))
        field += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) / 2 ** (octave / 2)
    picture = np.clip(128 + 60 * field, 0, 255).astype(np.uint8)
    if chance.random() < 0.6:
        middle = int(chance.integers(0, width)), int(chance.integers(0, height))
        cv2.circle(picture, middle, int(chance.integers(2, max(3, min(size) // 2))), _colour(chance), -1, cv2.LINE_AA)
    return picture


def _jpeg(chance: Chance) -> Rgb:
    picture = [_text, _shapes, _poster, _wordmark][int(chance.integers(0, 4))](chance)
    packed = BytesIO()
    sampling = int(chance.choice([0, 2]))
    Image.fromarray(picture).save(packed, "JPEG", quality=int(chance.integers(5, 96)), subsampling=sampling)
    return np.asarray(Image.open(packed).convert("RGB"))


def _poster(chance: Chance) -> Rgb:
    """A crop of a drawn poster or of an example, at full size or reduced."""
    whole = _some_poster(chance)
    scale = float(chance.choice([1, 1, 0.5, 0.25]))
    if scale < 1:
        whole = np.asarray(cv2.resize(whole, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    return _crop_of(whole, _size(chance, 12, 300), chance)


def _crop_of(picture: Rgb, size: tuple[int, int], chance: Chance) -> Rgb:
    height, width = min(size[0], picture.shape[0]), min(size[1], picture.shape[1])
    top = int(chance.integers(0, picture.shape[0] - height + 1))
    left = int(chance.integers(0, picture.shape[1] - width + 1))
    crop = picture[top : top + height, left : left + width]
    return np.ascontiguousarray(cv2.resize(crop, (size[1], size[0])), np.uint8)


def _some_poster(chance: Chance) -> Rgb:
    return _poster_of(int(chance.integers(0, _POSTERS + 1)))


@cache
def _poster_of(number: int) -> Rgb:
    if number == _POSTERS:
        return np.asarray(Image.open(_EXAMPLES / "poster.png").convert("RGB"))
    whole = poster(FIRST_TUNING_SEED + 700 + number, BACKGROUNDS[number % len(BACKGROUNDS)], (512, 640))
    return np.ascontiguousarray(composite(whole.stack)[..., :3])


KINDS: dict[str, Callable[[Chance], Pixels]] = {
    "text": _text,
    "wordmark": _wordmark,
    "thin": _thin,
    "one colour": _one_colour,
    "islands": _islands,
    "clear": _clear,
    "noise": _noise,
    "shapes": _shapes,
    "extreme": _extreme,
    "pattern": _pattern,
    "hairlines": _hairlines,
    "near flat": _near_flat,
    "photo": _photo,
    "jpeg": _jpeg,
    "poster": _poster,
}
