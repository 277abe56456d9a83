"""Reading: finds lines of text in a picture, lays each flat and has it read the right way up, within bounded work."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.raster import Rgb
from lamina.engines.classic.recognition import LEAST_RATIO, SIGN_PX, Said, detected, read_strips
from lamina.engines.classic.sideways import TALL, columns, is_part, is_wide

Quad = NDArray[np.float32]
"""(4, 2): corners x, y in pixels, clockwise from the text's own top left."""

_UPRIGHT = 0.95  # what is read with less may stand on its head: the other way up, drawn lines have up to 0.91
_LETTERED = 0.8  # what is read as surely may be a part of a line that lies on its side: letters are read that way too
_SURELY_READ = 0.92  # see `legibility.is_believable`
_LEAST_SIDE_PX = 8  # of a picture: in thinner ones is no text, and RapidOCR would pad them by gigabytes
# Widths of all strips together that are read of one picture, at the recogniser's height.
_MOST_READ_PX, _MOST_TURNED_PX = 100_000, 15_000  # a page has 80,000, a poster 5,000
_AT_EASE_PX = 25_000  # what is wider is read from narrower strips,
_NARROWEST, _LONG = 0.7, 8  # of their width, the long ones: at 0.7 drawn pages read the same, at 0.6 they do not


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
    found = _read_all(rgb, detected(rgb))
    suspects = [one.quad for one in found if one.score >= _LETTERED and not is_wide(one.quad)]
    for column in _read_all(rgb, columns(rgb, suspects)):
        parts = [one for one in found if not is_wide(one.quad) and is_part(one.quad, column.quad)]
        if parts and _explains(column, parts):
            found = [one for one in found if one not in parts] + [column]
    return sorted(found, key=lambda one: (float(one.quad[:, 1].min()), float(one.quad[:, 0].min())))


def _explains(column: Reading, parts: Sequence[Reading]) -> bool:
    """True if a line that runs up or down is rather one line than the parts that were seen of it."""
    if len(column.string) >= 3 and column.score >= _SURELY_READ:
        return True
    are_lines = any(
        len(one.string) > 1 and one.score >= _SURELY_READ and np.greater_equal(*sides(one.quad)) for one in parts
    )
    return not are_lines and column.certainty >= sum(one.certainty for one in parts) / len(parts)


def _read_all(rgb: Rgb, lines: Sequence[tuple[Quad, float]]) -> list[Reading]:
    """The lines that were detected, read, if the work's bound allows it."""
    ways = [_ways_to_hold(quad) for quad, _ in lines]
    found = [Reading(ways[index][0], None, certainty) for index, (_, certainty) in enumerate(lines)]
    asked = _affordable(found, range(len(found)), _MOST_READ_PX)
    _read(rgb, found, [(index, way) for index in asked for way in ways[index]])
    doubtful = [index for index in asked if len(ways[index]) == 1 and found[index].score < _UPRIGHT]
    turned = _affordable(found, doubtful, _MOST_TURNED_PX)
    _read(rgb, found, [(index, np.roll(found[index].quad, 2, 0)) for index in turned])
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


def strip_px(quad: Quad) -> float:
    """The width of a line's strip as it is read."""
    width, height = sides(quad)
    return SIGN_PX * max(LEAST_RATIO, width / max(1.0, height))


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
    return [quad] if height < TALL * width else [np.roll(quad, -1, 0), np.roll(quad, 1, 0)]


def _affordable(found: Sequence[Reading], among: Iterable[int], most_px: int) -> list[int]:
    """The numbers, in their order, of the tallest lines whose strips together are at most so wide."""
    tallest = sorted(among, key=lambda index: -sides(found[index].quad)[1])
    spent = np.cumsum([strip_px(found[index].quad) for index in tallest])
    return sorted(index for index, px in zip(tallest, spent, strict=True) if px <= most_px)


def _read(rgb: Rgb, found: list[Reading], held: list[tuple[int, Quad]]) -> None:
    """Reads lines, by their numbers among those found, and keeps what the recogniser is surer of than before."""
    narrowed = max(_NARROWEST, min(1.0, _AT_EASE_PX / max(1.0, sum(strip_px(way) for _, way in held))))
    sizes = [flat_size(way) for _, way in held]
    sizes = [(round(width * narrowed) if width > _LONG * height else width, height) for width, height in sizes]
    said = read_strips([strip(rgb, way, size) for (_, way), size in zip(held, sizes, strict=True)])
    for (index, way), one in zip(held, said, strict=True):
        reading = Reading(way, one, found[index].certainty)
        if found[index].said is None or reading.score > found[index].score:
            found[index] = reading
