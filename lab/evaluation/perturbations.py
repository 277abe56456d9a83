"""Degrades true layers as engines degrade them, to measure how well they are finished."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import Layer, LayerStack, Pixels

Degradation = Callable[[LayerStack], LayerStack]


def blurred(stack: LayerStack, sigma_px: float = 2.0) -> LayerStack:
    """Every layer, colour and alpha, blurred by a Gaussian."""
    return _each(stack, lambda pixels, _: _straight(cv2.GaussianBlur(_premultiplied(pixels), (0, 0), sigma_px)))


def reduced(stack: LayerStack, longest_side_px: int = 640) -> LayerStack:
    """The whole stack on a canvas whose longer side is `longest_side_px`."""
    scale = longest_side_px / max(stack.width, stack.height)
    return resized(stack, max(1, round(stack.width * scale)), max(1, round(stack.height * scale)), cv2.INTER_AREA)


def resized(stack: LayerStack, width: int, height: int, interpolation: int = cv2.INTER_CUBIC) -> LayerStack:
    """The whole stack on another canvas, resized layer by layer with premultiplied colour."""
    return _each(
        stack,
        lambda pixels, _: _straight(cv2.resize(_premultiplied(pixels), (width, height), interpolation=interpolation)),
        (width, height),
    )


def shifted(stack: LayerStack, right_px: float = 1.0, down_px: float = 1.0) -> LayerStack:
    """All layers moved by the same distance; the border is repeated."""
    move = np.array([[1, 0, right_px], [0, 1, down_px]], np.float64)

    def moved(pixels: Pixels, _: int) -> Pixels:
        size = (pixels.shape[1], pixels.shape[0])
        return _straight(cv2.warpAffine(_premultiplied(pixels), move, size, borderMode=cv2.BORDER_REPLICATE))

    return _each(stack, moved)


def noised(stack: LayerStack, sigma: float = 5.0, seed: int = 0) -> LayerStack:
    """Independent Gaussian noise of `sigma` levels on every colour and alpha."""

    def noise(pixels: Pixels, index: int) -> Pixels:
        levels = np.random.default_rng((seed, index)).normal(0, sigma, pixels.shape)
        return np.clip(np.rint(pixels + levels), 0, 255).astype(np.uint8)

    return _each(stack, noise)


def compressed(stack: LayerStack, quality: int = 75) -> LayerStack:
    """Colour and alpha compressed as JPEG."""

    def through_jpeg(pixels: Pixels, _: int) -> Pixels:
        colour = _jpeg(np.ascontiguousarray(pixels[..., :3]), quality)
        return np.dstack([colour, _jpeg(np.ascontiguousarray(pixels[..., 3]), quality)])

    return _each(stack, through_jpeg)


def recoloured(stack: LayerStack, levels: tuple[int, int, int] = (8, -6, 5)) -> LayerStack:
    """All colours shifted by a constant, as by a lossy autoencoder."""

    def offset(pixels: Pixels, _: int) -> Pixels:
        return np.clip(pixels + np.array((*levels, 0), np.int16), 0, 255).astype(np.uint8)

    return _each(stack, offset)


def _each(
    stack: LayerStack, change: Callable[[Pixels, int], Pixels], size: tuple[int, int] | None = None
) -> LayerStack:
    def changed(layer: Layer, index: int) -> Layer:
        pixels = change(layer.on_canvas(stack.width, stack.height), index)
        return replace(layer, pixels=np.ascontiguousarray(pixels), left=0, top=0)

    width, height = size or (stack.width, stack.height)
    return LayerStack(width, height, tuple(changed(layer, index) for index, layer in enumerate(stack)))


def _premultiplied(pixels: Pixels) -> NDArray[np.float32]:
    values = pixels.astype(np.float32)
    values[..., :3] *= values[..., 3:] / 255
    return values


def _straight(values: NDArray[Any]) -> Pixels:
    colour = values[..., :3] * 255 / np.maximum(values[..., 3:], 0.25)
    return np.clip(np.rint(np.dstack([colour, values[..., 3]])), 0, 255).astype(np.uint8)


def _jpeg(samples: Pixels, quality: int) -> Pixels:
    _, data = cv2.imencode(".jpg", samples, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.uint8)
