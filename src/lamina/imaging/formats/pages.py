"""What the formats without switches for a layer show of a stack: its visible layers, opacity in their alpha."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from lamina.core.layers import Layer, LayerKind, LayerStack


def pages(stack: LayerStack) -> Iterator[Layer]:
    """The visible layers, lowest first, each with its opacity in its alpha, rounded as `core.composite` rounds.

    An empty layer if none is visible, for a file must show something.
    """
    visible = [layer for layer in stack if not layer.is_hidden]
    for layer in visible:
        yield _with_opacity_in_alpha(layer)
    if not visible:
        yield Layer("Empty", LayerKind.OBJECT, np.zeros((1, 1, 4), np.uint8))


def _with_opacity_in_alpha(layer: Layer) -> Layer:
    if layer.opacity == 255:
        return layer
    pixels = layer.pixels.copy()
    pixels[..., 3] = (pixels[..., 3].astype(np.uint32) * layer.opacity + 127) // 255
    return replace(layer, pixels=pixels, opacity=255)
