"""Rectifies the part of a layer that shows lines of text, so that they are horizontal and not larger than needed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import Layer, Quad
from lamina.engines.classic.raster import Values
from lamina.typesetting.frames import LineBox, TextFrame

_EM_PX = 96  # larger text is reduced to this size: edges are located to a fraction of a pixel
_MAX_PIXELS = 1_000_000  # of one block of text
_MARGIN = 0.6  # of the height of the lines, for outlines and shadows
_MAX_TURN, _STEP = 5.0, 0.25  # degrees around the direction of the OCR that are tried
_AS_GOOD = 0.9  # of the contrast of the rows: then a multiple of 90 degrees is preferred
_ROWS, _MAX_POINTS = 48, 60_000  # rows of pixels in a line that are enough to compare them, and pixels of them
_SOLID = 128


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class UprightText:
    """`pixels`: (h, w, 4), premultiplied, 0..1. `scale`: its pixels per canvas pixel. `left`, `top`: in the frame."""

    pixels: Values
    scale: float
    left: float
    top: float

    @property
    def alpha(self) -> Values:
        """(h, w): 0..1."""
        return self.pixels[..., 3]

    def to_pixels(self, box: LineBox) -> LineBox:
        """A box of the frame in pixels of the rectified part."""
        return LineBox(
            left=(box.left - self.left) * self.scale,
            right=(box.right - self.left) * self.scale,
            top=(box.top - self.top) * self.scale,
            bottom=(box.bottom - self.top) * self.scale,
        )

    def to_frame(self, box: LineBox) -> LineBox:
        """The inverse of `to_pixels`."""
        return LineBox(
            left=box.left / self.scale + self.left,
            right=box.right / self.scale + self.left,
            top=box.top / self.scale + self.top,
            bottom=box.bottom / self.scale + self.top,
        )


def rectify(layer: Layer, frame: TextFrame, boxes: Sequence[LineBox], size_px: float) -> UprightText:
    """The part of a layer around lines of text of about the em size `size_px`, rotated upright."""
    margin = _MARGIN * max(box.height for box in boxes) + 3
    left, top = math.floor(min(box.left for box in boxes) - margin), math.floor(min(box.top for box in boxes) - margin)
    right, bottom = max(box.right for box in boxes) + margin, max(box.bottom for box in boxes) + margin
    scale = min(1.0, _EM_PX / max(1.0, size_px), math.sqrt(_MAX_PIXELS / max(1.0, (right - left) * (bottom - top))))
    width, height = math.ceil((right - left) * scale), math.ceil((bottom - top) * scale)
    crop, (x, y) = _crop(layer, frame, (left, top, right, bottom))
    values = crop.astype(np.float32) * np.float32(1 / 255)
    values[..., :3] *= values[..., 3:]
    if scale < 1:
        size = max(1, round(values.shape[1] * scale)), max(1, round(values.shape[0] * scale))
        values = np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)
    across, down = values.shape[1] / crop.shape[1], values.shape[0] / crop.shape[0]
    # From a pixel of the result to the frame, to the canvas, to the reduced crop; pixel centres are at halves.
    turn = math.radians(frame.degrees)
    cosine, sine = math.cos(turn) / scale, math.sin(turn) / scale
    origin_x, origin_y = frame.canvas_point(left + 0.5 / scale, top + 0.5 / scale)
    matrix = np.array(
        [
            [cosine * across, -sine * across, (origin_x - x) * across - 0.5],
            [sine * down, cosine * down, (origin_y - y) * down - 0.5],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    upright = cv2.warpAffine(values, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_CONSTANT)
    return UprightText(pixels=np.asarray(upright, np.float32), scale=scale, left=left, top=top)


def _crop(
    layer: Layer, frame: TextFrame, edges: tuple[float, float, float, float]
) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """The layer's pixels in an area of the frame, and the canvas position of the first; at least one pixel."""
    left, top, right, bottom = edges
    corners = frame.quad(LineBox(left=left, right=right, top=top, bottom=bottom))
    xs, ys = zip(*corners, strict=True)
    x0, x1 = (min(max(math.floor(edge) - layer.left, 0), layer.width) for edge in (min(xs) - 1, max(xs) + 2))
    y0, y1 = (min(max(math.floor(edge) - layer.top, 0), layer.height) for edge in (min(ys) - 1, max(ys) + 2))
    x0, y0 = min(x0, layer.width - 1), min(y0, layer.height - 1)
    return layer.pixels[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)], (layer.left + x0, layer.top + y0)


def refined_direction(layer: Layer, quads: Sequence[Quad], degrees: float) -> float:
    """The clockwise rotation of lines of text of about this rotation: that in which their rows contrast most."""
    points = _points(layer, quads)
    if len(points) < 50:
        return degrees
    candidates = np.arange(degrees - _MAX_TURN, degrees + _MAX_TURN + 1e-6, _STEP)
    straight = 90.0 * round(degrees / 90)
    is_near = abs(straight - degrees) <= _MAX_TURN
    contrasts = [_row_contrast(points, turn) for turn in candidates]
    best = int(np.argmax(contrasts))
    if is_near and _row_contrast(points, straight) >= _AS_GOOD * contrasts[best]:
        return straight
    if not 0 < best < len(candidates) - 1:
        return degrees
    before, peak, after = contrasts[best - 1 : best + 2]
    bend = before - 2 * peak + after
    return float(candidates[best] + (_STEP * 0.5 * (before - after) / bend if bend < 0 else 0.0))


def _points(layer: Layer, quads: Sequence[Quad]) -> NDArray[np.float64]:
    """(n, 2): x and y of solid pixels around the lines, on a grid that large text does not need finer."""
    corners = np.array(quads, float).reshape(-1, 2) - (layer.left, layer.top)
    x0, y0 = np.clip(np.floor(corners.min(0)), 0, None).astype(int)
    x1, y1 = np.maximum(np.ceil(corners.max(0)).astype(int) + 1, (x0, y0))
    height_px = float(np.median([math.dist(quad[0], quad[3]) for quad in quads]))
    step = max(1, int(height_px / _ROWS))
    while True:
        rows, columns = np.nonzero(layer.pixels[y0:y1:step, x0:x1:step, 3] >= _SOLID)
        if len(rows) <= _MAX_POINTS:
            return np.column_stack([columns, rows]).astype(np.float64)
        step += 1


def _row_contrast(points: NDArray[np.float64], degrees: float) -> float:
    """How much the number of pixels differs from row to row if the text has this direction."""
    across = points[:, 1] * math.cos(math.radians(degrees)) - points[:, 0] * math.sin(math.radians(degrees))
    counts = np.bincount(np.round(across - across.min()).astype(np.int64)).astype(np.float64)
    return float((np.diff(counts, prepend=0, append=0) ** 2).sum())
