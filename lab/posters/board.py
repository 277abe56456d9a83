"""The layout of a poster in progress: its layers so far, and its reserved places."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.posters.colours import distance
from lamina.core.composite import over
from lamina.core.layers import Layer, LayerStack, Pixels

Mask = NDArray[np.bool_]

_ALIKE = 13.0  # Delta E below which an edge is hard to see
_GAP = 0.012  # of the short side: distance between things


class NoRoomError(Exception):
    """There is no room on this board; the layout must be repeated."""


class Board:
    """Collects layers, bottom first, and answers questions about places on the canvas."""

    def __init__(self, ground: Layer) -> None:
        self.width, self.height = ground.width, ground.height
        self.short_px = min(self.width, self.height)
        self.layers: list[Layer] = [ground]
        self.panel: Layer | None = None
        self._seen: Pixels = ground.pixels.copy()
        self._taken: Mask = np.zeros((self.height, self.width), np.bool_)
        self._near_panel: Mask = self._taken
        self._centres: list[tuple[float, float]] = []

    def add(self, layer: Layer) -> None:
        """Lay a layer on top; what lies outside the canvas is cut off."""
        inside = replace(layer, pixels=self._cut(layer), left=max(0, layer.left), top=max(0, layer.top)).cropped()
        self.layers.append(inside)
        part = self._seen[self._part(inside)]
        part[:] = over(part, inside.pixels)

    def add_panel(self, panel: Layer) -> None:
        """Lay the panel, on which other things may lie."""
        self.add(panel)
        self.panel = self.layers[-1]
        self._near_panel = self._marked(np.zeros_like(self._taken), panel)

    def reserve(self, layer: Layer) -> None:
        """Keep the layer's place, and a little around it, free of what comes later."""
        self._taken = self._marked(self._taken.copy(), layer)
        self._centres.append((layer.left + layer.width / 2, layer.top + layer.height / 2))

    def with_layer(self, layer: Layer) -> "Board":
        """A copy of this board with one layer more on it, whose place is not reserved."""
        copy = Board(Layer("", layer.kind, self._seen.copy()))
        copy.panel, copy._near_panel, copy._taken = self.panel, self._near_panel, self._taken
        copy.add(layer)
        return copy

    def stack(self) -> LayerStack:
        return LayerStack(self.width, self.height, tuple(self.layers))

    def share_inside(self, layer: Layer) -> float:
        """The share 0..1 of the layer's covered pixels that lie on the canvas."""
        return float((self._cut(layer)[..., 3] > 0).sum() / (layer.pixels[..., 3] > 0).sum())

    def is_free(self, layer: Layer) -> bool:
        """True if no covered pixel lies in a reserved place."""
        return not self._touches(layer, self._taken)

    def is_clear_of_panel(self, layer: Layer) -> bool:
        """True if the layer keeps its distance from the panel, or there is none."""
        return not self._touches(layer, self._near_panel)

    def share_on(self, layer: Layer, other: Layer) -> float:
        """The share 0..1 of the layer's covered pixels, of those on the canvas, that `other` covers too."""
        mine = self._cut(layer)[..., 3] > 0
        theirs = other.on_canvas(self.width, self.height)[..., 3][self._part(layer)] > 0
        return float((mine & theirs).sum() / max(1, mine.sum()))

    def remoteness(self, layer: Layer) -> float:
        """How far the layer's middle is from the nearest reserved middle, in pixels."""
        x, y = layer.left + layer.width / 2, layer.top + layer.height / 2
        return min((float(np.hypot(x - cx, y - cy)) for cx, cy in self._centres), default=0.0)

    def under(self, layer: Layer) -> NDArray[np.uint8]:
        """(n, 3): the colours now seen where the layer would cover, and a little around."""
        wide = self._widened(layer)
        return self._seen[self._part(wide)][self._cut(wide)[..., 3] > 0][:, :3]

    def hidden_edge(self, layer: Layer) -> float:
        """The share 0..1 of the layer's outer edge that would look like the picture under it."""
        mine = self._cut(layer)
        solid = (mine[..., 3] > 200).astype(np.uint8)
        inner = cv2.erode(solid, np.ones((7, 7), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=(1,))
        edge = (solid > 0) & (inner == 0)
        if not edge.any():
            return 1.0
        alike = distance(mine[edge][:, :3], self._seen[self._part(layer)][edge][:, :3]) < _ALIKE
        return float(alike.mean())

    def _marked(self, zone: Mask, layer: Layer) -> Mask:
        wide = self._widened(layer)
        zone[self._part(wide)] |= self._cut(wide)[..., 3] > 0
        return zone

    def _touches(self, layer: Layer, zone: Mask) -> bool:
        return bool((zone[self._part(layer)] & (self._cut(layer)[..., 3] > 0)).any())

    def _part(self, layer: Layer) -> tuple[slice, slice]:
        x0, y0 = max(0, layer.left), max(0, layer.top)
        x1, y1 = min(self.width, layer.left + layer.width), min(self.height, layer.top + layer.height)
        return slice(y0, max(y0, y1)), slice(x0, max(x0, x1))

    def _cut(self, layer: Layer) -> Pixels:
        rows, columns = self._part(layer)
        return layer.pixels[
            rows.start - layer.top : rows.stop - layer.top, columns.start - layer.left : columns.stop - layer.left
        ]

    def _widened(self, layer: Layer) -> Layer:
        """A layer whose alpha is above 0 where this one covers and in the gap around it."""
        reach = max(2, round(_GAP * self.short_px))
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        own = np.pad(layer.pixels[..., 3], reach)
        wide = np.zeros((*own.shape, 4), np.uint8)
        wide[..., 3] = cv2.dilate(own, kernel)
        return replace(layer, pixels=wide, left=layer.left - reach, top=layer.top - reach)
