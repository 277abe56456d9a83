"""Chooses the colours of one poster, and measures the difference between colours."""

import colorsys
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]
"""sRGB, 0..255."""

WHITE: Colour = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Palette:
    """`vivid`: seven colours for the things shown, all different in hue; `ink`: nearly black; `paper`: nearly white."""

    vivid: tuple[Colour, ...]
    ink: Colour
    paper: Colour


def palette(rng: np.random.Generator) -> Palette:
    """A palette in one of four moods: bold, pastel, earthy or neon."""
    saturation, value = [(0.82, 0.88), (0.5, 0.94), (0.66, 0.7), (0.95, 0.97)][rng.integers(4)]
    first = rng.uniform()
    hues = (first + np.array([0, 0.08, 0.2, 0.34, 0.5, 0.66, 0.83]) + rng.uniform(-0.02, 0.02, 7)) % 1
    vivid = tuple(
        hsv(hue, saturation + rng.uniform(-0.12, 0.05), value + rng.uniform(-0.16, 0.03))
        for hue in rng.permutation(hues)
    )
    return Palette(vivid, hsv(first, 0.45, rng.uniform(0.1, 0.24)), hsv(rng.uniform(), 0.05, rng.uniform(0.95, 1)))


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """Hue in turns; saturation and value are clipped to 0..1."""
    parts = colorsys.hsv_to_rgb(hue % 1, min(1, max(0, saturation)), min(1, max(0, value)))
    return _colour(np.array(parts) * 255)


def mixed(first: Colour, second: Colour, share: float) -> Colour:
    """`share` 0 gives `first`, 1 gives `second`."""
    return _colour(np.array(first) * (1 - share) + np.array(second) * share)


def darker(colour: Colour, share: float = 0.3) -> Colour:
    return mixed(colour, (0, 0, 0), share)


def lighter(colour: Colour, share: float = 0.4) -> Colour:
    return mixed(colour, WHITE, share)


def lab(colours: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(..., 3) sRGB to CIE L*a*b*; Euclidean distance between two is Delta E 1976."""
    flat = np.ascontiguousarray(colours.reshape(-1, 1, 3)).astype(np.float32) / 255
    return np.asarray(cv2.cvtColor(flat, cv2.COLOR_RGB2LAB), np.float32).reshape(colours.shape)


def distance(colours: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Delta E 1976 between (..., 3) colours, element by element."""
    return np.linalg.norm(lab(colours) - lab(others), axis=-1)


def luminance(colours: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Relative luminance 0..1 of (..., 3) sRGB colours (WCAG 2.2, definition of relative luminance)."""
    unit = colours.astype(np.float64) / 255
    linear = np.where(unit <= 0.04045, unit / 12.92, ((unit + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def contrast(colour: Colour, grounds: NDArray[np.uint8]) -> NDArray[np.float64]:
    """WCAG contrast ratio 1..21 of a colour with each of (..., 3) colours."""
    mine, theirs = luminance(np.array(colour, np.uint8)), luminance(grounds)
    return (np.maximum(mine, theirs) + 0.05) / (np.minimum(mine, theirs) + 0.05)


def _colour(channels: NDArray[np.float64]) -> Colour:
    red, green, blue = (int(c) for c in np.clip(np.rint(channels), 0, 255))
    return red, green, blue
