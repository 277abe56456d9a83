"""Plots the loss of a training run: each step in a light colour, the moving average in a dark one."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lamina.core.layers import Pixels

WIDTH_PX, HEIGHT_PX = 960, 540
_LEFT, _TOP, _RIGHT, _BOTTOM = 80, 24, WIDTH_PX - 24, HEIGHT_PX - 56
_BACKGROUND, _TEXT, _GRID, _LIGHT, _DARK = "#ffffff", "#333333", "#e4e4e4", "#b9cdea", "#1f5fb4"
_GRID_LINES = 5  # per axis
_WINDOWS = 40  # the moving average covers 1/40 of all steps
_AXIS_PERCENTILE = 99.0  # the axis ends here, so that a few outliers do not compress the curve


def loss_plot(losses: NDArray[np.float32]) -> Pixels:
    """The plot, (540, 960, 4) RGBA. `losses`: (steps,), at least one, each 0 or more."""
    image = Image.new("RGBA", (WIDTH_PX, HEIGHT_PX), _BACKGROUND)
    draw = ImageDraw.Draw(image)
    highest = float(np.percentile(losses, _AXIS_PERCENTILE)) * 1.05 or 1.0
    _draw_grid(draw, len(losses), highest)
    steps = np.arange(1, len(losses) + 1)
    _draw_line(draw, steps, losses, highest=highest, colour=_LIGHT, width=1)
    _draw_line(draw, steps, _moving_average(losses), highest=highest, colour=_DARK, width=3)
    return np.array(image)


def _draw_grid(draw: ImageDraw.ImageDraw, steps: int, highest: float) -> None:
    font = ImageFont.load_default(15)
    for share in np.linspace(0, 1, _GRID_LINES):
        y = _BOTTOM - share * (_BOTTOM - _TOP)
        draw.line((_LEFT, y, _RIGHT, y), _GRID)
        draw.text((_LEFT - 8, y), f"{share * highest:.3g}", _TEXT, font, anchor="rm")
        x = _LEFT + share * (_RIGHT - _LEFT)
        draw.text((x, _BOTTOM + 8), f"{round(1 + share * (steps - 1)):,}", _TEXT, font, anchor="mt")
    draw.text(((_LEFT + _RIGHT) / 2, HEIGHT_PX - 10), "loss by step", _TEXT, font, anchor="mb")


def _draw_line(
    draw: ImageDraw.ImageDraw,
    steps: NDArray[np.int64],
    values: NDArray[np.float32],
    *,
    highest: float,
    colour: str,
    width: int,
) -> None:
    x = _LEFT + (steps - 1) / max(1, len(steps) - 1) * (_RIGHT - _LEFT)
    y = np.maximum(_TOP, _BOTTOM - values / highest * (_BOTTOM - _TOP))
    points = [(float(a), float(b)) for a, b in zip(x, y, strict=True)]
    draw.line(points if len(points) > 1 else points * 2, colour, width)


def _moving_average(losses: NDArray[np.float32]) -> NDArray[np.float32]:
    """(steps,): the mean of each step and the steps before it in the window."""
    window = max(1, len(losses) // _WINDOWS)
    sums = np.concatenate([[0.0], np.cumsum(losses, dtype=np.float64)])
    ends = np.arange(1, len(losses) + 1)
    begins = np.maximum(0, ends - window)
    return ((sums[ends] - sums[begins]) / (ends - begins)).astype(np.float32)
