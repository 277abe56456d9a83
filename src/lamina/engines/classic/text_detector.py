"""Finds lines of text in an image with the detection network, by differentiable binarization.

The method is that of Liao et al., "Real-time Scene Text Detection with Differentiable Binarization", 2020. The network
comes with RapidOCR; RapidOCR's own code around it is not used, because its import takes a second.
"""

import threading
from functools import cache
from typing import Any

import cv2
import numpy as np
import pyclipper
from numpy.typing import NDArray

from lamina.engines.classic.parallel import THREADS
from lamina.engines.classic.raster import Rgb
from lamina.engines.ocr_models import DETECTION_MODEL, ocr_session

_SIDE_PX = 1024  # smaller images lose 12 px text; the time grows with the square
_STRIDE_PX = 32  # sides of the network's input are multiples of it
_MIN_SIDE_PX, _MAX_ASPECT_RATIO = 30, 8.0  # smaller images are enlarged, thinner ones get black margins
_TEXT = 0.3  # from which probability a pixel belongs to text
_MIN_SCORE = 0.4  # below the usual .5, for lines that touch a drawing; others are rejected later
_UNCLIP = 1.6  # the network marks the core of a line, which area / perimeter times this encloses
_MAX_LINES = 1000
_MIN_CORE_PX, _MIN_LINE_PX = 3, 5  # shorter side, in the network's input
_MIN_PX = 3  # the sides of a line in the image exceed this
# Rounded as in RapidOCR.
_LEVELS = ((np.arange(256, dtype=np.float32) * (1 / 255) - np.float64(0.5)) / 0.5).astype(np.float32)

_clipper: Any = pyclipper  # has no type information
_lock = threading.Lock()

_Corners = NDArray[np.float32]


def detect_lines(rgb: Rgb) -> list[tuple[_Corners, float]]:
    """The corners (4, 2) and the detection score 0..1 of every text line in `rgb` (height, width, 3).

    The corners start at the top left and go clockwise; the lines are ordered from top to bottom.
    """
    image, margin = _with_margins(_enlarged(rgb))
    with _lock:
        probability = np.asarray(_session().run(None, {_session().get_inputs()[0].name: _network_input(image)})[0])
    lines: list[tuple[_Corners, float]] = []
    scale = np.array(rgb.shape[1::-1]) / (image.shape[1], image.shape[0] - 2 * margin)
    for corners, score in _lines(probability[0, 0], image.shape[1], image.shape[0]):
        placed = np.clip((corners - (0, margin)) * scale, 0, rgb.shape[1::-1])
        lines.append((placed.astype(np.float32), score))
    return sorted(lines, key=lambda line: (float(line[0][0, 1]), float(line[0][0, 0])))


@cache
def _session() -> Any:
    return ocr_session(DETECTION_MODEL, THREADS, keeps_memory=True)


def _enlarged(rgb: Rgb) -> Rgb:
    height, width = rgb.shape[:2]
    scale = _MIN_SIDE_PX / min(height, width)
    if scale <= 1:
        return rgb
    return np.asarray(cv2.resize(rgb, (_multiple(width * scale), _multiple(height * scale))), np.uint8)


def _with_margins(rgb: Rgb) -> tuple[Rgb, int]:
    """The image with black above and below if it is a strip, and the height of each margin in pixels."""
    height, width = rgb.shape[:2]
    if height > _MIN_SIDE_PX and width <= _MAX_ASPECT_RATIO * height:
        return rgb, 0
    margin = abs(2 * max(int(width / _MAX_ASPECT_RATIO), _MIN_SIDE_PX) - height) // 2
    return np.pad(rgb, ((margin, margin), (0, 0), (0, 0))), margin


def _network_input(rgb: Rgb) -> NDArray[np.float32]:
    """(1, 3, h, w) with channels in the order blue, green, red, -1..1."""
    height, width = rgb.shape[:2]
    scale = min(1.0, _SIDE_PX / max(height, width))
    resized = cv2.resize(rgb, (_multiple(width * scale), _multiple(height * scale)))
    planes = [cv2.LUT(resized[..., channel], _LEVELS) for channel in (2, 1, 0)]
    return np.asarray(np.stack(planes)[None], np.float32)


def _multiple(px: float) -> int:
    return max(_STRIDE_PX, round(int(px) / _STRIDE_PX) * _STRIDE_PX)


def _lines(probability: NDArray[np.float32], width: int, height: int) -> list[tuple[_Corners, float]]:
    """The lines in an image of that size. `probability` (h, w): that a pixel belongs to the core of a line."""
    text = cv2.dilate((probability > _TEXT).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(text, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    scale = np.array([width, height]) / text.shape[::-1]
    lines: list[tuple[_Corners, float]] = []
    for contour in contours[:_MAX_LINES]:
        core, core_px = _rectangle(contour)
        if core_px < _MIN_CORE_PX or (score := _mean_inside(probability, core)) < _MIN_SCORE:
            continue
        line, line_px = _rectangle(_unclipped(core))
        if line_px < _MIN_LINE_PX:
            continue
        limits = np.array([width, height])
        corners = np.clip(_clockwise(np.clip(np.round(line * scale), 0, limits)), 0, limits - 1)
        sides = np.linalg.norm(corners[0] - corners[1]), np.linalg.norm(corners[0] - corners[3])
        if min(int(side) for side in sides) > _MIN_PX:
            lines.append((corners.astype(np.float32), score))
    return lines


def _rectangle(points: NDArray[Any]) -> tuple[_Corners, float]:
    """The corners of the smallest rectangle around points, in order around it, and its shorter side."""
    rectangle = cv2.minAreaRect(points)
    return _clockwise(np.asarray(cv2.boxPoints(rectangle), np.float32)), min(rectangle[1])


def _clockwise(corners: NDArray[Any]) -> NDArray[Any]:
    """Four corners from the top left, clockwise."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left, right = (pair[np.argsort(pair[:, 1], kind="stable")] for pair in (by_x[:2], by_x[2:]))
    return np.array([left[0], right[0], right[1], left[1]])


def _mean_inside(values: NDArray[np.float32], corners: _Corners) -> float:
    height, width = values.shape
    left, top = (np.clip(np.floor(corners.min(0)), 0, (width - 1, height - 1))).astype(int)
    right, bottom = (np.clip(np.ceil(corners.max(0)), 0, (width - 1, height - 1))).astype(int)
    window = values[top : bottom + 1, left : right + 1]
    inside = np.zeros(window.shape, np.uint8)
    cv2.fillPoly(inside, [(corners - (left, top)).astype(np.int32)], 1)
    return float(cv2.mean(window, inside)[0])


def _unclipped(core: _Corners) -> NDArray[np.int32]:
    area, perimeter = cv2.contourArea(core), cv2.arcLength(core, closed=True)
    offset = _clipper.PyclipperOffset()
    offset.AddPath(core, _clipper.JT_ROUND, _clipper.ET_CLOSEDPOLYGON)
    return np.array(offset.Execute(area * _UNCLIP / perimeter), np.int32).reshape(-1, 1, 2)
