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

    Shifts by whole pixels, quarter turns and mirroring move pixels unchanged. Otherwise enlarging is cubic, and
    shrinking averages areas first. Colours are premultiplied meanwhile, and pixels outside count as transparent.
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
    size = max(1, x1 - x0), max(1, y1 - y0)
    values = cv2.warpAffine(shrunk, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT)
    return unpremultiply(np.asarray(np.clip(values, 0, 255), np.float32)), x0, y0


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
