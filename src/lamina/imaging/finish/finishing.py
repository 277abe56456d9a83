"""Takes a raw stack through the finish: calibrate once, then resample, matte and make exact, tile by tile."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import BlendMode, Layer, LayerStack, Pixels, TextLine
from lamina.imaging.finish.calibration import Calibration, calibrated
from lamina.imaging.finish.estimates import NOISY
from lamina.imaging.finish.exactness import exact_layers
from lamina.imaging.finish.matte import REACH_PX, matted
from lamina.imaging.finish.resampling import Placement, Tile, Values, no_larger_than, sampled, straight
from lamina.imaging.metrics import recomposition_error
from lamina.imaging.strips import strip_of, strips

_TILE_PX = 512
_CHECK_PIXELS = 1 << 16  # small strips, so that a stack that is not exact is known to be so at once


def finish(raw: LayerStack, source: Pixels) -> LayerStack:
    """The layers at the picture's own size, so that their composite is the picture to within 1/255.

    `raw`: layers of any engine, of any accuracy, on a canvas of any size that shows the whole picture; `source`:
    (height, width, 4) RGBA. The composite of the result (`lamina.core.composite`) differs from `source` by at most
    one level in alpha everywhere, and in colour where the source's alpha is above 0.

    Layers keep their number, order, name, kind, flags and text (moved along) and come back cropped. Alpha follows the
    picture's edges; colour is the picture's where a layer is seen, and the engine's where it is hidden. Opacity is
    worked into alpha. A hidden layer is only resized. A stack that is exact already keeps its pixels. The result does
    not depend on chance or on the number of processors; memory is bounded but for the layers themselves.
    Raises `LaminaError` stack_invalid: no layer is shown, or one has a blend mode.
    """
    _check(raw, source)
    height, width = source.shape[:2]
    if _is_exact(raw, source):
        return LayerStack(width, height, tuple(_clipped(layer, width, height) for layer in raw))
    raw = no_larger_than(raw, width, height)
    calibration = calibrated(raw, source)
    finished = _canvases(len(raw), source)
    for tile in _tiles(width, height):
        _finish_tile(raw, source, calibration, tile, finished)
    placed = zip(raw, finished, strict=True)
    return LayerStack(width, height, tuple(_placed(layer, pixels, calibration.placement) for layer, pixels in placed))


def _check(raw: LayerStack, source: Pixels) -> None:
    if source.ndim != 3 or source.shape[2] != 4 or source.dtype != np.uint8:
        raise LaminaError(ErrorCode.STACK_INVALID, "The picture is not 8-bit RGBA.", "Give (height, width, 4) uint8.")
    if 0 in source.shape:
        raise LaminaError(ErrorCode.STACK_INVALID, "The picture has no pixels.", "Give one of at least 1 x 1 pixel.")
    if all(layer.is_hidden for layer in raw):
        raise LaminaError(ErrorCode.STACK_INVALID, "The stack shows no layer.", "Give at least one that is not hidden.")
    for layer in raw:
        if layer.blend is not BlendMode.NORMAL:
            raise LaminaError(
                ErrorCode.STACK_INVALID,
                f"Layer {layer.name!r} has the blend mode {layer.blend}, and only normal layers can be finished.",
                "Give layers without a blend mode.",
            )


def _is_exact(raw: LayerStack, source: Pixels) -> bool:
    height, width = source.shape[:2]
    return (raw.width, raw.height) == (width, height) and all(
        recomposition_error(strip_of(raw, top, bottom), source[top:bottom]).max_abs_error < 1.5 / 255
        for top, bottom in strips(width, height, _CHECK_PIXELS)
    )


def _clipped(layer: Layer, width: int, height: int) -> Layer:
    x, y, across, down = layer.box
    if x < 0 or y < 0 or x + across > width or y + down > height:
        layer = replace(layer, pixels=layer.on_canvas(width, height), left=0, top=0)
    return layer.cropped()


def _canvases(count: int, source: Pixels) -> list[Pixels]:
    """Clear canvases, of which the system allots only the parts that are written to."""
    return [np.zeros(source.shape, np.uint8) for _ in range(count)]


def _tiles(width: int, height: int) -> Iterator[Tile]:
    for top in range(0, height, _TILE_PX):
        for left in range(0, width, _TILE_PX):
            yield Tile(top, min(height, top + _TILE_PX), left, min(width, left + _TILE_PX))


def _finish_tile(raw: LayerStack, source: Pixels, calibration: Calibration, tile: Tile, finished: list[Pixels]) -> None:
    """Writes every layer's part of one tile into `finished`."""
    height, width = source.shape[:2]
    outer = tile.grown(REACH_PX, height, width)
    inner = tile.within(outer)
    planes: dict[int, Values] = {}
    for index, layer in enumerate(raw):
        is_sharp = calibration.noises[index] < NOISY  # cubic interpolation would sharpen noise
        plane = sampled(layer, raw, calibration.placement, outer, is_sharp)
        if plane is None:
            continue
        if layer.is_hidden:
            finished[index][tile.slices] = straight(plane[inner])
        else:
            planes[index] = plane
    if not planes:
        bottom = next(index for index, layer in enumerate(raw) if not layer.is_hidden)
        planes[bottom] = np.zeros((outer.bottom - outer.top, outer.right - outer.left, 4), np.float32)
    part = _finished_part(list(planes), list(planes.values()), source, calibration, tile, outer)
    for index, pixels in zip(planes, part, strict=True):
        if pixels[..., 3].any():
            finished[index][tile.slices] = pixels


def _finished_part(
    indices: list[int], planes: list[Values], source: Pixels, calibration: Calibration, tile: Tile, outer: Tile
) -> Pixels:
    """(layers, rows, columns, 4): the shown layers that reach into the tile."""
    noises = [calibration.noises[index] for index in indices]
    offsets = calibration.offsets[indices]
    enlargement = calibration.placement.enlargement
    alphas, colours = matted(np.stack(planes), source[outer.slices], enlargement, offsets, noises)
    rows, columns = tile.within(outer)
    return exact_layers(alphas[:, rows, columns], colours[:, rows, columns], source[tile.slices])


def _placed(layer: Layer, pixels: Pixels, placement: Placement) -> Layer:
    text = tuple(_placed_line(line, placement) for line in layer.text)
    return replace(layer, pixels=pixels, left=0, top=0, text=text).cropped()


def _placed_line(line: TextLine, placement: Placement) -> TextLine:
    across, down = placement.scale_x, placement.scale_y
    corners = [((x - placement.shift_x) / across, (y - placement.shift_y) / down) for x, y in line.quad]
    return replace(line, quad=(corners[0], corners[1], corners[2], corners[3]), size_px=line.size_px / down)
