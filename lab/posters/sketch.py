"""Draws a cut-out of filled shapes and lines, oversampled so that its edge is smooth and keeps its own colour."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.posters.colours import Colour, darker, lighter
from lab.posters.shapes import Points, turned
from lamina.core.layers import Pixels

OVERSAMPLING = 4
_SUBPIXEL_BITS = 4
_Part = tuple[slice, slice]


@dataclass(frozen=True, slots=True)
class Style:
    """How a thing is drawn: with an outline of some colour, with shading, with small details."""

    outline: Colour | None
    outline_width: float
    is_shaded: bool
    has_details: bool


class Sketch:
    """A sheet on which a thing is drawn in its own units: -1..1 is `size_px` pixels; y downwards, the middle at 0, 0.

    What is drawn is mirrored, then turned clockwise by `turn` degrees. `reach`: half the sheet's sides in units; None
    is enough for a motif and its outline.
    """

    def __init__(
        self,
        size_px: float,
        style: Style,
        turn: float = 0,
        is_mirrored: bool = False,
        reach: tuple[float, float] | None = None,
    ) -> None:
        self.style = style
        self._unit = size_px / 2 * OVERSAMPLING
        self._turn, self._flip = turn, -1 if is_mirrored else 1
        if reach is None:
            spread = abs(np.cos(np.radians(turn))) + abs(np.sin(np.radians(turn))) + 0.2
            reach = (spread, spread)
        width, height = (int(np.ceil(size_px * half)) * OVERSAMPLING for half in reach)
        self._colour = np.zeros((height, width, 3), np.uint8)
        self._cover = np.zeros((height, width), np.uint8)

    def fill(self, points: Points, colour: Colour, is_outlined: bool = True) -> None:
        """Fill a shape; the style decides about shading and outline."""
        corners = self._placed(points)
        part, mask = self._filled(corners)
        self._lay(part, mask, colour, self.style.is_shaded)
        if is_outlined and self.style.outline is not None:
            self._trace(corners, self.style.outline, self.style.outline_width, is_closed=True)

    def line(self, points: Points, colour: Colour, width: float, is_closed: bool = False) -> None:
        """A line of `width` units with round ends; outlined styles line it on both sides."""
        corners = self._placed(points)
        if self.style.outline is not None and width > 2 * self.style.outline_width:
            self._trace(corners, self.style.outline, width + self.style.outline_width, is_closed)
        self._trace(corners, colour, width, is_closed)

    def mark(self, points: Points, colour: Colour, width: float, is_closed: bool = False) -> None:
        """A thin inner line without an outline of its own."""
        self._trace(self._placed(points), colour, width, is_closed)

    def shine(self, points: Points, strength: float = 0.5) -> None:
        """A lighter patch on the drawing, if the style is shaded."""
        if not self.style.is_shaded:
            return
        part, mask = self._filled(self._placed(points))
        lit = (mask & self._cover[part]) > 0
        seen = self._colour[part]
        seen[lit] = (seen[lit] * (1 - strength) + 255 * strength).astype(np.uint8)

    def pixels(self) -> Pixels:
        """(height, width, 4) RGBA with straight alpha: each pixel's colour is the mean of the covered part alone."""
        return shrunk(self._colour, self._cover)

    def _placed(self, points: Points) -> NDArray[np.int32]:
        standing = turned(points * (self._flip, 1), self._turn)
        centre = np.array(self._cover.shape[::-1]) / 2 - 0.5
        return np.rint((standing * self._unit + centre) * (1 << _SUBPIXEL_BITS)).astype(np.int32)

    def _filled(self, corners: NDArray[np.int32]) -> tuple[_Part, NDArray[np.uint8]]:
        part, offset = self._around(corners, 1)
        mask = np.zeros_like(self._cover[part])
        cv2.fillPoly(mask, [corners - offset], (1,), shift=_SUBPIXEL_BITS)
        return part, mask

    def _trace(self, corners: NDArray[np.int32], colour: Colour, width: float, is_closed: bool) -> None:
        thickness = max(1, round(width * self._unit))
        part, offset = self._around(corners, thickness)
        mask = np.zeros_like(self._cover[part])
        cv2.polylines(mask, [corners - offset], is_closed, (1,), thickness, shift=_SUBPIXEL_BITS)
        self._lay(part, mask, colour, is_shaded=False)

    def _around(self, corners: NDArray[np.int32], margin: int) -> tuple[_Part, NDArray[np.int32]]:
        """The part of the sheet that the corners lie in, and its own corner in subpixels."""
        last = np.array(self._cover.shape[::-1]) - 1
        x0, y0 = np.clip((corners.min(0) >> _SUBPIXEL_BITS) - margin, 0, last)
        x1, y1 = np.clip((corners.max(0) >> _SUBPIXEL_BITS) + margin + 1, 0, last) + 1
        return (slice(y0, y1), slice(x0, x1)), np.array([x0, y0], np.int32) << _SUBPIXEL_BITS

    def _lay(self, part: _Part, mask: NDArray[np.uint8], colour: Colour, is_shaded: bool) -> None:
        here = mask > 0
        self._colour[part][here] = _light(here, colour) if is_shaded else colour
        self._cover[part][here] = 1


def _light(where: NDArray[np.bool_], colour: Colour) -> Pixels:
    """(n, 3): a fall of light over the n pixels of a part: lighter at the top left, darker at the bottom right."""
    height, width = where.shape
    stops = zip(lighter(colour, 0.3), colour, darker(colour, 0.28), strict=True)
    shades = np.stack([np.interp(np.linspace(0, 1, 256), (0, 0.45, 1), stop) for stop in stops], -1)
    down, across = np.linspace(0, 153, height).astype(np.uint8), np.linspace(0, 102, width).astype(np.uint8)
    return np.rint(shades).astype(np.uint8)[(down[:, None] + across)[where]]


def shrunk(colour: NDArray[np.uint8], cover: NDArray[np.uint8]) -> Pixels:
    """An oversampled picture brought to its own size: alpha averaged, colour averaged over what is covered.

    `colour`: (height, width, 3), 0 where nothing is covered; `cover`: (height, width), 0 or 1; both sides multiples of
    OVERSAMPLING. Colour is 0 where alpha is 0.
    """
    total = _block_sums(cover)[..., None]
    mean = (_block_sums(colour) + total // 2) // np.maximum(total, 1)
    samples = OVERSAMPLING**2
    alpha = (total * 255 + samples // 2) // samples
    return np.concatenate([mean, alpha], -1).astype(np.uint8)


def _block_sums(samples: NDArray[np.uint8]) -> NDArray[np.uint16]:
    wide = samples.astype(np.uint16)
    rows = np.add.reduce([wide[i::OVERSAMPLING] for i in range(OVERSAMPLING)])
    return np.add.reduce([rows[:, i::OVERSAMPLING] for i in range(OVERSAMPLING)])
