"""What is seen of each layer of a stack."""

import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import Layer, LayerStack

Alpha = NDArray[np.float32]


def visible_alphas(stack: LayerStack) -> list[Alpha]:
    """(height, width) float32 in 0..1 for every layer, bottom first: what is seen of it under the layers above it.

    Opacity is applied; a hidden layer is seen nowhere and covers nothing. The bottom layer's `1 - sum` is what is
    left of a transparent canvas.
    """
    uncovered = np.ones((stack.height, stack.width), np.float32)
    seen: list[Alpha] = []
    for layer in reversed(stack.layers):
        alpha = canvas_alpha(layer, stack)
        seen.append(alpha * uncovered)
        uncovered *= 1 - alpha
    return seen[::-1]


def canvas_alpha(layer: Layer, stack: LayerStack) -> Alpha:
    """(height, width) in 0..1: the layer's alpha with its opacity on the stack's canvas; 0 where it is hidden."""
    if not layer.is_visible:
        return np.zeros((stack.height, stack.width), np.float32)
    alpha = layer.on_canvas(stack.width, stack.height)[..., 3].astype(np.float32)
    return alpha * np.float32(layer.opacity / 255 / 255)
