"""The poster of the README, laid out by hand from the parts of the seeded posters."""

from dataclasses import replace

import numpy as np

from lab.posters.board import Board
from lab.posters.colours import Colour
from lab.posters.lettering import Lettering, Shadow, Typeface, lettered, moved
from lab.posters.motifs import MOTIFS, Paint
from lab.posters.shapes import rounded
from lab.posters.sketch import Sketch, Style
from lamina.core.layers import Layer, LayerKind, LayerStack, Pixels

WIDTH, HEIGHT = 1024, 1024

_NAVY, _CREAM, _CORAL, _TEAL, _SUN, _PLUM = (
    (34, 40, 84), (255, 247, 230), (240, 92, 84), (38, 166, 154), (255, 196, 61), (142, 84, 168),
)  # fmt: skip
_SKY = ((116, 200, 240), (190, 232, 236), (255, 240, 205))
_STYLE = Style(_NAVY, 0.045, is_shaded=True, has_details=True)

# Motif, middle on the canvas, size, turn, and its three colours; the rear one of two that overlap comes first.
_THINGS: tuple[tuple[str, tuple[int, int], int, float, tuple[Colour, Colour, Colour]], ...] = (
    ("balloon", (196, 440), 310, -6, (_CORAL, _SUN, _TEAL)),
    ("umbrella", (812, 412), 290, 14, (_PLUM, _SUN, _TEAL)),
    ("ball", (708, 630), 210, 0, (_CORAL, _SUN, _TEAL)),
    ("ice cream", (500, 476), 290, 8, (_CORAL, _SUN, _PLUM)),
    ("car", (336, 676), 240, -3, (_TEAL, _CREAM, _SUN)),
    ("cat", (852, 668), 180, 6, (_SUN, _CORAL, _CORAL)),
)


def showcase() -> LayerStack:
    """Background, panel, six things of which two overlap, and two lines of text, on 1024 x 1024 pixels."""
    board = Board(Layer("Background", LayerKind.BACKGROUND, _sky()))
    board.add(_panel())
    for name, middle, size_px, turn, (main, second, third) in _THINGS:
        board.add(_thing(name, middle, size_px, turn, Paint(main, second, third, *_NATURAL)))
    headline = Lettering("SUMMER FAIR", Typeface.SANS, 134, _CREAM, outline=_NAVY, outline_width=0.05)
    board.add(_centred(lettered(headline, "Headline: SUMMER FAIR"), 150))
    date = Lettering("Saturday, 2 pm, in the park", Typeface.SCRIPT, 66, _CREAM, shadow=Shadow(_NAVY, 0.04, 0.02, 0.6))
    board.add(_centred(lettered(date, "Subtitle: Saturday, 2 pm, in the park"), 868))
    return board.stack()


_NATURAL = (_CREAM, _NAVY, (92, 178, 96), (150, 92, 56), (236, 186, 112))  # light, dark, leaf, wood, crust


def _sky() -> Pixels:
    down = np.linspace(0, 1, HEIGHT)
    colours = np.stack([np.interp(down, (0, 0.5, 1), channel) for channel in zip(*_SKY, strict=True)], -1)
    column = np.concatenate([np.rint(colours), np.full((HEIGHT, 1), 255)], -1).astype(np.uint8)
    return np.broadcast_to(column[:, None], (HEIGHT, WIDTH, 4)).copy()


def _panel() -> Layer:
    half_height, half_width = 85, 452
    wide = half_width / half_height
    flat = Style(None, 0, is_shaded=False, has_details=False)
    sketch = Sketch(2 * half_height, flat, reach=(wide + 0.1, 1.1))
    sketch.fill(rounded(-wide, -1, wide, 1, 0.5), _CORAL)
    return _middle_at(Layer("Panel", LayerKind.PANEL, sketch.pixels()).cropped(), (WIDTH // 2, 870))


def _thing(name: str, middle: tuple[int, int], size_px: int, turn: float, paint: Paint) -> Layer:
    sketch = Sketch(size_px, _STYLE, turn)
    MOTIFS[name](sketch, paint)
    return _middle_at(Layer(name.capitalize(), LayerKind.OBJECT, sketch.pixels()).cropped(), middle)


def _centred(line: Layer, y: int) -> Layer:
    return moved(line, ((WIDTH - line.width) // 2, y - line.height // 2))


def _middle_at(layer: Layer, middle: tuple[int, int]) -> Layer:
    return replace(layer, left=middle[0] - layer.width // 2, top=middle[1] - layer.height // 2)
