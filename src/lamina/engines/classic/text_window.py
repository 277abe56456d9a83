"""Defines the window of the image around one line of text, and its background pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.ocr import OcrLine, Quad
from lamina.engines.classic.raster import Mask, Rgb

Colours = NDArray[np.float32]

_MARGIN = 0.5  # of the line height: space for outlines, extrusions and shadows around the quad


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TextWindow:
    """The window around one line; all masks are (height, width) of the window.

    `quad`: corners of the line in the window. `inside`: the quad. `reach`: the quad with a margin. `outside`: the reach
    without the quads of all lines, most likely background. `height_px`: height of the line.
    """

    left: int
    top: int
    rgb: Rgb
    quad: Quad
    inside: Mask
    reach: Mask
    outside: Mask
    height_px: float

    @property
    def shape(self) -> tuple[int, int]:
        return self.inside.shape[0], self.inside.shape[1]

    def background_sample(self, least_px: int) -> Mask:
        """Pixels that most likely show the background, even if the line fills the window, as in a wordmark.

        `least_px`: minimum number of pixels; with fewer outside, everything beyond the quad is used, then the border.
        """
        if self.outside.sum() >= least_px:
            return self.outside
        beyond = ~self.inside
        return beyond if beyond.sum() >= least_px else beyond | border_of(self.shape)

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns of the window in the image."""
        height, width = self.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


def text_windows(rgb: Rgb, ocr_lines: Sequence[OcrLine]) -> list[TextWindow]:
    """The window of each line in `rgb` (height, width, 3)."""
    occupied = np.zeros(rgb.shape[:2], np.uint8)
    for ocr_line in ocr_lines:
        cv2.fillPoly(occupied, [np.round(_expanded(ocr_line.quad, 0.12)).astype(np.int32)], 1)
    return [_around(rgb, ocr_line.quad, occupied) for ocr_line in ocr_lines]


def border_of(shape: tuple[int, int]) -> Mask:
    """The border pixels of a window (height, width)."""
    border = np.ones(shape, bool)
    border[1:-1, 1:-1] = False
    return border


def _around(rgb: Rgb, quad: Quad, occupied: NDArray[np.uint8]) -> TextWindow:
    height, width = occupied.shape
    line_height = float(min(np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[2] - quad[1])))
    margin = round(_MARGIN * line_height) + 6
    left, top = np.maximum(0, np.floor(quad.min(0)).astype(int) - margin)
    right, bottom = np.minimum([width, height], np.ceil(quad.max(0)).astype(int) + margin + 1)
    local_quad = quad - np.array([left, top], np.float32)
    inside = np.zeros((bottom - top, right - left), np.uint8)
    cv2.fillPoly(inside, [np.round(local_quad).astype(np.int32)], 1)
    reach = np.zeros_like(inside)
    cv2.fillPoly(reach, [np.round(_expanded(local_quad, _MARGIN, 6)).astype(np.int32)], 1)
    outside = (reach > 0) & (occupied[top:bottom, left:right] == 0)
    crop = rgb[top:bottom, left:right]
    return TextWindow(
        left=int(left),
        top=int(top),
        rgb=crop,
        quad=local_quad,
        inside=inside > 0,
        reach=reach > 0,
        outside=outside,
        height_px=line_height,
    )


def _expanded(quad: Quad, share: float, extra_px: float = 2.0) -> Quad:
    """The quad expanded on all sides by a share of its height and some pixels."""
    along = (quad[1] - quad[0]) + (quad[2] - quad[3])
    down = (quad[3] - quad[0]) + (quad[2] - quad[1])
    height = float(min(np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[2] - quad[1])))
    step = share * height + extra_px
    along, down = (side / max(1e-6, float(np.linalg.norm(side))) * step for side in (along, down))
    return np.asarray(quad + np.stack([-along - down, along - down, along + down, down - along]), np.float32)
