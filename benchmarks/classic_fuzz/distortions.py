"""Distorts a picture after it was drawn, as other programs would."""

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import Pixels

Chance = np.random.Generator


def distorted(picture: Pixels, chance: Chance) -> Pixels:
    """`picture` (h, w, 3 or 4) with one distortion, chosen at random."""
    ways = (_turned, _inverted, _with_few_levels, _blurred, _enlarged, _cut, _speckled, _framed, _with_alpha)
    return np.ascontiguousarray(ways[int(chance.integers(0, len(ways)))](picture, chance), np.uint8)


def _turned(picture: Pixels, chance: Chance) -> Pixels:
    return np.rot90(picture[:, :: int(chance.choice([-1, 1]))], int(chance.integers(0, 4)))


def _inverted(picture: Pixels, chance: Chance) -> Pixels:
    del chance
    return np.concatenate([255 - picture[..., :3], picture[..., 3:]], -1)


def _with_few_levels(picture: Pixels, chance: Chance) -> Pixels:
    step = int(chance.choice([32, 64, 127]))
    return picture // step * step


def _blurred(picture: Pixels, chance: Chance) -> Pixels:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), float(chance.uniform(0.4, 6))), np.uint8)


def _enlarged(picture: Pixels, chance: Chance) -> Pixels:
    """Enlarges by a whole number: every pixel becomes a block."""
    times = int(chance.integers(2, 5))
    return picture.repeat(times, 0).repeat(times, 1)[:400, :400]


def _cut(picture: Pixels, chance: Chance) -> Pixels:
    height, width = picture.shape[:2]
    top, left = int(chance.integers(0, height)), int(chance.integers(0, width))
    return picture[top : top + int(chance.integers(1, height + 1)), left : left + int(chance.integers(1, width + 1))]


def _speckled(picture: Pixels, chance: Chance) -> Pixels:
    """Adds salt and pepper noise."""
    hit = chance.random(picture.shape[:2]) < chance.choice([0.001, 0.02, 0.3])
    return np.where(hit[..., None], chance.choice([0, 255], (*hit.shape, 1)), picture)


def _framed(picture: Pixels, chance: Chance) -> Pixels:
    """Adds a border of one colour and 1 to 8 px."""
    width = int(chance.integers(1, 9))
    colour = chance.integers(0, 256, 4).tolist()
    framed = cv2.copyMakeBorder(picture, width, width, width, width, cv2.BORDER_CONSTANT, value=colour)
    return np.asarray(framed, np.uint8)


def _with_alpha(picture: Pixels, chance: Chance) -> Pixels:
    """Adds an alpha channel that is a ramp, a mask, noise or constant."""
    height, width = picture.shape[:2]
    ways: tuple[NDArray[np.generic], ...] = (
        np.broadcast_to(np.linspace(0, 255, width), (height, width)),
        np.where(picture[..., 0] > picture[..., 0].mean(), 255, 0),
        chance.integers(0, 256, (height, width)),
        np.full((height, width), int(chance.choice([1, 7, 9, 200, 254]))),
    )
    return np.dstack([picture[..., :3], ways[int(chance.integers(0, len(ways)))]]).astype(np.uint8)
