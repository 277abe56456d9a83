"""Applies affine transforms to the pixels of a layer."""

import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Pixels
from lamina.imaging.finish.resampling import downscale_image, premultiply, unpremultiply
from lamina.stacks.transforms import Transform

MAX_SIDE_PX = 30_000
MAX_PIXELS = 100_000_000
_ROUNDING = 1e-6
_PAD = 2  # transparent pixels around a layer, which its edge is interpolated with


def check_size(transform: Transform, box: tuple[int, int, int, int], name: str) -> None:
    """Raises `LaminaError` (task_invalid) if the transformed box is thinner than a pixel or too large to be drawn."""
    _, _, width, height = transform.bounds(box)
    thinnest = min(side * scale for side, scale in zip(box[2:], transform.scales, strict=True))
    if thinnest < 1 - _ROUNDING:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The layer {name!r} would be thinner than a pixel.",
            "Scale it less, or delete it.",
        )
    if max(width, height) > MAX_SIDE_PX or width * height > MAX_PIXELS:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The layer {name!r} would be {width:.0f} x {height:.0f} pixels.",
            f"The limit is {MAX_SIDE_PX:,} pixels on a side and {MAX_PIXELS // 1_000_000} megapixels.",
        )


def check_pixels(what: str, width: int, height: int) -> None:
    """Raises `LaminaError` (task_invalid) if a box around parts that may be far from each other has too many pixels."""
    if width * height > MAX_PIXELS:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"{what} would be {width} x {height} pixels.",
            f"The limit is {MAX_PIXELS // 1_000_000} megapixels: move the layers closer together.",
        )


def warped(pixels: Pixels, left: int, top: int, transform: Transform) -> tuple[Pixels, int, int]:
    """The transformed pixels, and their left and top on the canvas.

    Shifts by whole pixels, quarter turns and mirroring move pixels unchanged. Otherwise enlarging is cubic, without
    going beyond what is around a pixel, and shrinking averages areas first. Colours are premultiplied meanwhile, and
    pixels outside count as transparent.
    """
    height, width = pixels.shape[:2]
    x, y, new_width, new_height = transform.bounds((left, top, width, height))
    if transform.is_on_grid:
        return _moved(pixels, transform), round(x), round(y)
    x0, y0 = math.floor(x + _ROUNDING), math.floor(y + _ROUNDING)
    x1, y1 = math.ceil(x + new_width - _ROUNDING), math.ceil(y + new_height - _ROUNDING)
    shrunk, across, down = _shrunk(pixels, transform)
    matrix = np.array(
        [
            [transform.a / across, transform.c / down, transform.of(left, top)[0] - x0],
            [transform.b / across, transform.d / down, transform.of(left, top)[1] - y0],
        ]
    )
    # OpenCV's coordinates are those of the centres of pixels, ours those of their corners.
    matrix[:, 2] += matrix[:, 0] * 0.5 + matrix[:, 1] * 0.5 - 0.5
    return unpremultiply(_interpolated(shrunk, matrix, (max(1, x1 - x0), max(1, y1 - y0)))), x0, y0


def _interpolated(
    values: NDArray[np.float32], matrix: NDArray[np.float64], size: tuple[int, int]
) -> NDArray[np.float32]:
    """Cubic interpolation between the least and the largest value of the nine pixels around the nearest one: otherwise
    it would ring, and a scaled layer would have a translucent line within its edge and a bright one at it.
    """
    padded = cv2.copyMakeBorder(values, _PAD, _PAD, _PAD, _PAD, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
    matrix = matrix.copy()
    matrix[:, 2] -= _PAD * (matrix[:, 0] + matrix[:, 1])
    cubic = cv2.warpAffine(padded, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT)
    around = np.ones((3, 3), np.uint8)
    least, most = (
        cv2.warpAffine(bound(padded, around), matrix, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
        for bound in (cv2.erode, cv2.dilate)
    )
    return np.asarray(np.clip(cubic, least, most), np.float32)


def _moved(pixels: Pixels, transform: Transform) -> Pixels:
    """Pixels mirrored and turned by quarters."""
    turns: dict[tuple[int, int, int, int], Callable[[Pixels], Pixels]] = {
        (1, 0, 0, 1): lambda view: view,
        (-1, 0, 0, 1): lambda view: view[:, ::-1],
        (1, 0, 0, -1): lambda view: view[::-1],
        (-1, 0, 0, -1): lambda view: view[::-1, ::-1],
        (0, 1, -1, 0): lambda view: np.rot90(view, -1),
        (0, -1, 1, 0): lambda view: np.rot90(view, 1),
        (0, 1, 1, 0): lambda view: view.transpose(1, 0, 2),
        (0, -1, -1, 0): lambda view: np.rot90(view, 2).transpose(1, 0, 2),
    }
    matrix = (round(transform.a), round(transform.b), round(transform.c), round(transform.d))
    return np.ascontiguousarray(turns[matrix](pixels))


def _shrunk(pixels: Pixels, transform: Transform) -> tuple[NDArray[np.float32], float, float]:
    """Premultiplied pixels, shrunk by whole areas to about the size that they will have, and the two factors."""
    height, width = pixels.shape[:2]
    across, down = (min(1.0, scale) for scale in transform.scales)
    small = max(1, round(width * across)), max(1, round(height * down))
    if small == (width, height):
        return np.asarray(premultiply(pixels), np.float32), 1.0, 1.0
    return np.asarray(downscale_image(pixels, *small), np.float32), small[0] / width, small[1] / height
