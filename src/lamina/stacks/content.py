"""Compares what two layers show: the pixels with alpha > 0, however they are cropped and wherever they are."""

import hashlib
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import Layer, Pixels
from lamina.imaging.finish.resampling import downscale_image

Shift = tuple[int, int]
Window = tuple[slice, slice]
Values = NDArray[np.floating[Any]]

_COARSE_SIDE_PX = 96
_MAX_CORRELATED_PIXELS = 100_000_000
_FULL_MISMATCH = 64.0  # levels of difference at which two pixels have nothing in common


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """A layer cropped to its pixels with alpha > 0, whose colour is 0 elsewhere. `key`: equal for equal pixels.

    `coarse`: premultiplied, reduced so that the longer side of the canvas is `_COARSE_SIDE_PX`. `scale`: that
    reduction, at most 1.
    """

    pixels: Pixels
    left: int
    top: int
    key: str
    coarse: Values
    scale: float

    @property
    def is_empty(self) -> bool:
        return not self.pixels[..., 3].any()

    @property
    def box(self) -> tuple[int, int, int, int]:
        height, width = self.pixels.shape[:2]
        return self.left, self.top, width, height


def content_of(layer: Layer, canvas_side: int) -> Content:
    """The content of a rendered layer. `canvas_side`: the longer side of the canvas."""
    cropped = layer.cropped()
    pixels = np.where(cropped.pixels[..., 3:] > 0, cropped.pixels, np.uint8(0))
    height, width = pixels.shape[:2]
    key = hashlib.sha256(f"{width}x{height}".encode() + pixels.tobytes()).hexdigest()
    scale = min(1.0, _COARSE_SIDE_PX / canvas_side)
    coarse = downscale_image(pixels, max(1, round(width * scale)), max(1, round(height * scale)))
    return Content(pixels, cropped.left, cropped.top, key, coarse, scale)


def likeness(first: Content, second: Content) -> float:
    """0..1: how much two contents have in common, where they are or aligned at a corner or the centre."""
    if first.is_empty or second.is_empty:
        return float(first.is_empty and second.is_empty)
    return max(_agreement(first.coarse, second.coarse, shift) for shift in _coarse_shifts(first, second))


def best_shift(first: Content, second: Content) -> Shift:
    """By how many pixels, right and down, the first is moved to fit the second best; 0, 0 if nothing fits."""
    if first.key == second.key:
        return second.left - first.left, second.top - first.top
    shifts = dict.fromkeys([(0, 0), *_aligned(first.box, second.box), _correlated(first, second)])
    counts = [(_equal_pixels(first, second, shift), -abs(shift[0]) - abs(shift[1]), shift) for shift in shifts]
    return max(counts)[2]


def difference(first: Content, second: Content, shift: Shift) -> tuple[float, int]:
    """The share of visible pixels that differ, and by how many levels at most, when the first is moved by `shift`.

    The colour counts where both are visible, and alpha everywhere.
    """
    windows = _common_windows(first, second, shift)
    one, other = (content.pixels[window] for content, window in zip((first, second), windows, strict=True))
    rests = [_alpha_outside(content, window) for content, window in zip((first, second), windows, strict=True)]
    outside = sum(int(np.count_nonzero(rest)) for rest in rests)
    seen = outside + int(np.count_nonzero((one[..., 3] > 0) | (other[..., 3] > 0)))
    levels = np.abs(one.astype(np.int16) - other)
    levels[..., :3][(one[..., 3] == 0) | (other[..., 3] == 0)] = 0
    differing = outside + int(np.count_nonzero(levels.max(-1, initial=0)))
    return differing / max(1, seen), max(int(part.max(initial=0)) for part in (levels, *rests))


def _aligned(first: tuple[int, int, int, int], second: tuple[int, int, int, int]) -> list[Shift]:
    """The shifts that bring two boxes together at a corner or at the centre."""
    left, top = second[0] - first[0], second[1] - first[1]
    across, down = second[2] - first[2], second[3] - first[3]
    corners = [(left + x, top + y) for x in (0, across) for y in (0, down)]
    return [*corners, (left + across // 2, top + down // 2)]


def _correlated(first: Content, second: Content) -> Shift:
    """The shift by phase correlation of the two, which finds it where both borders have changed.

    Their corners are brought together instead where the smallest box that holds either is too large.
    """
    height = max(first.pixels.shape[0], second.pixels.shape[0])
    width = max(2, first.pixels.shape[1], second.pixels.shape[1])  # OpenCV fails on a single column
    if height * width > _MAX_CORRELATED_PIXELS:
        return second.left - first.left, second.top - first.top
    planes = [np.zeros((height, width), np.float32) for _ in range(2)]
    for plane, content in zip(planes, (first, second), strict=True):
        rows, columns = content.pixels.shape[:2]
        values = content.pixels.astype(np.float32)
        plane[:rows, :columns] = (values[..., :3].sum(-1) + 255) * values[..., 3]
    (right, down), _ = cv2.phaseCorrelate(planes[0], planes[1])
    return second.left - first.left + round(right), second.top - first.top + round(down)


def _equal_pixels(first: Content, second: Content, shift: Shift) -> int:
    windows = _common_windows(first, second, shift)
    one, other = (content.pixels[window] for content, window in zip((first, second), windows, strict=True))
    return int(((one == other).all(-1) & (one[..., 3] > 0)).sum())


def _common_windows(first: Content, second: Content, shift: Shift) -> tuple[Window, Window]:
    """The rows and columns of each that lie on the other when the first is moved; none if they do not meet."""
    left, top = second.left - first.left - shift[0], second.top - first.top - shift[1]
    (height, width), (rows, columns) = first.pixels.shape[:2], second.pixels.shape[:2]
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = max(x0, min(width, left + columns)), max(y0, min(height, top + rows))
    if x0 == x1 or y0 == y1:
        return np.s_[:0, :0], np.s_[:0, :0]
    return np.s_[y0:y1, x0:x1], np.s_[y0 - top : y1 - top, x0 - left : x1 - left]


def _alpha_outside(content: Content, window: Window) -> NDArray[np.uint8]:
    """(height, width): the alpha, which is 0 within the window."""
    alpha = content.pixels[..., 3].copy()
    alpha[window] = 0
    return alpha


def _coarse_shifts(first: Content, second: Content) -> set[Shift]:
    """Where the reduced second may begin, seen from the corner of the reduced first."""
    boxes = [(0, 0, content.coarse.shape[1], content.coarse.shape[0]) for content in (first, second)]
    in_place = round((second.left - first.left) * first.scale), round((second.top - first.top) * first.scale)
    return {in_place, *((-x, -y) for x, y in _aligned(boxes[0], boxes[1]))}


def _agreement(one: Values, other: Values, shift: Shift) -> float:
    """The common part of two reduced pictures, of which the second begins at `shift`, as a share of all they cover."""
    x0, y0 = max(0, shift[0]), max(0, shift[1])
    x1 = min(one.shape[1], shift[0] + other.shape[1])
    y1 = min(one.shape[0], shift[1] + other.shape[0])
    if x0 >= x1 or y0 >= y1:
        return 0.0
    a, b = one[y0:y1, x0:x1], other[y0 - shift[1] : y1 - shift[1], x0 - shift[0] : x1 - shift[0]]
    nearness = np.clip(1 - np.abs(a - b).max(-1) / _FULL_MISMATCH, 0, 1)
    common = float((np.minimum(a[..., 3], b[..., 3]) * nearness).sum())
    covered = float(one[..., 3].sum() + other[..., 3].sum() - np.minimum(a[..., 3], b[..., 3]).sum())
    return common / max(covered, 1e-6)
