"""Selects the letters of each line among candidates: by reading them again, or by their shape."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import cv2
import numpy as np

from lamina.engines.classic.backdrop import Backdrop, fit_backdrop
from lamina.engines.classic.legibility import is_believable, is_plausible, looks_like_letters, may_be_text
from lamina.engines.classic.ocr import OcrLine, Quad, flat_size, strip, strip_px
from lamina.engines.classic.raster import Mask, Rgb, as_bytes, components, fill_holes
from lamina.engines.classic.strokes import Palette, compute_palette
from lamina.engines.classic.text_recogniser import RECOGNITION_HEIGHT_PX, Recognition, read_strips
from lamina.engines.classic.text_window import TextWindow

_EXACT, _SURE, _ACCEPTED = 0.99, 0.9, 0.5  # similarity of the text of the mask and of the line; below the first, more
# candidates are read: letters together with a band behind them, or without one of them, have up to 0.95
_BLOCK_SHARE = 0.8  # share of the pixels in one component, and of its convex hull
_MAX_VERIFIED_PX = 8_000  # total width of the lines that are read again per image, at the recogniser's height

Choices = Sequence[tuple[Mask, float]]
"""Candidate masks of the letters of a line, likeliest first, each with a penalty."""


@dataclass(slots=True, eq=False, kw_only=True)
class LineCandidate:
    """A line of text while its letters are searched.

    `core`: verified strokes, empty until found. `string`: the recognised text, empty if unknown. `score`: 0..1, how
    well the core alone reads as the text.
    """

    ocr_line: OcrLine
    window: TextWindow
    backdrop: Backdrop
    palette: Palette
    core: Mask
    string: str = ""
    score: float = 0.0

    @property
    def is_found(self) -> bool:
        return bool(self.core.any())


def prepare_line(window: TextWindow, ocr_line: OcrLine) -> LineCandidate:
    """The line before its letters are searched."""
    backdrop = fit_backdrop(window.rgb, window.background_sample(100), window.inside)
    return LineCandidate(
        ocr_line=ocr_line,
        window=window,
        backdrop=backdrop,
        palette=compute_palette(window),
        core=np.zeros(window.shape, bool),
    )


def select_letters(lines: Sequence[LineCandidate], choices: Sequence[Choices]) -> None:
    """Sets core, string and score of each line, or leaves the core empty if the line is more likely a drawing.

    The tallest lines, within the work limit, are verified by reading their candidates again.
    """
    readable = [index for index, line in enumerate(lines) if is_plausible(line.ocr_line.string, line.ocr_line.score)]
    verified = _affordable(lines, readable)
    _verify([lines[index] for index in verified], [choices[index] for index in verified])
    for index, line in enumerate(lines):
        if index in verified:
            continue
        _choose_by_shape(line, choices[index])
        if index in readable and line.is_found:
            _accept_text(
                line,
                line.ocr_line.string,
                line.ocr_line.score,
                unexplained_share_of(line.ocr_line, line.window.quad, line.core),
            )
    for index in verified:
        ocr_line = lines[index].ocr_line
        if not lines[index].is_found and not is_believable(ocr_line.string, ocr_line.score, 0):
            _choose_by_shape(lines[index], choices[index])


def unexplained_share_of(ocr_line: OcrLine, quad: Quad, letters: Mask) -> float:
    """0..1: the share of a line's letters that its text does not explain; `quad` in the window of `letters`."""
    if ocr_line.recognition is None:
        return 1.0
    flat = strip(as_bytes(letters) * np.uint8(255), quad, flat_size(quad), fill=0)
    return ocr_line.recognition.unexplained_share(flat > 127)


def is_block(mask: Mask) -> bool:
    """True for one compact shape with letters as holes, such as a label or ribbon."""
    parts = components(mask)
    if len(parts) < 2 or parts.areas[1:].max() < _BLOCK_SHARE * parts.areas[1:].sum():
        return False
    solid = fill_holes(parts.labels == int(parts.areas[1:].argmax()) + 1)
    outlines, _ = cv2.findContours(as_bytes(solid), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull_px = cv2.contourArea(cv2.convexHull(np.concatenate(outlines)))
    return bool(solid.sum() > _BLOCK_SHARE * hull_px)


def _affordable(lines: Sequence[LineCandidate], readable: Sequence[int]) -> set[int]:
    """The readable lines that are read again: the tallest."""
    tallest = sorted(readable, key=lambda index: -lines[index].window.height_px)
    spent = np.cumsum([strip_px(lines[index].ocr_line.quad) for index in tallest])
    return {index for index, px in zip(tallest, spent, strict=True) if px <= _MAX_VERIFIED_PX}


def _verify(lines: Sequence[LineCandidate], choices: Sequence[Choices]) -> None:
    """Sets the candidate of each line that reads best; less likely ones are read only if the likelier ones fail."""
    scores = [0.0] * len(lines)
    best: dict[int, tuple[Mask, float, Recognition, float]] = {}
    for first, last in ((0, 1), (1, 3), (3, 9)):
        tasks = [
            (index, mask, penalty)
            for index in range(len(lines))
            if scores[index] < _EXACT
            for mask, penalty in choices[index][first:last]
            if len(lines[index].ocr_line.string) < 3 or not is_block(mask)
        ]
        silhouettes = [_silhouette(lines[index].window, mask) for index, mask, _ in tasks]
        for (index, mask, penalty), silhouette, recognition in zip(
            tasks, silhouettes, read_strips(silhouettes), strict=True
        ):
            similarity = _similarity(recognition.string, lines[index].ocr_line.string)
            if similarity - penalty > scores[index]:
                scores[index] = similarity - penalty
                best[index] = mask, similarity, recognition, recognition.unexplained_share(silhouette[..., 0] < 128)
    for index, (mask, similarity, recognition, unexplained_share) in best.items():
        line = lines[index]
        if similarity >= _ACCEPTED:
            line.core, line.score = mask, similarity
            better = recognition if recognition.score > line.ocr_line.score else line.ocr_line
            # Text on a texture is read well in the image, but badly from its mask.
            score = max(line.ocr_line.score, (recognition.score + line.ocr_line.score) / 2)
            _accept_text(line, better.string.strip(), score, unexplained_share)


def _accept_text(line: LineCandidate, string: str, score: float, unexplained_share: float) -> None:
    """Accepts the string; if it is not reliable, keeps the line as unreadable text or drops it."""
    if is_believable(string, score, unexplained_share):
        line.string = string
    elif not (may_be_text(line.ocr_line) or (line.score >= _SURE and looks_like_letters(line.window, line.core))):
        line.core = np.zeros_like(line.core)


def _choose_by_shape(line: LineCandidate, choices: Choices) -> None:
    """Sets the likeliest candidate with the shape of letters, if the detector is confident that the line is text."""
    if not may_be_text(line.ocr_line):
        return
    for mask, _ in choices:
        if looks_like_letters(line.window, mask) and not is_block(mask):
            line.core, line.score = mask, line.ocr_line.certainty * _ACCEPTED
            return


def _silhouette(window: TextWindow, mask: Mask) -> Rgb:
    """The mask in black on white, rectified for the recogniser."""
    picture = np.where(mask, 0, 255).astype(np.uint8)
    size = flat_size(window.quad)
    flat = strip(picture, window.quad, size, fill=255)
    margin = max(2, round(0.08 * size[1]))
    flat = cv2.copyMakeBorder(
        flat, top=margin, bottom=margin, left=margin, right=margin, borderType=cv2.BORDER_CONSTANT, value=255
    )
    size = max(8, round(flat.shape[1] * RECOGNITION_HEIGHT_PX / flat.shape[0])), RECOGNITION_HEIGHT_PX
    flat = cv2.resize(
        flat, size, interpolation=cv2.INTER_AREA if flat.shape[0] > RECOGNITION_HEIGHT_PX else cv2.INTER_LINEAR
    )
    return np.repeat(np.asarray(flat, np.uint8)[..., None], 3, -1)


def _similarity(first: str, second: str) -> float:
    return SequenceMatcher(None, "".join(first.casefold().split()), "".join(second.casefold().split())).ratio()
