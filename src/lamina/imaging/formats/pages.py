"""The visible layers of a stack with opacity applied, for formats without layer attributes."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from lamina.core.layers import Layer, LayerKind, LayerStack


def pages(stack: LayerStack) -> Iterator[Layer]:
    """The visible layers, lowest first, with opacity multiplied into alpha and rounded as in `core.composite`.

    An empty layer if none is visible, because a file needs at least one page.
    """
    visible = [layer for layer in stack if layer.is_visible]
    for layer in visible:
        yield _apply_opacity(layer)
    if not visible:
        yield Layer("Empty", LayerKind.OBJECT, np.zeros((1, 1, 4), np.uint8))


def _apply_opacity(layer: Layer) -> Layer:
    if layer.opacity == 255:
        return layer
    pixels = layer.pixels.copy()
    pixels[..., 3] = (pixels[..., 3].astype(np.uint32) * layer.opacity + 127) // 255
    return replace(layer, pixels=pixels, opacity=255)
