"""Panels: cards, ribbons and bordered boxes that carry text or things."""

import numpy as np

from lab.posters.board import Board
from lab.posters.colours import Colour, Palette, darker, distance, lighter
from lab.posters.shapes import Points, arc, box, ellipse, polygon, rounded
from lab.posters.sketch import Sketch, Style
from lamina.core.layers import Layer, LayerKind

_PLAIN = Style(None, 0, is_shaded=False, has_details=True)


def panel(rng: np.random.Generator, board: Board, palette: Palette) -> Layer:
    """A panel that stands out from the ground: a banner at the top or foot, or a card somewhere."""
    for _ in range(200):
        width, height = board.width * rng.uniform(0.42, 0.86), board.height * rng.uniform(0.17, 0.34)
        drawn = _drawn(rng, width, height, _colours(rng, palette))
        left = round(rng.uniform(0.04, 0.96) * (board.width - drawn.width))
        top = round(rng.choice([0.07, 0.93, rng.uniform(0.05, 0.95)]) * (board.height - drawn.height))
        placed = Layer("Panel", LayerKind.PANEL, drawn.pixels, left, top)
        if board.share_inside(placed) == 1 and board.hidden_edge(placed) == 0:
            return placed
    raise AssertionError("ink and paper cannot both look like the ground")


def _colours(rng: np.random.Generator, palette: Palette) -> tuple[Colour, Colour]:
    """The face and the border."""
    vivid = palette.vivid[rng.integers(len(palette.vivid))]
    face = (vivid, lighter(vivid, 0.65), palette.paper, darker(vivid, 0.6), palette.ink)[rng.integers(5)]
    borders = (palette.paper, palette.ink, *palette.vivid)
    apart = [float(distance(np.array(face, np.uint8), np.array(border, np.uint8))) for border in borders]
    fitting = [border for border, far in zip(borders, apart, strict=True) if far > 30]
    return face, fitting[rng.integers(len(fitting))]


def _drawn(rng: np.random.Generator, width: float, height: float, colours: tuple[Colour, Colour]) -> Layer:
    face, border = colours
    wide = width / height  # in units of half the height
    shape = rng.choice(["rounded", "ellipse", "bordered", "ribbon"], p=[0.4, 0.2, 0.25, 0.15])
    turn = rng.uniform(-5, 5) if rng.uniform() < 0.2 else 0
    sketch = Sketch(height, _PLAIN, turn, reach=(wide * 1.02 + 0.15, 1.1 + wide * abs(np.sin(np.radians(turn)))))
    if shape == "ribbon":
        _ribbon(sketch, wide, face)
    else:
        radius = rng.uniform(0.12, 0.6) if shape == "rounded" else 0
        outer = ellipse(0, 0, wide, 1) if shape == "ellipse" else _card(wide, 1, radius)
        if shape == "bordered" or rng.uniform() < 0.25:
            width_inside = rng.uniform(0.05, 0.09)
            sketch.fill(outer, border)
            sketch.fill(outer * (1 - width_inside / wide, 1 - width_inside), face)
        else:
            sketch.fill(outer, face)
    return Layer("Panel", LayerKind.PANEL, sketch.pixels()).cropped()


def _card(x: float, y: float, radius: float) -> Points:
    return rounded(-x, -y, x, y, radius) if radius > 0 else box(-x, -y, x, y)


def _ribbon(sketch: Sketch, wide: float, face: Colour) -> None:
    """A straight band over two folded, notched tails."""
    for side in (-1, 1):
        x = side * wide
        tail = polygon((x * 0.78, -0.55), (x, -0.55), (x * 0.93, 0.2), (x, 0.95), (x * 0.78, 0.95))
        sketch.fill(tail, darker(face, 0.3))
    band = np.concatenate([arc(0, -0.8, wide * 0.86, 0.18, 180, 360), arc(0, 0.8, wide * 0.86, 0.18, 0, -180)])
    sketch.fill(band, face)
