"""Runs OCR: detects text lines, rectifies them, and recognises them in the correct orientation, with bounded work."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.large_text import are_same, large_lines
from lamina.engines.classic.raster import Rgb
from lamina.engines.classic.text_detector import detect_lines
from lamina.engines.classic.text_recogniser import MIN_ASPECT_RATIO, RECOGNITION_HEIGHT_PX, Recognition, read_strips
from lamina.engines.classic.vertical_text import TALL, columns, is_part, is_wide

Quad = NDArray[np.float32]
"""(4, 2): corners x, y in pixels, clockwise from the text's own top left."""

_UPRIGHT = 0.95  # lines with a lower score may be upside down: rotated drawn lines have up to 0.91
_LETTERED = 0.8  # text read with this score may be part of a vertical line: rotated letters are read, too
_SURELY_READ = 0.92  # see `legibility.is_believable`
_MIN_SIDE_PX = 8  # thinner images contain no text, and RapidOCR would pad them to gigabytes
# Limits on the total width of the strips that are read per image, at the recogniser's height.
_MAX_READ_PX, _MAX_ROTATED_PX = 100_000, 15_000  # a page has 80,000, a poster 5,000
_FULL_WIDTH_PX = 25_000  # above this total width, long strips are narrowing
_MIN_NARROWING, _LONG = 0.7, 8  # drawn pages are read equally well at 0.7 of the width, but not at 0.6


@dataclass(frozen=True, slots=True, eq=False)
class OcrLine:
    """A line of text. `recognition`: None if it was not read. `certainty`: 0..1, confidence that it is text."""

    quad: Quad
    recognition: Recognition | None
    certainty: float = 1.0

    @property
    def string(self) -> str:
        """The recognised text; empty if nothing was read."""
        return self.recognition.string.strip() if self.recognition else ""

    @property
    def score(self) -> float:
        """Confidence of the recogniser, 0..1; 0 if nothing was read."""
        return self.recognition.score if self.recognition and self.string else 0.0


def read_lines(rgb: Rgb) -> list[OcrLine]:
    """Every line of text detected in `rgb` (height, width, 3), top to bottom.

    The tallest lines are read, within the work limit. Vertical lines are read in both rotations, and lines with a low
    score also upside down; the orientation with the highest score wins.
    """
    if min(rgb.shape[:2]) < _MIN_SIDE_PX:
        return []
    lines = _read_all(rgb, detect_lines(rgb))
    suspects = [line.quad for line in lines if line.score >= _LETTERED and not is_wide(line.quad)]
    for column in _read_all(rgb, columns(rgb, suspects)):
        parts = [line for line in lines if not is_wide(line.quad) and is_part(line.quad, column.quad)]
        if parts and _is_better_than(column, parts):
            lines = [line for line in lines if line not in parts] + [column]
    lines = _with_large_lines(rgb, lines)
    return sorted(lines, key=lambda line: (float(line.quad[:, 1].min()), float(line.quad[:, 0].min())))


def _with_large_lines(rgb: Rgb, lines: Sequence[OcrLine]) -> list[OcrLine]:
    """The lines and the large ones that are read with confidence, in place of what overlaps them and is not."""
    sure = [line for line in lines if len(line.string) >= 2 and line.score >= _LETTERED]
    large = _read_all(rgb, large_lines(rgb, [line.quad for line in sure]))
    large = [line for line in large if _is_word(line.string) and line.score >= _SURELY_READ]
    kept = [line for line in lines if line in sure or not any(are_same(line.quad, other.quad) for other in large)]
    return [*kept, *large]


def _is_word(string: str) -> bool:
    """True for three or more different letters: wheels and eyes are read as "000"."""
    letters = [character for character in string if character.isalnum()]
    return len(letters) >= 3 and len(set(letters)) >= 2


def _is_better_than(column: OcrLine, parts: Sequence[OcrLine]) -> bool:
    """True if a vertical line is more likely than the separate parts that were detected."""
    if len(column.string) >= 3 and column.score >= _SURELY_READ:
        return True
    are_lines = any(
        len(line.string) > 1 and line.score >= _SURELY_READ and np.greater_equal(*sides(line.quad)) for line in parts
    )
    return not are_lines and column.certainty >= sum(line.certainty for line in parts) / len(parts)


def _read_all(rgb: Rgb, detections: Sequence[tuple[Quad, float]]) -> list[OcrLine]:
    """The detected lines, read within the work limit."""
    orientations = [_orientations(quad) for quad, _ in detections]
    lines = [OcrLine(orientations[index][0], None, certainty) for index, (_, certainty) in enumerate(detections)]
    affordable = _affordable(lines, range(len(lines)), _MAX_READ_PX)
    _read(rgb, lines, [(index, quad) for index in affordable for quad in orientations[index]])
    doubtful = [index for index in affordable if len(orientations[index]) == 1 and lines[index].score < _UPRIGHT]
    rotated = _affordable(lines, doubtful, _MAX_ROTATED_PX)
    _read(rgb, lines, [(index, np.roll(lines[index].quad, 2, 0)) for index in rotated])
    return lines


def strip(picture: NDArray[np.uint8], quad: Quad, size: tuple[int, int], fill: int | None = None) -> NDArray[np.uint8]:
    """The part of `picture` in `quad`, rectified to `size` (width, height) pixels.

    Pixels outside the image have the value `fill`; by default, the border is replicated.
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
    """Width of the strip of a line at the recogniser's height."""
    width, height = sides(quad)
    return RECOGNITION_HEIGHT_PX * max(MIN_ASPECT_RATIO, width / max(1.0, height))


def flat_size(quad: Quad) -> tuple[int, int]:
    """Width and height in pixels of a rectified quad."""
    width, height = sides(quad)
    return max(8, round(width)), max(8, round(height))


def sides(quad: Quad) -> tuple[float, float]:
    """Width and height of a quad in pixels, in text direction."""
    return (
        float(max(np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[2] - quad[3]))),
        float(max(np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[2] - quad[1]))),
    )


def _orientations(quad: Quad) -> list[Quad]:
    """The orientations to try: the quad itself, or the rotations to the right and to the left of a tall one."""
    width, height = sides(quad)
    return [quad] if height < TALL * width else [np.roll(quad, -1, 0), np.roll(quad, 1, 0)]


def _affordable(lines: Sequence[OcrLine], among: Iterable[int], max_px: int) -> list[int]:
    """The indices, in order, of the tallest lines whose strips have a total width of at most `max_px`."""
    tallest = sorted(among, key=lambda index: -sides(lines[index].quad)[1])
    spent = np.cumsum([strip_px(lines[index].quad) for index in tallest])
    return sorted(index for index, px in zip(tallest, spent, strict=True) if px <= max_px)


def _read(rgb: Rgb, lines: list[OcrLine], attempts: list[tuple[int, Quad]]) -> None:
    """Reads lines in the given orientations, and keeps results with a higher score than before."""
    narrowing = max(_MIN_NARROWING, min(1.0, _FULL_WIDTH_PX / max(1.0, sum(strip_px(quad) for _, quad in attempts))))
    sizes = [flat_size(quad) for _, quad in attempts]
    sizes = [(round(width * narrowing) if width > _LONG * height else width, height) for width, height in sizes]
    recognitions = read_strips([strip(rgb, quad, size) for (_, quad), size in zip(attempts, sizes, strict=True)])
    for (index, quad), recognition in zip(attempts, recognitions, strict=True):
        ocr_line = OcrLine(quad, recognition, lines[index].certainty)
        if lines[index].recognition is None or ocr_line.score > lines[index].score:
            lines[index] = ocr_line
