"""Draws how the loss of a training went: each step in pale, its moving mean in dark."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lamina.core.layers import Pixels

WIDTH_PX, HEIGHT_PX = 960, 540
_LEFT, _TOP, _RIGHT, _BOTTOM = 80, 24, WIDTH_PX - 24, HEIGHT_PX - 56
_PAPER, _INK, _GRID, _PALE, _DARK = "#ffffff", "#333333", "#e4e4e4", "#b9cdea", "#1f5fb4"
_LINES = 5  # of the grid, each way
_MEANS = 40  # the mean is over so many parts of the whole
_HIGHEST_SHARE = 99.0  # per cent of the steps that fit into the picture: a few stand out too far


def loss_plot(losses: NDArray[np.float32]) -> Pixels:
    """`losses`: (steps,), one at least, each 0 or more. (540, 960, 4), RGBA."""
    image = Image.new("RGBA", (WIDTH_PX, HEIGHT_PX), _PAPER)
    draw = ImageDraw.Draw(image)
    highest = float(np.percentile(losses, _HIGHEST_SHARE)) * 1.05 or 1.0
    _draw_grid(draw, len(losses), highest)
    steps = np.arange(1, len(losses) + 1)
    _draw_line(draw, steps, losses, highest, _PALE, 1)
    _draw_line(draw, steps, _mean(losses), highest, _DARK, 3)
    return np.array(image)


def _draw_grid(draw: ImageDraw.ImageDraw, steps: int, highest: float) -> None:
    font = ImageFont.load_default(15)
    for share in np.linspace(0, 1, _LINES):
        y = _BOTTOM - share * (_BOTTOM - _TOP)
        draw.line((_LEFT, y, _RIGHT, y), _GRID)
        draw.text((_LEFT - 8, y), f"{share * highest:.3g}", _INK, font, anchor="rm")
        x = _LEFT + share * (_RIGHT - _LEFT)
        draw.text((x, _BOTTOM + 8), f"{round(1 + share * (steps - 1)):,}", _INK, font, anchor="mt")
    draw.text(((_LEFT + _RIGHT) / 2, HEIGHT_PX - 10), "loss by step", _INK, font, anchor="mb")


def _draw_line(
    draw: ImageDraw.ImageDraw,
    steps: NDArray[np.int64],
    values: NDArray[np.float32],
    highest: float,
    colour: str,
    width: int,
) -> None:
    x = _LEFT + (steps - 1) / max(1, len(steps) - 1) * (_RIGHT - _LEFT)
    y = np.maximum(_TOP, _BOTTOM - values / highest * (_BOTTOM - _TOP))
    points = [(float(a), float(b)) for a, b in zip(x, y, strict=True)]
    draw.line(points if len(points) > 1 else points * 2, colour, width)


def _mean(losses: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of each step and those before it, as far as a part of the whole goes."""
    reach = max(1, len(losses) // _MEANS)
    sums = np.concatenate([[0.0], np.cumsum(losses, dtype=np.float64)])
    ends = np.arange(1, len(losses) + 1)
    begins = np.maximum(0, ends - reach)
    return ((sums[ends] - sums[begins]) / (ends - begins)).astype(np.float32)
