"""Resamples raw layers to the size of the image, tile by tile, and resizes images."""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import Layer, LayerStack, Pixels
from lamina.imaging.strips import strips

Values = NDArray[np.floating[Any]]

_MARGIN = 3  # raw pixels around a tile that cubic interpolation reads


@dataclass(frozen=True, slots=True)
class Tile:
    """Rows `top` to `bottom` and columns `left` to `right` (exclusive) of the image."""

    top: int
    bottom: int
    left: int
    right: int

    def expanded(self, margin: int, height: int, width: int) -> "Tile":
        """The tile with `margin` more pixels on each side, clipped to the image."""
        top, bottom = max(0, self.top - margin), min(height, self.bottom + margin)
        return Tile(top, bottom, max(0, self.left - margin), min(width, self.right + margin))

    def slices_in(self, outer: "Tile") -> tuple[slice, slice]:
        """The slices of this tile in an array of the tile `outer`."""
        rows = slice(self.top - outer.top, self.bottom - outer.top)
        return rows, slice(self.left - outer.left, self.right - outer.left)

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.right)


@dataclass(frozen=True, slots=True)
class Placement:
    """Maps image coordinates to the raw canvas: raw pixels per image pixel, and the shift of the raw layers."""

    scale_x: float
    scale_y: float
    shift_x: float = 0.0
    shift_y: float = 0.0

    @property
    def enlargement(self) -> float:
        """Image pixels per raw pixel."""
        return max(1 / self.scale_x, 1 / self.scale_y)

    def raw_x(self, x: float) -> float:
        return (x + 0.5) * self.scale_x - 0.5 + self.shift_x

    def raw_y(self, y: float) -> float:
        return (y + 0.5) * self.scale_y - 0.5 + self.shift_y


def resample_layer(
    layer: Layer, raw: LayerStack, placement: Placement, tile: Tile, *, is_sharp: bool = True
) -> Values | None:
    """(rows, columns, 4) float32: one tile, premultiplied, with alpha 0..255; None if the layer is transparent there.

    Uses cubic interpolation if `is_sharp`, else linear. The border of the raw canvas is replicated.
    """
    x0 = _clamped(placement.raw_x(tile.left) - _MARGIN, raw.width)
    x1 = _clamped(placement.raw_x(tile.right) + _MARGIN, raw.width) + 1
    y0 = _clamped(placement.raw_y(tile.top) - _MARGIN, raw.height)
    y1 = _clamped(placement.raw_y(tile.bottom) + _MARGIN, raw.height) + 1
    window = replace(layer, left=layer.left - x0, top=layer.top - y0).on_canvas(x1 - x0, y1 - y0)
    if not window[..., 3].any():
        return None
    across = [placement.scale_x, 0, placement.raw_x(tile.left) - x0]
    down = [0, placement.scale_y, placement.raw_y(tile.top) - y0]
    size = (tile.right - tile.left, tile.bottom - tile.top)
    flags = cv2.WARP_INVERSE_MAP | (cv2.INTER_CUBIC if is_sharp else cv2.INTER_LINEAR)
    to_raw = np.array([across, down], np.float64)
    values = cv2.warpAffine(premultiply(window), to_raw, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.clip(values, 0, 255).astype(np.float32, copy=False)


def limit_size(raw: LayerStack, width: int, height: int) -> LayerStack:
    """The stack with opacities applied, downscaled (area averaging) to a canvas of at most width x height pixels."""
    size = min(raw.width, width), min(raw.height, height)
    layers = [_without_opacity(layer) for layer in raw]
    if size != (raw.width, raw.height):
        layers = [_shrunk(layer, raw, size) for layer in layers]
    return LayerStack(*size, tuple(layers))


def downscale_image(picture: Pixels, width: int, height: int) -> Values:
    """(height, width, 4) float32, premultiplied: the image downscaled by area averaging, in strips."""
    narrow = np.empty((picture.shape[0], width, 4), np.float32)
    for top, bottom in strips(picture.shape[1], picture.shape[0]):
        values = premultiply(picture[top:bottom])
        narrow[top:bottom] = cv2.resize(values, (width, bottom - top), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(narrow, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def resize_image(picture: Pixels, width: int, height: int) -> Pixels:
    """(height, width, 4): area averaging if it has fewer pixels than before, else cubic interpolation."""
    is_smaller = width * height < picture.shape[0] * picture.shape[1]
    if is_smaller:
        return unpremultiply(downscale_image(picture, width, height))
    values = cv2.resize(premultiply(picture), (width, height), interpolation=cv2.INTER_CUBIC)
    return unpremultiply(np.asarray(np.clip(values, 0, 255), np.float32))


def premultiply(pixels: Pixels) -> Values:
    """(height, width, 4) float32: premultiplied colours, and alpha 0..255."""
    values = pixels.astype(np.float32)
    values[..., :3] *= values[..., 3:] * np.float32(1 / 255)
    return values


def unpremultiply(values: Values) -> Pixels:
    """(height, width, 4) uint8: the rounded inverse of `premultiply`."""
    colour = values[..., :3] * 255 / np.maximum(values[..., 3:], 0.25)
    return np.clip(np.rint(np.concatenate([colour, values[..., 3:]], -1)), 0, 255).astype(np.uint8)


def _clamped(position: float, length: int) -> int:
    return int(min(max(position, 0), length - 1))


def _without_opacity(layer: Layer) -> Layer:
    if layer.opacity == 255:
        return layer
    pixels = layer.pixels.copy()
    pixels[..., 3] = (pixels[..., 3].astype(np.int32) * layer.opacity + 127) // 255
    return replace(layer, pixels=pixels, opacity=255)


def _shrunk(layer: Layer, raw: LayerStack, size: tuple[int, int]) -> Layer:
    values = downscale_image(layer.on_canvas(raw.width, raw.height), *size)
    return replace(layer, pixels=unpremultiply(values), left=0, top=0)
