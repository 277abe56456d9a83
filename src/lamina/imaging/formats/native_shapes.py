"""Recognizes layers that are simple shapes, so that vector formats can contain the shapes themselves."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import Layer, LayerStack, Pixels
from lamina.core.text_styles import Colour, ColourGradient

Values = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

_MIN_SIDE_PX = 6
_LEVELS = 1  # the largest difference of colour and alpha inside
_OPAQUE_SHARE = 0.98  # of the highest alpha: pixels that are entirely covered
_MIN_SEEN_SHARE = 0.3  # of the shape: less of it, and its colours cannot be checked
_MAX_EDGE, _MAX_MEAN_EDGE = 0.5, 0.12  # difference of the coverage of pixels on the outline: of one, and of all
_SAMPLES = 4  # per pixel and direction
_MIN_RADIUS_PX = 0.75
_COVERING_ALPHA = 8
_MARGIN_PX = 5  # around what covers a shape: there its colour is a soft edge's, or was filled in
_MIN_SLOPE_LEVELS = 2.0  # over the whole shape: less is one colour


class ShapeKind(StrEnum):
    """The shapes that are recognized; their sides are horizontal and vertical."""

    ELLIPSE = "ellipse"
    RECTANGLE = "rectangle"


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeShape:
    """A filled shape, in pixels of the canvas.

    `radius`: of the corners of a rectangle. `opacity`: 0..255, without that of the layer. `gradient`: instead of
    `colour`; it runs along a line through the middle of the box, and ends where its corners are.
    """

    kind: ShapeKind
    left: float
    top: float
    width: float
    height: float
    radius: float
    colour: Colour
    gradient: ColourGradient | None
    opacity: int


def native_shapes(stack: LayerStack) -> dict[int, NativeShape]:
    """The layers that are shapes, by their index: most are not.

    A shape shows the same as its layer wherever no other layer covers it: to within one level inside, and but for
    antialiasing on its outline.
    """
    covered = np.zeros((stack.height, stack.width), bool)
    shapes: dict[int, NativeShape] = {}
    for index in range(len(stack) - 1, -1, -1):
        layer = stack[index].cropped()
        shape = native_shape(layer, _window(_grown(covered), layer))
        if shape is not None and not layer.text:
            shapes[index] = shape
        if not layer.is_hidden:
            _cover(covered, layer)
    return shapes


def native_shape(layer: Layer, covered: Mask | None = None) -> NativeShape | None:
    """The shape of a layer that is cropped to its pixels. `covered` (h, w): where other layers lie on it."""
    if min(layer.width, layer.height) < _MIN_SIDE_PX:
        return None
    alpha = layer.pixels[..., 3].astype(np.float32)
    is_inside = alpha >= _OPAQUE_SHARE * float(alpha.max())
    opacity = float(np.median(alpha[is_inside]))
    seen = is_inside if covered is None else is_inside & ~covered
    if np.count_nonzero(seen) < _MIN_SEEN_SHARE * np.count_nonzero(is_inside):
        return None
    if np.abs(alpha[seen] - opacity).max() > _LEVELS:
        return None
    coverage = (alpha / opacity).clip(0, 1)
    left, right = _extent(coverage)
    top, bottom = _extent(coverage.T)
    if min(right - left, bottom - top) < _MIN_SIDE_PX - 2:
        return None
    box = left, top, right, bottom
    fill = _fill(layer.pixels, seen, box)
    if fill is None:
        return None
    missing = (right - left) * (bottom - top) - float(coverage.sum())
    radius = min(math.sqrt(max(0.0, missing) / (4 - math.pi)), (right - left) / 2, (bottom - top) / 2)
    radius = radius if radius >= _MIN_RADIUS_PX else 0.0
    errors = {kind: _error(coverage, _drawn(kind, box, radius, coverage.shape)) for kind in ShapeKind}
    kind = min(errors, key=errors.__getitem__)  # the first one of equals: a disc is not a rectangle
    if errors[kind] > _MAX_MEAN_EDGE:
        return None
    return NativeShape(
        kind=kind,
        left=layer.left + left,
        top=layer.top + top,
        width=right - left,
        height=bottom - top,
        radius=radius if kind is ShapeKind.RECTANGLE else 0.0,
        colour=fill.start,
        gradient=fill if fill.start != fill.end else None,
        opacity=round(opacity),
    )


def _window(covered: Mask, layer: Layer) -> Mask:
    """(h, w) of the layer; what is outside the canvas counts as covered."""
    window = np.ones((layer.height, layer.width), bool)
    rows, columns, own_rows, own_columns = _overlap(covered, layer)
    window[own_rows, own_columns] = covered[rows, columns]
    return window


def _cover(covered: Mask, layer: Layer) -> None:
    rows, columns, own_rows, own_columns = _overlap(covered, layer)
    covered[rows, columns] |= layer.pixels[own_rows, own_columns, 3] > _COVERING_ALPHA


def _overlap(canvas: Mask, layer: Layer) -> tuple[slice, slice, slice, slice]:
    """The rows and columns of the canvas that the layer covers, and those of the layer."""
    spans: list[slice] = []
    for start, side, limit in ((layer.top, layer.height, canvas.shape[0]), (layer.left, layer.width, canvas.shape[1])):
        begin = min(max(start, 0), limit)
        spans.append(slice(begin, max(begin, min(start + side, limit))))
    rows, columns = spans
    return (
        rows,
        columns,
        slice(rows.start - layer.top, rows.stop - layer.top),
        slice(columns.start - layer.left, columns.stop - layer.left),
    )


def _grown(mask: Mask) -> Mask:
    kernel = np.ones((2 * _MARGIN_PX + 1,) * 2, np.uint8)
    return np.asarray(cv2.dilate(mask.view(np.uint8), kernel)).view(np.bool_)


def _fill(pixels: Pixels, seen: Mask, box: Sequence[float]) -> ColourGradient | None:
    """One colour, or a linear gradient, to within one level where the shape is seen; None if it is neither."""
    left, top, right, bottom = box
    y, x = np.nonzero(seen)
    colours = pixels[y, x, :3].astype(np.float64)
    across, down = x + 0.5 - (left + right) / 2, y + 0.5 - (top + bottom) / 2
    terms = np.stack([np.ones(len(x)), across, down], 1)
    step = max(1, len(x) // 20_000)
    plane = np.linalg.lstsq(terms[::step], colours[::step], rcond=None)[0]
    # All channels change in one direction: that of the first singular vector.
    slopes, strengths, directions = np.linalg.svd(plane[1:])
    right_part, down_part = slopes[:, 0] * (1 if slopes[np.argmax(np.abs(slopes[:, 0])), 0] > 0 else -1)
    reach = (abs((right - left) * right_part) + abs((bottom - top) * down_part)) / 2
    if strengths[0] * 2 * reach * float(np.abs(directions[0]).max()) < _MIN_SLOPE_LEVELS:
        start = end = np.round(np.median(colours, axis=0))
    else:
        along = plane[1:].T @ np.array([right_part, down_part]) * reach
        start, end = np.round(plane[0] - along).clip(0, 255), np.round(plane[0] + along).clip(0, 255)
    share = (across * right_part + down * down_part) / max(reach, 1e-9) / 2 + 0.5
    drawn = np.round(start + share[:, None] * (end - start))
    if np.abs(drawn - colours).max() > _LEVELS:
        return None
    return ColourGradient(
        start=_colour(start), end=_colour(end), degrees=math.degrees(math.atan2(down_part, right_part))
    )


def _colour(values: Values) -> Colour:
    red, green, blue = (int(value) for value in values)
    return red, green, blue


def _extent(coverage: Values) -> tuple[float, float]:
    """Where a solid shape begins and ends in its middle rows, to a fraction of a pixel."""
    height, width = coverage.shape
    rows = coverage[(height - 1) // 2 : height // 2 + 1].clip(0, 1)
    middle = width // 2
    return middle - float(rows[:, :middle].sum(1).mean()), middle + float(rows[:, middle:].sum(1).mean())


def _drawn(kind: ShapeKind, box: tuple[float, float, float, float], radius: float, shape: tuple[int, ...]) -> Values:
    """(h, w) in 0..1: the coverage of each pixel."""
    left, top, right, bottom = box
    y = (np.arange(shape[0] * _SAMPLES) + 0.5)[:, None] / _SAMPLES - (top + bottom) / 2
    x = (np.arange(shape[1] * _SAMPLES) + 0.5)[None] / _SAMPLES - (left + right) / 2
    half_width, half_height = (right - left) / 2, (bottom - top) / 2
    if kind is ShapeKind.ELLIPSE:
        is_inside = (x / half_width) ** 2 + (y / half_height) ** 2 <= 1
    else:
        across, down = np.abs(x) - half_width + radius, np.abs(y) - half_height + radius
        is_inside = np.hypot(np.maximum(across, 0), np.maximum(down, 0)) <= radius
        if radius == 0:
            is_inside = (across <= 0) & (down <= 0)
    return is_inside.reshape(shape[0], _SAMPLES, shape[1], _SAMPLES).mean((1, 3))


def _error(coverage: Values, drawn: Values) -> float:
    """The mean difference of the pixels on the outline, to two digits; infinite if the shapes are not the same."""
    difference = np.abs(coverage - drawn)
    square = np.ones((3, 3), np.uint8)
    near = cv2.morphologyEx(np.pad((drawn >= 0.5).astype(np.uint8), 1), cv2.MORPH_GRADIENT, square)[1:-1, 1:-1]
    is_outline = np.asarray(near) > 0
    away, outline = difference[~is_outline], difference[is_outline]
    if away.max(initial=0) > 1 - _OPAQUE_SHARE + _LEVELS / 255 or outline.max(initial=0) > _MAX_EDGE:
        return math.inf
    return round(float(outline.mean()), 2) if outline.size else 0.0
