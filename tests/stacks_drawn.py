"""A small stack for tests: a background, shapes with soft edges, a group, a hidden layer, and one beyond the canvas."""

import numpy as np

from lamina.core.layers import BlendMode, Group, Layer, LayerKind, LayerStack, Pixels


def ellipse(width: int, height: int, colour: tuple[int, int, int], seed: int = 0) -> Pixels:
    """(height, width, 4): a noisy ellipse with a soft edge, which touches all four sides."""
    rows, columns = np.mgrid[:height, :width]
    distance = ((columns + 0.5) / width * 2 - 1) ** 2 + ((rows + 0.5) / height * 2 - 1) ** 2
    noise = np.random.default_rng(seed).integers(-20, 21, (height, width, 1))
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[..., :3] = np.clip(np.array(colour) + noise, 0, 255)
    pixels[..., 3] = np.clip((1.1 - distance) * 4, 0, 1) * 255
    return pixels


def drawn_stack() -> LayerStack:
    ground = np.full((120, 200, 4), (230, 220, 200, 255), np.uint8)
    ground[..., 0] -= (np.arange(200) // 4).astype(np.uint8)
    card = Group("Card")
    layers = (
        Layer("Background", LayerKind.BACKGROUND, ground),
        Layer("Sun", LayerKind.OBJECT, ellipse(60, 60, (240, 160, 20), 1), 20, 10),
        Layer("Panel", LayerKind.PANEL, ellipse(90, 50, (40, 90, 160), 2), 80, 50, groups=(card,)),
        Layer("Ünï Label", LayerKind.TEXT, ellipse(40, 14, (250, 250, 250), 3), 100, 70, opacity=200, groups=(card,)),
        Layer("Ünï Label", LayerKind.TEXT, ellipse(20, 10, (20, 250, 50), 4), 150, 5, is_hidden=True),
        Layer("Leaf", LayerKind.OBJECT, ellipse(30, 50, (40, 160, 50), 5), -8, 80, blend=BlendMode.MULTIPLY),
    )
    return LayerStack(200, 120, layers)
