"""Draws grounds, the opaque bottom layers of compositions."""

import numpy as np

from lab.compositions.material import Material
from lab.compositions.rasters import draw_shapes
from lab.compositions.schemes import Scheme
from lab.compositions.shapes import hex_of, paint, polygon
from lab.posters.colours import WHITE, Colour, mixed
from lamina.core.layers import Pixels

_LONGER = (512, 640, 768, 800, 887, 900, 960, 1000, 1024, 1024, 1024, 1080, 1200, 1280)
_RATIOS = (1, 1, 1, 0.5625, 0.6, 0.667, 0.707, 0.75, 0.8, 0.9)


def size(rng: np.random.Generator, ratios: tuple[float, ...] = _RATIOS, tall: float = 0.4) -> tuple[int, int]:
    """Width and height in pixels; `tall`: how often the height is the longer side."""
    longer, ratio = int(rng.choice(_LONGER)), float(rng.choice(ratios))
    shorter = max(320, round(longer * ratio))
    return (shorter, longer) if rng.uniform() < tall else (longer, shorter)


def plain(width: int, height: int, colour: Colour) -> Pixels:
    ground = np.empty((height, width, 4), np.uint8)
    ground[..., :3], ground[..., 3] = colour, 255
    return ground


def ground(
    rng: np.random.Generator, material: Material, colours: Scheme, width: int, height: int, white: float = 0.35
) -> Pixels:
    """A ground of any kind; `white`: how often it is a white canvas."""
    if rng.uniform() < white:
        return plain(width, height, WHITE)
    kind = rng.choice(["paper", "colour", "gradient", "pattern", "texture"], p=[0.28, 0.22, 0.26, 0.09, 0.15])
    if kind == "paper":
        return plain(width, height, colours.paper)
    if kind == "colour":
        return plain(width, height, colours.any(rng))
    if kind == "texture":
        return material.texture(rng, width, height)
    if kind == "gradient":
        return gradient(
            rng, width, height, colours.any(rng), mixed(colours.any(rng), colours.paper, rng.uniform(0, 0.6))
        )
    base = colours.paper if rng.uniform() < 0.6 else colours.any(rng)
    return _patterned(rng, width, height, base, mixed(base, colours.any(rng), rng.uniform(0.12, 0.6)))


def gradient(rng: np.random.Generator, width: int, height: int, first: Colour, second: Colour) -> Pixels:
    """From one colour to the other: down, across, or outwards."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    kind = rng.integers(3)
    if kind == 0:
        share = y / height
    elif kind == 1:
        angle = rng.uniform(0, 2 * np.pi)
        along = x / width * np.cos(angle) + y / height * np.sin(angle)
        share = (along - along.min()) / (along.max() - along.min())
    else:
        cx, cy = rng.uniform(0.3, 0.7, 2)
        share = np.clip(np.hypot(x / width - cx, y / height - cy) / rng.uniform(0.6, 0.9), 0, 1)
    colour = np.array(first) * (1 - share[..., None]) + np.array(second) * share[..., None]
    pixels = np.full((height, width, 4), 255, np.uint8)
    pixels[..., :3] = np.rint(colour)
    return pixels


def _patterned(rng: np.random.Generator, width: int, height: int, base: Colour, mark: Colour) -> Pixels:
    size_px = rng.uniform(16, 70)
    half = size_px / 2
    marks = [
        f'<circle cx="{half}" cy="{half}" r="{size_px * rng.uniform(0.08, 0.32)}" fill="{hex_of(mark)}"/>',
        f'<rect width="{half}" height="{size_px}" fill="{hex_of(mark)}"/>',
        f'<path d="M0 0H{half}V{half}H0ZM{half} {half}H{size_px}V{size_px}H{half}Z" fill="{hex_of(mark)}"/>',
        f'<path d="M0 {half}H{size_px}M{half} 0V{size_px}" stroke="{hex_of(mark)}" stroke-width="1.5"/>',
        f'<path d="M0 {half}L{half} 0L{size_px} {half}"'
        f' stroke="{hex_of(mark)}" stroke-width="{size_px * 0.12}" fill="none"/>',
    ]
    rays = rng.uniform() < 0.2
    if rays:
        count = int(rng.integers(8, 20))
        middle, reach = np.array([width, height]) / 2, width + height
        angles = np.arange(2 * count) * np.pi / count
        ends = middle + reach * np.stack([np.cos(angles), np.sin(angles)], 1)
        body = "".join(
            f'<path d="{polygon(np.stack([middle, ends[2 * index], ends[2 * index + 1]]))}" fill="{hex_of(mark)}"/>'
            for index in range(count)
        )
    else:
        turn = rng.choice([0, 0, 45, 30])
        body = (
            f'<defs><pattern id="m" width="{size_px}" height="{size_px}"'
            f' patternUnits="userSpaceOnUse" patternTransform="rotate({turn})">'
            f"{marks[rng.integers(len(marks))]}</pattern></defs>"
            f'<rect width="{width}" height="{height}" fill="url(#m)"/>'
        )
    pixels = draw_shapes(f'<rect width="{width}" height="{height}" fill="{hex_of(base)}"/>{body}', width, height)
    pixels[..., 3] = 255
    return pixels


def painted(rng: np.random.Generator, width: int, height: int, colour: Colour) -> Pixels:
    """A sheet of about one colour: flat, a gradient or hatched."""
    definitions, fill = paint(rng, colour)
    body = f'<defs>{definitions}</defs><rect width="{width}" height="{height}" fill="{fill}"/>'
    pixels = draw_shapes(body, width, height)
    pixels[..., 3] = 255
    return pixels
