"""A line's neighbourhood: the window of the picture around one line of text, and what in it is ground."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.ocr import Quad, Reading
from lamina.engines.classic.raster import Mask, Rgb

Colours = NDArray[np.float32]

_MARGIN = 0.5  # of the line's height: what outlines, extruded sides and shadows may take around the quad


@dataclass(frozen=True, slots=True, eq=False)
class Neighbourhood:
    """The window around one line; every mask is (height, width) of the window.

    `quad`: the line's corners in the window. `inside`: within the quad. `reach`: within a margin around it.
    `outside`: in reach but clear of every line's quad, so most likely ground. `height_px`: of the line.
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

    def ground(self, least_px: int) -> Mask:
        """Where ground is likeliest to be seen: some of it even where the line fills the window, as in a wordmark.

        `least_px`: with fewer pixels outside, all beyond the quad is taken, and with fewer of these the border too.
        """
        if self.outside.sum() >= least_px:
            return self.outside
        beyond = ~self.inside
        return beyond if beyond.sum() >= least_px else beyond | border_of(self.shape)

    @property
    def place(self) -> tuple[slice, slice]:
        """Where the window lies in the picture."""
        height, width = self.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


def neighbourhoods(rgb: Rgb, readings: Sequence[Reading]) -> list[Neighbourhood]:
    """The window of each reading in `rgb` (height, width, 3)."""
    taken = np.zeros(rgb.shape[:2], np.uint8)
    for reading in readings:
        cv2.fillPoly(taken, [np.round(_widened(reading.quad, 0.12)).astype(np.int32)], 1)
    return [_around(rgb, reading.quad, taken) for reading in readings]


def border_of(shape: tuple[int, int]) -> Mask:
    """The outermost pixels of a window (height, width)."""
    border = np.ones(shape, bool)
    border[1:-1, 1:-1] = False
    return border


def _around(rgb: Rgb, quad: Quad, taken: NDArray[np.uint8]) -> Neighbourhood:
    height, width = taken.shape
    line_height = float(min(np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[2] - quad[1])))
    margin = round(_MARGIN * line_height) + 6
    left, top = np.maximum(0, np.floor(quad.min(0)).astype(int) - margin)
    right, bottom = np.minimum([width, height], np.ceil(quad.max(0)).astype(int) + margin + 1)
    here = quad - np.array([left, top], np.float32)
    inside = np.zeros((bottom - top, right - left), np.uint8)
    cv2.fillPoly(inside, [np.round(here).astype(np.int32)], 1)
    reach = np.zeros_like(inside)
    cv2.fillPoly(reach, [np.round(_widened(here, _MARGIN, 6)).astype(np.int32)], 1)
    outside = (reach > 0) & (taken[top:bottom, left:right] == 0)
    window = rgb[top:bottom, left:right]
    return Neighbourhood(int(left), int(top), window, here, inside > 0, reach > 0, outside, line_height)


def _widened(quad: Quad, share: float, extra_px: float = 2.0) -> Quad:
    """The quad moved outwards on all sides by a share of its height and some pixels."""
    along = (quad[1] - quad[0]) + (quad[2] - quad[3])
    down = (quad[3] - quad[0]) + (quad[2] - quad[1])
    height = float(min(np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[2] - quad[1])))
    step = share * height + extra_px
    along, down = (side / max(1e-6, float(np.linalg.norm(side))) * step for side in (along, down))
    return np.asarray(quad + np.stack([-along - down, along - down, along + down, down - along]), np.float32)
