"""Draws the ground of a poster: flat, a smooth gradient, or a texture of moderate contrast."""

from collections.abc import Callable
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.posters.colours import Colour, Palette, darker, distance, hsv, lighter, mixed
from lamina.core.layers import Pixels

Background = Literal["flat", "gradient", "textured"]
BACKGROUNDS: tuple[Background, ...] = get_args(Background)

Field = NDArray[np.float64]
"""(height, width) numbers, mostly -1..1."""


def ground(rng: np.random.Generator, kind: Background, width: int, height: int, palette: Palette) -> Pixels:
    """(height, width, 4): an opaque ground."""
    colour = _ground_colour(rng, palette)
    if kind == "flat":
        picture = np.broadcast_to(np.array(colour, np.float64), (height, width, 3))
    elif kind == "gradient":
        picture = _gradient(rng, width, height, colour, palette)
    else:
        picture = _textured(rng, width, height, colour, palette)
    rgb = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    return np.concatenate([rgb, np.full((height, width, 1), 255, np.uint8)], -1)


def _ground_colour(rng: np.random.Generator, palette: Palette) -> Colour:
    vivid = palette.vivid[rng.integers(len(palette.vivid))]
    return (
        lighter(vivid, rng.uniform(0.55, 0.85)),
        lighter(vivid, rng.uniform(0.2, 0.5)),
        darker(vivid, rng.uniform(0.55, 0.8)),
        vivid,
        palette.paper,
    )[rng.choice(5, p=[0.36, 0.18, 0.2, 0.14, 0.12])]


def _gradient(rng: np.random.Generator, width: int, height: int, colour: Colour, palette: Palette) -> Field:
    y, x = np.mgrid[:height, :width] / max(width, height)
    if rng.uniform() < 0.3:
        centre = rng.uniform(0.2, 0.8, 2)
        along = np.hypot(x - centre[0] * width / max(width, height), y - centre[1] * height / max(width, height))
    else:
        angle = rng.choice([0, 90, 45, 135, rng.uniform(0, 360)])
        along = x * np.cos(np.radians(angle)) + y * np.sin(np.radians(angle))
    along = (along - along.min()) / np.ptp(along)
    stops = np.array([colour, *(_next_stop(rng, colour, palette) for _ in range(rng.integers(1, 3)))], np.float64)
    if rng.uniform() < 0.5:
        stops = stops[::-1]
    places = [0, 1] if len(stops) == 2 else [0, rng.uniform(0.35, 0.65), 1]
    return np.stack([np.interp(along, places, stops[:, channel]) for channel in range(3)], -1)


def _next_stop(rng: np.random.Generator, colour: Colour, palette: Palette) -> Colour:
    """Another colour of similar lightness, so that a title is legible on the whole gradient, but clearly different."""
    for _ in range(20):
        vivid = palette.vivid[rng.integers(len(palette.vivid))]
        bright = sum(colour) / 765
        other = lighter(vivid, rng.uniform(0.3, 0.75)) if bright > 0.5 else darker(vivid, rng.uniform(0.3, 0.75))
        apart = distance(np.array(colour, np.uint8), np.array(other, np.uint8))
        if 18 < apart < 75:
            return other
    return mixed(colour, palette.ink if sum(colour) > 380 else palette.paper, 0.35)


def _textured(rng: np.random.Generator, width: int, height: int, colour: Colour, palette: Palette) -> Field:
    texture = _TEXTURES[rng.integers(len(_TEXTURES))]
    return texture(rng, width, height, colour, palette)


def _grain(rng: np.random.Generator, width: int, height: int, colour: Colour, palette: Palette) -> Field:  # noqa: ARG001
    """Film noise or paper: fine grain, sometimes coloured, on slight unevenness."""
    channels = 3 if rng.uniform() < 0.3 else 1
    fine = rng.standard_normal((height, width, channels))
    if rng.uniform() < 0.5:
        fine = cv2.GaussianBlur(fine, (0, 0), 0.9).reshape(fine.shape) * 2.6
    uneven = _clouds(rng, width, height, 3, 2)[..., None] * rng.uniform(0, 8)
    return np.array(colour) + fine * rng.uniform(4, 10) + uneven


def _stripes(rng: np.random.Generator, width: int, height: int, colour: Colour, palette: Palette) -> Field:
    y, x = np.mgrid[:height, :width]
    angle = np.radians(rng.choice([0, 45, 90, 135, rng.uniform(0, 180)]))
    period = min(width, height) * rng.uniform(0.03, 0.1)
    phase = (x * np.cos(angle) + y * np.sin(angle)) / period % 1
    return _two_tones(colour, _pattern_colour(rng, colour, palette), _edge(np.abs(phase - 0.5) - 0.25, period))


def _dots(rng: np.random.Generator, width: int, height: int, colour: Colour, palette: Palette) -> Field:
    y, x = np.mgrid[:height, :width].astype(np.float64)
    period = min(width, height) * rng.uniform(0.045, 0.09)
    x += np.where(y // period % 2 == 0, 0, period / 2)
    from_centre = np.hypot(x % period - period / 2, y % period - period / 2) / period
    tone = _pattern_colour(rng, colour, palette)
    return _two_tones(colour, tone, _edge(rng.uniform(0.18, 0.3) - from_centre, period))


def _checks(rng: np.random.Generator, width: int, height: int, colour: Colour, palette: Palette) -> Field:
    y, x = np.mgrid[:height, :width]
    period = min(width, height) * rng.uniform(0.05, 0.12)
    across, down = x // period % 2, y // period % 2
    share = (across + down) / 2 if rng.uniform() < 0.5 else np.abs(across - down)
    return _two_tones(colour, _pattern_colour(rng, colour, palette), share)


def _plasma(rng: np.random.Generator, width: int, height: int, colour: Colour, palette: Palette) -> Field:
    """Soft clouds between two colours."""
    share = _clouds(rng, width, height, rng.uniform(2.5, 6), 4) * 0.5 + 0.5
    return _two_tones(colour, _pattern_colour(rng, colour, palette), np.clip(share, 0, 1))


def _wood(rng: np.random.Generator, width: int, height: int, colour: Colour, palette: Palette) -> Field:  # noqa: ARG001
    """Grain lines that wander along the boards, in brown or in the ground's colour."""
    if rng.uniform() < 0.6:
        colour = hsv(rng.uniform(0.05, 0.1), rng.uniform(0.25, 0.55), rng.uniform(0.5, 0.9))
    across = np.linspace(0, rng.uniform(5, 9), height)[:, None] * height / min(width, height)
    wander = cv2.resize(rng.standard_normal((5, 3)), (width, height), interpolation=cv2.INTER_CUBIC)
    rings = np.sin((across + 0.5 * wander) * 2 * np.pi)
    fibres = cv2.resize(
        rng.standard_normal((height, max(4, width // 60))), (width, height), interpolation=cv2.INTER_LINEAR
    )
    return np.array(colour) + (rings * rng.uniform(4, 8) + fibres * rng.uniform(3, 6))[..., None] * (1, 0.9, 0.75)


def _brushed(rng: np.random.Generator, width: int, height: int, colour: Colour, palette: Palette) -> Field:  # noqa: ARG001
    """Brushed metal: fine streaks along one direction, and a soft fall of light across."""
    streaks = cv2.resize(
        rng.standard_normal((height, max(4, width // 90))), (width, height), interpolation=cv2.INTER_LINEAR
    )
    fall = np.cos(np.linspace(0, 1, height) * np.pi * rng.uniform(0.8, 2))[:, None]
    return np.array(colour) + (streaks * rng.uniform(4, 9) + fall * rng.uniform(4, 12))[..., None]


_Texture = Callable[[np.random.Generator, int, int, Colour, Palette], Field]
_TEXTURES: tuple[_Texture, ...] = (_grain, _stripes, _dots, _checks, _plasma, _wood, _brushed, _grain)


def _clouds(rng: np.random.Generator, width: int, height: int, cells: float, octaves: int) -> Field:
    total = np.zeros((height, width))
    for octave in range(octaves):
        across = max(2, round(cells * 2**octave * width / min(width, height)))
        down = max(2, round(cells * 2**octave * height / min(width, height)))
        knots = rng.uniform(-1, 1, (down + 1, across + 1))
        total += cv2.resize(knots, (width, height), interpolation=cv2.INTER_CUBIC) * 0.5**octave
    return total / np.abs(total).max()


def _pattern_colour(rng: np.random.Generator, colour: Colour, palette: Palette) -> Colour:
    """A second tone that stays in the background: 8 to 22 Delta E from the first."""
    aims = (palette.paper, palette.ink, palette.vivid[rng.integers(len(palette.vivid))])
    aim = aims[rng.integers(3)]
    apart = float(distance(np.array(colour, np.uint8), np.array(aim, np.uint8)))
    return mixed(colour, aim, min(1, rng.uniform(8, 22) / max(apart, 1)))


def _edge(inside: Field, period: float) -> Field:
    """1 where `inside` is positive, with an edge one pixel wide."""
    return np.clip(inside * period + 0.5, 0, 1)


def _two_tones(first: Colour, second: Colour, share: Field) -> Field:
    return np.array(first) + (np.array(second, np.float64) - first) * share[..., None]
