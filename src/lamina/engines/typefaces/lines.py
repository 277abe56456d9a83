"""Cuts a line of text out of a layer: upright, not larger than needed, and without outlines and shadows."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import Layer, Point, TextLine
from lamina.engines.typefaces.shapes import Coverage
from lamina.typesetting.frames import direction_of

_MAX_HEIGHT_PX = 80  # larger lines are reduced to this height: they show no more of the typeface
_MAX_LENGTH = 60  # of a line in heights: a longer one is cut off
_MARGIN_PX = 2
_STRAIGHT_DEGREES = 0.3
_OTHER_LEVELS = 60.0  # distance in RGB from which on a pixel is not of the letters' faces
_MIN_OTHER = 0.06  # share of a line from which on something else than faces is in it
_MIN_ALPHA, _SOLID = 0.04, 0.5
_AS_DEEP = 0.6  # depth of pixels of another colour in the letters: deeper ones belong to a gradient

Pixels = NDArray[np.float32]


def line_coverage(layer: Layer, line: TextLine) -> Coverage | None:
    """(h, w): the coverage of the faces of a line's letters; None if the line is not in the layer."""
    corners = [(x - layer.left, y - layer.top) for x, y in line.quad]
    height_px = (math.dist(corners[0], corners[3]) + math.dist(corners[1], corners[2])) / 2
    width_px = min((math.dist(corners[0], corners[1]) + math.dist(corners[3], corners[2])) / 2, _MAX_LENGTH * height_px)
    if not (3 <= height_px < 20_000 and 3 <= width_px < 100_000):
        return None
    degrees = direction_of(line.quad)
    scale = min(1.0, _MAX_HEIGHT_PX / height_px)
    if abs(degrees) <= _STRAIGHT_DEGREES:
        pixels = _straight(layer, corners, width_px, scale)
    else:
        pixels = _turned(layer, corners[0], (width_px, height_px), degrees, scale)
    if pixels is None:
        return None
    return _faces(pixels, line)


def _straight(layer: Layer, corners: Sequence[Point], width_px: float, scale: float) -> Pixels | None:
    """(h, w, 4): whole pixels around the line, premultiplied, 0..1."""
    left = math.floor(min(x for x, _ in corners)) - _MARGIN_PX
    right = math.ceil(min(left + width_px, max(x for x, _ in corners))) + 2 * _MARGIN_PX
    top = math.floor(min(y for _, y in corners)) - _MARGIN_PX
    bottom = math.ceil(max(y for _, y in corners)) + _MARGIN_PX
    part = layer.pixels[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    if 0 in part.shape:
        return None
    pixels = _premultiplied(part)
    if scale < 1:
        size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)
    return cv2.copyMakeBorder(pixels, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0)).astype(np.float32)


def _turned(layer: Layer, start: Point, extents: tuple[float, float], degrees: float, scale: float) -> Pixels | None:
    """The same of a line that is not horizontal. `start`: its top left corner in the layer."""
    width_px, height_px = extents
    turn = math.radians(degrees)
    cosine, sine = math.cos(turn), math.sin(turn)
    reach = width_px + height_px + 4 * _MARGIN_PX
    x0, y0 = (max(0, math.floor(each - reach)) for each in start)
    part = layer.pixels[y0 : math.ceil(max(0, start[1] + reach)), x0 : math.ceil(max(0, start[0] + reach))]
    if 0 in part.shape:
        return None
    pixels = _premultiplied(part)
    across = down = 1.0
    if scale < 1:
        size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
        across, down = size[0] / pixels.shape[1], size[1] / pixels.shape[0]
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)
    width, height = (math.ceil(side * scale) + 2 * _MARGIN_PX for side in (width_px, height_px))
    margin = (_MARGIN_PX - 0.5) / scale
    origin_x = start[0] - x0 - margin * cosine + margin * sine
    origin_y = start[1] - y0 - margin * sine - margin * cosine
    matrix = np.array(
        [
            [cosine / scale * across, -sine / scale * across, origin_x * across - 0.5],
            [sine / scale * down, cosine / scale * down, origin_y * down - 0.5],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(pixels, matrix, (width, height), flags=flags), np.float32)


def _premultiplied(part: NDArray[np.uint8]) -> Pixels:
    pixels = part.astype(np.float32) * np.float32(1 / 255)
    pixels[..., :3] *= pixels[..., 3:]
    return pixels


def _faces(pixels: Pixels, line: TextLine) -> Coverage:
    """The coverage of pixels that are of the line's colour: those of an outline or a shadow are not letters' faces."""
    alpha = pixels[..., 3]
    colours = pixels[..., :3] * 255 / np.maximum(alpha[..., None], 1e-3)
    away = np.linalg.norm(colours - np.array(line.colour, np.float32), axis=-1)
    is_other = (alpha > _MIN_ALPHA) & (away > _OTHER_LEVELS)
    weight = alpha * is_other
    if weight.sum() <= _MIN_OTHER * alpha.sum():
        return alpha
    solid = alpha > _SOLID
    depth = cv2.distanceTransform(solid.astype(np.uint8), cv2.DIST_L2, 3)
    is_face = solid & ~is_other
    if not is_face.any() or depth[solid & is_other].sum() > _AS_DEEP * depth[is_face].mean() * (solid & is_other).sum():
        return alpha
    other = (colours * weight[..., None]).sum((0, 1)) / weight.sum()
    to_other = np.linalg.norm(colours - other, axis=-1)
    share = np.where(alpha > _MIN_ALPHA, to_other / np.maximum(to_other + away, 1e-6), 0)
    return (alpha * share).astype(np.float32)
