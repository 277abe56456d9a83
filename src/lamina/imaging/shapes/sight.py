"""Where the layers of a stack can be seen, and how much of their colour."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import BlendMode, Box, Layer, LayerStack
from lamina.imaging.shapes.shape import Values

Mask = NDArray[np.bool_]
Shares = NDArray[np.uint8]

_MARGIN_PX = 4  # around what covers a layer: there its colour is a soft edge's, or was filled in
_SHADOW_PX = 12  # how much further than that the faint end of a shadow may reach
_NEARLY_ALL = 250


@dataclass(frozen=True)
class Sight:
    """`share` (h, w): 0..255, how much of a layer can be seen through those above it; 0 outside the canvas.

    `box`: the part of the canvas. `canvas`: the rows and columns of it that are not outside.
    """

    box: Box
    share: Shares
    canvas: tuple[slice, slice]

    @cached_property
    def is_known(self) -> Mask:
        """(h, w): what is seen entirely, and not beside something that covers it."""
        return self._is_clear(_MARGIN_PX) & (self.share > 0)

    @cached_property
    def is_shaded(self) -> Mask:
        """(h, w): what may be in the faint end of a shadow of something that covers the layer."""
        return ~self._is_clear(_MARGIN_PX + _SHADOW_PX)

    @cached_property
    def middles(self) -> tuple[Values, Values]:
        """x (1, w) and y (h, 1) of the middles of the pixels on the canvas."""
        left, top, width, height = self.box
        x = (left + np.arange(width, dtype=np.float32) + 0.5)[None]
        return x, (top + np.arange(height, dtype=np.float32) + 0.5)[:, None]

    def contains(self, bounds: tuple[float, float, float, float]) -> bool:
        """Whether a rectangle (left, top, right, bottom) is within the box, but for what is outside the canvas."""
        left, top, width, height = self.box
        rows, columns = self.canvas
        return (
            (bounds[0] >= left or columns.start > 0)
            and (bounds[1] >= top or rows.start > 0)
            and (bounds[2] <= left + width or columns.stop < width)
            and (bounds[3] <= top + height or rows.stop < height)
        )

    def _is_clear(self, margin_px: int) -> Mask:
        clear = np.ones_like(self.share)
        clear[self.canvas] = self.share[self.canvas] >= _NEARLY_ALL
        kernel = np.ones((2 * margin_px + 1,) * 2, np.uint8)
        return np.asarray(cv2.erode(clear, kernel, borderValue=(1,))).view(np.bool_)


def sights(stack: LayerStack, margin_px: int) -> Iterator[tuple[int, Sight]]:
    """For each layer, topmost first: its box and so much more around it."""
    share = np.full((stack.height, stack.width), 255, np.uint8)
    for index in range(len(stack) - 1, -1, -1):
        layer = stack[index]
        yield index, _sight(share, wider(layer.box, margin_px))
        if layer.is_visible and layer.blend is BlendMode.NORMAL:
            _cover(share, layer)


def wider(box: Box, margin_px: int) -> Box:
    left, top, width, height = box
    return left - margin_px, top - margin_px, width + 2 * margin_px, height + 2 * margin_px


def overlap(box: Box, height: int, width: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The rows and columns of a canvas that a box covers, and those of the box."""
    spans: list[tuple[slice, slice]] = []
    for start, side, limit in ((box[1], box[3], height), (box[0], box[2], width)):
        begin = min(max(start, 0), limit)
        end = max(begin, min(start + side, limit))
        spans.append((slice(begin, end), slice(begin - start, end - start)))
    return (spans[0][0], spans[1][0]), (spans[0][1], spans[1][1])


def _sight(share: Shares, box: Box) -> Sight:
    window = np.zeros((box[3], box[2]), np.uint8)
    there, here = overlap(box, *share.shape)
    window[here] = share[there]
    return Sight(box, window, here)


def _cover(share: Shares, layer: Layer) -> None:
    there, here = overlap(layer.box, *share.shape)
    alpha = layer.pixels[(*here, 3)].astype(np.uint32) * layer.opacity
    share[there] = (share[there] * (255 * 255 - alpha) + 255 * 127) // (255 * 255)
