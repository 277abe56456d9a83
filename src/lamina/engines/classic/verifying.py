"""Chooses each line's letters among the candidates: what reads as the line did, or else what is shaped like letters."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import cv2
import numpy as np

from lamina.engines.classic.backdrop import Backdrop, backdrop_of
from lamina.engines.classic.legibility import is_believable, is_plausible, looks_like_letters, may_be_text
from lamina.engines.classic.neighbourhood import Neighbourhood
from lamina.engines.classic.ocr import Quad, Reading, flat_size, strip, strip_px
from lamina.engines.classic.raster import Mask, Rgb, as_bytes, components, without_holes
from lamina.engines.classic.recognition import SIGN_PX, Said, read_strips
from lamina.engines.classic.strokes import Palette, palette_of

_SURE, _ACCEPTED = 0.9, 0.5  # of the string that the mask must say again
_BLOCK_SHARE = 0.8  # of the pixels in one part, and of its hull
_MOST_VERIFIED_PX = 8_000  # the width of the lines that are read again in one picture, at the recogniser's height

Choices = Sequence[tuple[Mask, float]]
"""Candidates for a line's letters, the likeliest first, each with its handicap."""


@dataclass(slots=True, eq=False)
class Line:
    """A line of text in its window, while its letters are looked for.

    `core`: those strokes that are surely letters, none until they are found. `string`: what they say, empty if that is
    not known. `score`: 0..1, how well they alone say it.
    """

    reading: Reading
    near: Neighbourhood
    backdrop: Backdrop
    palette: Palette
    core: Mask
    string: str = ""
    score: float = 0.0

    @property
    def is_found(self) -> bool:
        return bool(self.core.any())


def line_of(near: Neighbourhood, reading: Reading) -> Line:
    """The line in its window, its letters not looked for yet."""
    backdrop = backdrop_of(near.rgb, near.ground(100), near.inside)
    return Line(reading, near, backdrop, palette_of(near), np.zeros(near.shape, bool))


def find_letters(lines: Sequence[Line], choices: Sequence[Choices]) -> None:
    """Gives each line its letters and what they say, or leaves it without where it is rather a drawing.

    The tallest lines are verified by reading their candidates again, as many as the work's bound allows.
    """
    readable = [index for index, line in enumerate(lines) if is_plausible(line.reading.string, line.reading.score)]
    verified = _affordable(lines, readable)
    _verify([lines[index] for index in verified], [choices[index] for index in verified])
    for index, line in enumerate(lines):
        if index in verified:
            continue
        _choose_by_shape(line, choices[index])
        if index in readable and line.is_found:
            _believe(line, line.reading.string, line.reading.score, missed_by(line.reading, line.near.quad, line.core))
    for index in verified:
        reading = lines[index].reading
        if not lines[index].is_found and not is_believable(reading.string, reading.score, 0):
            _choose_by_shape(lines[index], choices[index])


def missed_by(reading: Reading, quad: Quad, letters: Mask) -> float:
    """0..1: the share of a line's letters that its reading does not explain; `quad` in the window of `letters`."""
    if reading.said is None:
        return 1.0
    flat = strip(as_bytes(letters) * np.uint8(255), quad, flat_size(quad), fill=0)
    return reading.said.missed(flat > 127)


def is_block(mask: Mask) -> bool:
    """True for one compact shape, letters being holes in it: the card or ribbon that a line stands on."""
    parts = components(mask)
    if len(parts) < 2 or parts.areas[1:].max() < _BLOCK_SHARE * parts.areas[1:].sum():
        return False
    solid = without_holes(parts.labels == int(parts.areas[1:].argmax()) + 1)
    outlines, _ = cv2.findContours(as_bytes(solid), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull_px = cv2.contourArea(cv2.convexHull(np.concatenate(outlines)))
    return bool(solid.sum() > _BLOCK_SHARE * hull_px)


def _affordable(lines: Sequence[Line], readable: Sequence[int]) -> set[int]:
    """Which of the readable lines are read again: the tallest."""
    tallest = sorted(readable, key=lambda index: -lines[index].near.height_px)
    spent = np.cumsum([strip_px(lines[index].reading.quad) for index in tallest])
    return {index for index, px in zip(tallest, spent, strict=True) if px <= _MOST_VERIFIED_PX}


def _verify(lines: Sequence[Line], choices: Sequence[Choices]) -> None:
    """Give each line the candidate that reads best; only where the likeliest ones fail are the others read."""
    merits = [0.0] * len(lines)
    best: dict[int, tuple[Mask, float, Said, float]] = {}
    for first, last in ((0, 1), (1, 3), (3, 9)):
        tasks = [
            (index, mask, handicap)
            for index in range(len(lines))
            if merits[index] < _SURE
            for mask, handicap in choices[index][first:last]
            if len(lines[index].reading.string) < 3 or not is_block(mask)
        ]
        silhouettes = [_silhouette(lines[index].near, mask) for index, mask, _ in tasks]
        for (index, mask, handicap), drawn, said in zip(tasks, silhouettes, read_strips(silhouettes), strict=True):
            likeness = _likeness(said.string, lines[index].reading.string)
            if likeness - handicap > merits[index]:
                merits[index] = likeness - handicap
                best[index] = mask, likeness, said, said.missed(drawn[..., 0] < 128)
    for index, (mask, likeness, said, missed) in best.items():
        line = lines[index]
        if likeness >= _ACCEPTED:
            line.core, line.score = mask, likeness
            surer = said if said.score > line.reading.score else line.reading
            # What stands on texture reads well in the picture and badly by its mask.
            score = max(line.reading.score, (said.score + line.reading.score) / 2)
            _believe(line, surer.string.strip(), score, missed)


def _believe(line: Line, string: str, score: float, missed: float) -> None:
    """Takes the string for what the line says, or if it cannot be, the line for text that was not read, or for none."""
    if is_believable(string, score, missed):
        line.string = string
    elif not (may_be_text(line.reading) or (line.score >= _SURE and looks_like_letters(line.near, line.core))):
        line.core = np.zeros_like(line.core)


def _choose_by_shape(line: Line, choices: Choices) -> None:
    """The likeliest candidate that has the shape of letters, for a line that is text by what the detector says."""
    if not may_be_text(line.reading):
        return
    for mask, _ in choices:
        if looks_like_letters(line.near, mask) and not is_block(mask):
            line.core, line.score = mask, line.reading.certainty * _ACCEPTED
            return


def _silhouette(near: Neighbourhood, mask: Mask) -> Rgb:
    """The mask alone, black on white, laid flat for the recogniser."""
    picture = np.where(mask, 0, 255).astype(np.uint8)
    size = flat_size(near.quad)
    flat = strip(picture, near.quad, size, fill=255)
    margin = max(2, round(0.08 * size[1]))
    flat = cv2.copyMakeBorder(flat, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=255)
    size = max(8, round(flat.shape[1] * SIGN_PX / flat.shape[0])), SIGN_PX
    flat = cv2.resize(flat, size, interpolation=cv2.INTER_AREA if flat.shape[0] > SIGN_PX else cv2.INTER_LINEAR)
    return np.repeat(np.asarray(flat, np.uint8)[..., None], 3, -1)


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, "".join(one.casefold().split()), "".join(other.casefold().split())).ratio()
