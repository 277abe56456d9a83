"""A small design with known layers, as an OpenRaster file: what the tests of the editor work on."""

import tempfile
from pathlib import Path

import numpy as np

from lamina.core.layers import Group, Layer, LayerKind, LayerStack, Pixels
from lamina.imaging.saving import save

WIDTH, HEIGHT = 400, 300
RING = (40, 60, 100, 100)
SQUARE = (300, 40, 40, 40)
PANEL = (180, 180, 160, 80)
LABEL = (200, 200, 60, 20)
NAMES = ["Card", "Label", "Panel", "Square", "Ring", "Background"]
"""As the list shows them, topmost first."""


def design() -> LayerStack:
    """A ring that is transparent in its middle, a square, and a group of a panel and a label, on a background."""
    ground = np.full((HEIGHT, WIDTH, 4), (230, 220, 200, 255), np.uint8)
    ground[..., 0] -= (np.arange(WIDTH) // 4).astype(np.uint8)
    card = Group("Card")
    layers = (
        Layer("Background", LayerKind.BACKGROUND, ground),
        Layer("Ring", LayerKind.OBJECT, _ring(100), RING[0], RING[1]),
        Layer("Square", LayerKind.OBJECT, _box(40, 40, (200, 30, 40)), SQUARE[0], SQUARE[1]),
        Layer("Panel", LayerKind.PANEL, _box(160, 80, (40, 90, 160)), PANEL[0], PANEL[1], groups=(card,)),
        Layer("Label", LayerKind.OBJECT, _striped(60, 20), LABEL[0], LABEL[1], groups=(card,)),
    )
    return LayerStack(WIDTH, HEIGHT, layers)


def openraster() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "design.ora"
        save(design(), path)
        return path.read_bytes()


def _box(width: int, height: int, colour: tuple[int, int, int]) -> Pixels:
    return np.full((height, width, 4), (*colour, 255), np.uint8)


def _striped(width: int, height: int) -> Pixels:
    """No mirror image of itself, so that a flip can be seen."""
    pixels = _box(width, height, (250, 250, 250))
    pixels[:, : width // 3, :3] = (20, 20, 20)
    pixels[: height // 4, :, :3] = (240, 180, 0)
    return pixels


def _ring(size: int) -> Pixels:
    rows, columns = np.mgrid[:size, :size] + 0.5 - size / 2
    distance = np.hypot(rows, columns)
    pixels = _box(size, size, (30, 140, 70))
    pixels[..., 3] = np.clip(np.minimum(size / 2 - distance, distance - size / 4), 0, 1) * 255
    return pixels
