"""Collects the layers of one composed design, each of which is visible and distinct from the layers under it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.posters.colours import Colour, luminance
from lamina.core.composite import over
from lamina.core.layers import Layer, LayerKind, LayerStack, Pixels

_SEEN_DIFFERENCE = 18  # levels in a channel by which a visible pixel differs from the picture under it
_SEEN_SHARE = 0.35  # share of a layer's pixels that must be visible
_SMALLEST = 0.0005  # of the canvas
_ON_CANVAS = 0.4  # of a layer's pixels
_KEPT = {LayerKind.TEXT: 0.97, LayerKind.OBJECT: 0.28, LayerKind.PANEL: 0.2, LayerKind.BACKGROUND: 0.03}
_TEXT_DIFFERENCE = 60  # of 255: the least difference in lightness at which text is legible
_PLACE_TRIES = 40

Region = tuple[float, float, float, float]
"""Left, top, right and bottom as shares of the canvas."""

EVERYWHERE: Region = (0, 0, 1, 1)


class Composition:
    """Collects layers, bottom first. `rng` is the only source of randomness in a composition."""

    def __init__(self, rng: np.random.Generator, ground: Pixels) -> None:
        self.rng = rng
        self.height, self.width = ground.shape[:2]
        self.short_px = min(self.width, self.height)
        self.layers = [Layer("background", LayerKind.BACKGROUND, ground)]
        self._picture = ground.copy()
        self._owners = np.zeros((self.height, self.width), np.int16)
        self._areas = [self.width * self.height]

    @property
    def picture(self) -> Pixels:
        """(height, width, 4), opaque: all layers so far over each other."""
        return self._picture

    @property
    def stack(self) -> LayerStack:
        return LayerStack(self.width, self.height, tuple(self.layers))

    def add(self, sprite: Pixels, left: float, top: float, kind: LayerKind, name: str) -> bool:
        """Adds a sprite on top if it is visible there and the layers under it stay visible; returns whether it did."""
        layer = self._on_canvas(sprite, round(left), round(top), kind, name)
        if layer is None:
            return False
        rows, columns = slice(layer.top, layer.top + layer.height), slice(layer.left, layer.left + layer.width)
        under = self._picture[rows, columns]
        above = over(under, layer.pixels)
        if not self._is_seen(layer, under, above):
            return False
        owners = self._owners.copy()
        owners[rows, columns][layer.pixels[..., 3] > 128] = len(self.layers)
        visible = np.bincount(owners.ravel(), minlength=len(self.layers) + 1)
        for below, area, left_over in zip(self.layers, self._areas, visible, strict=False):
            if area and left_over < _KEPT[below.kind] * area:
                return False
        self._owners = owners
        self._areas.append(int(visible[-1]))
        self.layers.append(layer)
        self._picture[rows, columns] = above
        return True

    def add_centred(self, sprite: Pixels, x: float, y: float, kind: LayerKind, name: str) -> bool:
        """As `add`, with the middle of the sprite at x, y."""
        return self.add(sprite, x - sprite.shape[1] / 2, y - sprite.shape[0] / 2, kind, name)

    def place(
        self,
        sprite: Pixels,
        kind: LayerKind,
        name: str,
        *,
        region: Region = EVERYWHERE,
        most_overlap: float = 0.05,
        least_overlap: float = 0,
    ) -> bool:
        """Adds a sprite in the region where it overlaps the objects and texts below by the given share."""
        height, width = sprite.shape[:2]
        covered = sprite[..., 3] > 128
        left, top = region[0] * self.width, region[1] * self.height
        right, bottom = region[2] * self.width - width, region[3] * self.height - height
        for _ in range(_PLACE_TRIES):
            x = self.rng.uniform(min(left, right), max(left, right))
            y = self.rng.uniform(min(top, bottom), max(top, bottom))
            share = self._overlap(covered, round(x), round(y))
            if least_overlap <= share <= most_overlap and self.add(sprite, x, y, kind, name):
                return True
        return False

    def mean_colour(self, left: float, top: float, width: float, height: float) -> Colour:
        """The mean colour of the picture in a rectangle, cut to the canvas."""
        x0, y0 = max(0, min(self.width - 1, int(left))), max(0, min(self.height - 1, int(top)))
        part = self._picture[y0 : max(y0 + 1, int(top + height)), x0 : max(x0 + 1, int(left + width)), :3]
        red, green, blue = (int(channel) for channel in part.reshape(-1, 3).mean(0))
        return red, green, blue

    def _overlap(self, covered: NDArray[np.bool_], left: int, top: int) -> float:
        """The share of a mask that lies on objects and texts."""
        taken = np.array([layer.kind in (LayerKind.OBJECT, LayerKind.TEXT) for layer in self.layers])
        x0, y0 = max(0, left), max(0, top)
        part = covered[y0 - top : max(0, self.height - top), x0 - left : max(0, self.width - left)]
        owners = self._owners[y0 : y0 + part.shape[0], x0 : x0 + part.shape[1]]
        return float((taken[owners] & part).sum() / max(1, part.sum()))

    def _on_canvas(self, sprite: Pixels, left: int, top: int, kind: LayerKind, name: str) -> Layer | None:
        x0, y0 = max(0, left), max(0, top)
        x1, y1 = min(self.width, left + sprite.shape[1]), min(self.height, top + sprite.shape[0])
        if x0 >= x1 or y0 >= y1:
            return None
        pixels = sprite[y0 - top : y1 - top, x0 - left : x1 - left].copy()
        covered = (pixels[..., 3] > 64).sum()
        if covered < _ON_CANVAS * (sprite[..., 3] > 64).sum() or covered < _SMALLEST * self._owners.size:
            return None
        pixels[pixels[..., 3] == 0] = 0
        return Layer(name, kind, pixels, x0, y0).cropped()

    def _is_seen(self, layer: Layer, under: Pixels, above: Pixels) -> bool:
        solid = layer.pixels[..., 3] > 40
        if layer.kind is LayerKind.TEXT:
            ink = layer.pixels[..., 3] > 160
            difference = np.abs(_lightness(above) - _lightness(under))[ink]
            return difference.size > 0 and float(np.median(difference)) > _TEXT_DIFFERENCE
        difference = cv2.absdiff(under[..., :3], above[..., :3]).max(-1)[solid]
        return difference.size > 0 and float((difference > _SEEN_DIFFERENCE).mean()) > _SEEN_SHARE


def _lightness(pixels: Pixels) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels[..., :3]), cv2.COLOR_RGB2LAB), np.float32)[..., 0]


def readable(colour: Colour, on: Colour) -> bool:
    """True if text of this colour is legible on a ground of the other."""
    both = _lightness(np.array([[colour, on]], np.uint8))[0]
    return bool(abs(both[0] - both[1]) > _TEXT_DIFFERENCE + 15)


def is_dark(colour: Colour) -> bool:
    return bool(luminance(np.array(colour, np.uint8)) < 0.2)
