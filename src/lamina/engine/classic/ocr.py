"""Reading: finds lines of text in a picture, lays each flat and has it read the right way up, within bounded work."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engine.classic.raster import Rgb
from lamina.engine.classic.recognition import SIGN_PX, Said, detected, read_strips

Quad = NDArray[np.float32]
"""(4, 2): corners x, y in pixels, clockwise from the text's own top left."""

_TALL = 1.5  # a line this many times taller than wide lies on its side or runs downwards
_UPRIGHT = 0.95  # what is read with less may stand on its head: the other way up, drawn lines have up to 0.91
_LEAST_SIDE_PX = 8  # of a picture: in thinner ones is no text, and RapidOCR would pad them by gigabytes
_MOST_READ_PX = 100_000  # the width of all strips read of one picture, at the recogniser's height: 70 long lines


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A line of text.

    `quad`: where it is. `said`: what it says; None if it was not read. `certainty`: 0..1, how surely it is text.
    """

    quad: Quad
    said: Said | None
    certainty: float = 1.0

    @property
    def string(self) -> str:
        """Empty if nothing was read."""
        return self.said.string.strip() if self.said else ""

    @property
    def score(self) -> float:
        """0..1, how sure the recogniser is; 0 if nothing was read."""
        return self.said.score if self.said and self.string else 0.0


def read_lines(rgb: Rgb) -> list[Reading]:
    """Every line of text seen in `rgb` (height, width, 3), top to bottom.

    The tallest are read, as many as the work's bound allows: those that run downwards turned to either side, those
    that make little sense upside down too. The way that the recogniser is surest of is the right one.
    """
    if min(rgb.shape[:2]) < _LEAST_SIDE_PX:
        return []
    lines = detected(rgb)
    ways = [_ways_to_hold(quad) for quad, _ in lines]
    found = [Reading(ways[index][0], None, certainty) for index, (_, certainty) in enumerate(lines)]
    asked = _affordable([quad for quad, _ in lines])
    _read(rgb, found, [(index, way) for index in asked for way in ways[index]])
    doubtful = [index for index in asked if len(ways[index]) == 1 and found[index].score < _UPRIGHT]
    _read(rgb, found, [(index, np.roll(ways[index][0], 2, 0)) for index in doubtful])
    return found


def strip(picture: NDArray[np.uint8], quad: Quad, size: tuple[int, int], fill: int | None = None) -> NDArray[np.uint8]:
    """The part of `picture` in `quad`, laid flat to `size` (width, height) pixels.

    What lies outside the picture is `fill`, or by default repeats the picture's border.
    """
    width, height = size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    transform = cv2.getPerspectiveTransform(quad, corners)
    shrinks = height < min(np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[2] - quad[1]))
    flat = cv2.warpPerspective(
        picture,
        transform,
        size,
        flags=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE if fill is None else cv2.BORDER_CONSTANT,
        borderValue=(fill or 0,) * 3,
    )
    return np.asarray(flat, np.uint8)


def flat_size(quad: Quad) -> tuple[int, int]:
    """Width and height in pixels of what is in a quad, laid flat."""
    width, height = sides(quad)
    return max(8, round(width)), max(8, round(height))


def sides(quad: Quad) -> tuple[float, float]:
    """Width and height of a quad in pixels, as its text runs."""
    return (
        float(max(np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[2] - quad[3]))),
        float(max(np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[2] - quad[1]))),
    )


def _ways_to_hold(quad: Quad) -> list[Quad]:
    """The quad as it stands, or for a tall one as text turned to the right and to the left."""
    width, height = sides(quad)
    return [quad] if height < _TALL * width else [np.roll(quad, -1, 0), np.roll(quad, 1, 0)]


def _affordable(quads: list[Quad]) -> list[int]:
    """The numbers, in their order, of the tallest lines, as many as are read of a picture."""
    widths = [SIGN_PX * max(sides(quad)) / max(1.0, min(sides(quad))) for quad in quads]
    tallest = sorted(range(len(quads)), key=lambda index: -min(sides(quads[index])))
    spent = np.cumsum([widths[index] for index in tallest])
    return sorted(index for index, px in zip(tallest, spent, strict=True) if px <= _MOST_READ_PX)


def _read(rgb: Rgb, found: list[Reading], held: list[tuple[int, Quad]]) -> None:
    """Reads lines, by their numbers among those found, and keeps what the recogniser is surer of than before."""
    said = read_strips([strip(rgb, way, flat_size(way)) for _, way in held])
    for (index, way), one in zip(held, said, strict=True):
        reading = Reading(way, one, found[index].certainty)
        if found[index].said is None or reading.score > found[index].score:
            found[index] = reading
