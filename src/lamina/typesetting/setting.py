"""Relates the visible extents of lines of text to how they are set: baselines, letter spacing and alignment."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, pstdev

from lamina.core.text_styles import TextAlignment
from lamina.typesetting.frames import LineBox
from lamina.typesetting.metrics import FaceMetrics, Ink, letter_count

_MIN_SPACING_EM, _MAX_SPACING_EM = -0.2, 2.0  # beyond them, the string is not what the picture shows
_CLEARLY = 0.6  # of the unevenness of the left edges: centres or right edges that are so much more even decide
_EVEN_EM = 0.03  # unevenness below which edges count as even


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLine:
    """A line of text in its frame, and the metrics of its string in em. `box`: the extents of the visible letters."""

    string: str
    box: LineBox
    ink: Ink
    advance: float

    def baseline(self, size_px: float) -> float:
        """The position of the baseline across the text, in pixels."""
        return (self.box.top + self.box.bottom) / 2 + (self.ink.top - self.ink.bottom) / 2 * size_px

    def start(self, size_px: float) -> float:
        """Where the pen starts along the text, in pixels."""
        return self.box.left - self.ink.left * size_px

    def end(self, size_px: float) -> float:
        """Where the pen ends along the text, without letter spacing after the last letter, in pixels."""
        return self.box.right + (self.advance - self.ink.right) * size_px

    def anchor(self, alignment: TextAlignment, size_px: float) -> float:
        """The position along the text that lines with this alignment have in common."""
        match alignment:
            case TextAlignment.LEFT:
                return self.start(size_px)
            case TextAlignment.CENTER:
                return (self.start(size_px) + self.end(size_px)) / 2
            case TextAlignment.RIGHT:
                return self.end(size_px)


def set_line(string: str, box: LineBox, metrics: FaceMetrics) -> SetLine:
    """A line with the metrics of a typeface."""
    return SetLine(string=string, box=box, ink=metrics.ink(string), advance=metrics.advance(string))


def letter_spacing_px(lines: Sequence[SetLine], size_px: float) -> float:
    """What must be added to the advance of each letter so that the lines are as wide as their boxes, on average."""
    gaps = sum(max(0, letter_count(line.string) - 1) for line in lines)
    if not gaps or size_px <= 0:
        return 0.0
    surplus_px = sum(line.box.width - line.ink.width * size_px for line in lines if letter_count(line.string) > 1)
    return min(max(surplus_px / gaps, _MIN_SPACING_EM * size_px), _MAX_SPACING_EM * size_px)


def alignment_of(lines: Sequence[SetLine], size_px: float) -> TextAlignment:
    """The alignment of lines that stand below one another: left, unless others of their edges are clearly more even."""
    if len(lines) < 2 or size_px <= 0:
        return TextAlignment.LEFT
    unevenness = {
        alignment: pstdev([line.anchor(alignment, size_px) for line in lines]) / size_px for alignment in TextAlignment
    }
    best = min(unevenness, key=unevenness.__getitem__)
    left = unevenness[TextAlignment.LEFT]
    return best if left > _EVEN_EM and unevenness[best] < _CLEARLY * left else TextAlignment.LEFT


def line_height_px(baselines: Sequence[float], size_px: float) -> float:
    """The usual distance of successive baselines, which are given in order; 0 for a single one."""
    steps = [after - before for before, after in itertools.pairwise(baselines)]
    steps = [step for step in steps if step > 0.3 * size_px]
    return median(steps) if steps else 0.0
