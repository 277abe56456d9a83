"""Finishes raw stacks: calibrates once, then resamples, refines alpha and corrects the composite tile by tile."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import BlendMode, Layer, LayerStack, Pixels, TextLine
from lamina.imaging.finish.calibration import Calibration, calibrate
from lamina.imaging.finish.estimates import NOISY
from lamina.imaging.finish.exactness import exact_layers
from lamina.imaging.finish.matte import REACH_PX, estimate_mattes
from lamina.imaging.finish.resampling import Placement, Tile, Values, limit_size, resample_layer, unpremultiply
from lamina.imaging.metrics import recomposition_error
from lamina.imaging.strips import strip_of, strips

TILE_PX = 512
_CHECK_PIXELS = 1 << 16  # small strips, so that the check of an inexact stack ends early


def finish(raw: LayerStack, source: Pixels) -> LayerStack:
    """The layers at the size of the source image, with a composite that equals it to within 1/255.

    `raw`: layers of any engine and accuracy, on a canvas of any size that shows the whole image; `source`:
    (height, width, 4) RGBA. The composite of the result (`lamina.core.composite`) differs from `source` by at most
    one level in alpha everywhere, and in colour where the source's alpha is above 0.

    Layers keep their number, order, name, kind, flags and text (scaled accordingly) and are cropped. Alpha follows the
    edges of the image; colours come from the image where a layer is visible, and from the engine where it is covered.
    Opacity is applied to alpha. Hidden layers are only resized. An exact stack keeps its pixels. The result is
    deterministic; memory is bounded except for the layers themselves.
    Raises `LaminaError` stack_invalid: all layers are hidden, or a layer has a blend mode.
    """
    _check(raw, source)
    height, width = source.shape[:2]
    if _is_exact(raw, source):
        return LayerStack(width, height, tuple(_clip_to_canvas(layer, width, height) for layer in raw))
    raw = limit_size(raw, width, height)
    calibration = calibrate(raw, source)
    finished = _empty_canvases(len(raw), source)
    for tile in _tiles(width, height):
        _finish_tile(raw, source, calibration, tile, finished)
    placed = zip(raw, finished, strict=True)
    return LayerStack(
        width, height, tuple(_place_layer(layer, pixels, calibration.placement) for layer, pixels in placed)
    )


def _check(raw: LayerStack, source: Pixels) -> None:
    if source.ndim != 3 or source.shape[2] != 4 or source.dtype != np.uint8:
        raise LaminaError(ErrorCode.STACK_INVALID, "The image is not 8-bit RGBA.", "Pass (height, width, 4) uint8.")
    if 0 in source.shape:
        raise LaminaError(ErrorCode.STACK_INVALID, "The image has no pixels.", "Pass an image of at least 1 x 1 pixel.")
    if not any(layer.is_visible for layer in raw):
        raise LaminaError(ErrorCode.STACK_INVALID, "All layers are hidden.", "Pass a stack with a visible layer.")
    for layer in raw:
        if layer.blend is not BlendMode.NORMAL:
            raise LaminaError(
                ErrorCode.STACK_INVALID,
                f"Layer {layer.name!r} has the blend mode {layer.blend}; only the normal mode is supported here.",
                "Pass layers in normal mode.",
            )


def _is_exact(raw: LayerStack, source: Pixels) -> bool:
    height, width = source.shape[:2]
    return (raw.width, raw.height) == (width, height) and all(
        recomposition_error(strip_of(raw, top, bottom), source[top:bottom]).max_abs_error < 1.5 / 255
        for top, bottom in strips(width, height, _CHECK_PIXELS)
    )


def _clip_to_canvas(layer: Layer, width: int, height: int) -> Layer:
    x, y, across, down = layer.box
    if x < 0 or y < 0 or x + across > width or y + down > height:
        layer = replace(layer, pixels=layer.on_canvas(width, height), left=0, top=0)
    return layer.cropped()


def _empty_canvases(count: int, source: Pixels) -> list[Pixels]:
    """Transparent canvases; the operating system allocates only the pages that are written to."""
    return [np.zeros(source.shape, np.uint8) for _ in range(count)]


def _tiles(width: int, height: int) -> Iterator[Tile]:
    for top in range(0, height, TILE_PX):
        for left in range(0, width, TILE_PX):
            yield Tile(top, min(height, top + TILE_PX), left, min(width, left + TILE_PX))


def _finish_tile(raw: LayerStack, source: Pixels, calibration: Calibration, tile: Tile, finished: list[Pixels]) -> None:
    """Writes one tile of every layer into `finished`."""
    height, width = source.shape[:2]
    outer = tile.expanded(REACH_PX, height, width)
    inner = tile.slices_in(outer)
    planes: dict[int, Values] = {}
    for index, layer in enumerate(raw):
        is_sharp = calibration.noises[index] < NOISY  # cubic interpolation amplifies noise
        plane = resample_layer(layer, raw, calibration.placement, outer, is_sharp=is_sharp)
        if plane is None:
            continue
        if not layer.is_visible:
            finished[index][tile.slices] = unpremultiply(plane[inner])
        else:
            planes[index] = plane
    if not planes:
        bottom = next(index for index, layer in enumerate(raw) if layer.is_visible)
        planes[bottom] = np.zeros((outer.bottom - outer.top, outer.right - outer.left, 4), np.float32)
    layers = _finish_layers(planes, source, calibration, tile=tile, outer=outer)
    for index, pixels in zip(planes, layers, strict=True):
        if pixels[..., 3].any():
            finished[index][tile.slices] = pixels


def _finish_layers(
    planes: Mapping[int, Values], source: Pixels, calibration: Calibration, *, tile: Tile, outer: Tile
) -> Pixels:
    """(layers, rows, columns, 4): one tile of the visible layers. `planes`: the outer tile by index of the layer."""
    indices = list(planes)
    noises = [calibration.noises[index] for index in indices]
    offsets = calibration.offsets[indices]
    enlargement = calibration.placement.enlargement
    alphas, colours = estimate_mattes(
        np.stack(list(planes.values())), source[outer.slices], enlargement=enlargement, offsets=offsets, noises=noises
    )
    rows, columns = tile.slices_in(outer)
    return exact_layers(alphas[:, rows, columns], colours[:, rows, columns], source[tile.slices])


def _place_layer(layer: Layer, pixels: Pixels, placement: Placement) -> Layer:
    text = tuple(_place_line(line, placement) for line in layer.text)
    style = layer.style and layer.style.scaled(1 / placement.scale_y)
    return replace(layer, pixels=pixels, left=0, top=0, text=text, style=style).cropped()


def _place_line(line: TextLine, placement: Placement) -> TextLine:
    across, down = placement.scale_x, placement.scale_y
    corners = [((x - placement.shift_x) / across, (y - placement.shift_y) / down) for x, y in line.quad]
    return replace(line, quad=(corners[0], corners[1], corners[2], corners[3]), size_px=line.size_px / down)
