"""Splits a stack into horizontal strips, so that a large canvas is processed in bounded memory."""

from collections.abc import Iterator
from dataclasses import replace

from lamina.core.layers import Layer, LayerStack

STRIP_PIXELS = 1 << 20


def strips(width: int, height: int, pixels: int = STRIP_PIXELS) -> Iterator[tuple[int, int]]:
    """Top and bottom (exclusive) of strips of about `pixels` pixels that cover the canvas from top to bottom."""
    rows = max(1, pixels // width)
    for top in range(0, height, rows):
        yield top, min(height, top + rows)


def strip_of(stack: LayerStack, top: int, bottom: int) -> LayerStack:
    """Rows `top` to `bottom` (exclusive) as a stack; layers outside these rows are omitted."""
    layers = [_rows_of(layer, top, bottom) for layer in stack if _intersects(layer, stack.width, top, bottom)]
    return LayerStack(stack.width, bottom - top, tuple(layers))


def _intersects(layer: Layer, width: int, top: int, bottom: int) -> bool:
    is_beside = layer.left >= width or layer.left + layer.width <= 0
    return not is_beside and layer.top < bottom and layer.top + layer.height > top


def _rows_of(layer: Layer, top: int, bottom: int) -> Layer:
    first, last = max(top, layer.top), min(bottom, layer.top + layer.height)
    return replace(layer, pixels=layer.pixels[first - layer.top : last - layer.top], top=first - top)
