"""Decides which OCR results are reliable, and which unreadable lines are text nevertheless."""

import unicodedata

import numpy as np

from lamina.engines.classic.ocr import OcrLine, sides
from lamina.engines.classic.raster import Mask, bounding_box, depth
from lamina.engines.classic.text_window import TextWindow

# Measured with benchmarks/reading.py on lines of 15 scripts in 40 typefaces. The recogniser knows Latin and Chinese
# characters, kana, and of Greek the letters that formulas need.
_SURE = 0.92  # correct results have at least 0.93, nearly all results of other scripts have less
_MAX_UNEXPLAINED = (
    0.12  # of the inked columns: correct results explain all, most of other scripts miss at least a third
)
_MIN_CERTAINTY = 0.6  # detection score of unreadable text
_MIN_ASPECT_RATIO = 2.4  # minimum aspect ratio: excludes stars, wheels and faces, in which the detector finds text
_MAX_STROKE = 0.36  # of the line height: strokes of typefaces are thinner
_SPAN = 0.6  # of the line that its letters must span
_AMBIGUOUS_LETTERS = frozenset("ABCEHIJKMNOPSTXYZaceiopsxy")  # letters that look like Cyrillic or Greek ones
_FILL = 0.04, 0.65  # share of the line that letters cover


def is_plausible(string: str, score: float) -> bool:
    """False for drawings that were read as stray letters: unreliable, or a single character that is no ideograph."""
    letters = [character for character in string if unicodedata.category(character)[0] in "LN"]
    if len(letters) >= 3:
        return score > 0.6
    if len(letters) == 2:
        return score > 0.95 and len(set(letters)) == 2
    is_ideograph = (
        len(letters) == 1
        and unicodedata.name(letters[0], "").startswith("CJK")
        and letters[0] not in "一二三十口日工田"
    )
    return is_ideograph and score > 0.95


def is_believable(string: str, score: float, unexplained_share: float) -> bool:
    """True if a plausible result is likely correct: reliable, complete and in one script.

    `unexplained_share`: see `recognition.Recognition.unexplained_share`.
    """
    return score >= _SURE and unexplained_share <= _MAX_UNEXPLAINED and not _mixes_scripts(string)


def may_be_of_another_script(string: str) -> bool:
    """True if every letter also looks like a Cyrillic or Greek one, which the recogniser reads as Latin."""
    letters = [character for character in string if unicodedata.category(character)[0] == "L"]
    return bool(letters) and _AMBIGUOUS_LETTERS.issuperset(letters)


def may_be_text(ocr_line: OcrLine) -> bool:
    """True if a line that cannot be read is more likely text than a drawing, according to the detector."""
    width, height = sides(ocr_line.quad)
    return ocr_line.certainty >= _MIN_CERTAINTY and width >= _MIN_ASPECT_RATIO * height


def looks_like_letters(window: TextWindow, mask: Mask) -> bool:
    """True if the mask (in the window of the line) can be a row of letters: thin strokes along the whole line."""
    within = mask & window.inside
    area = int(window.inside.sum())
    if not _FILL[0] * area < within.sum() < _FILL[1] * area:
        return False
    _, _, width, height = bounding_box(mask)
    if max(width, height) < _SPAN * max(bounding_box(window.inside)[2:]):
        return False
    stroke_px = 4 * float(np.median(depth(np.pad(mask, 1))[1:-1, 1:-1][mask]))
    return stroke_px <= _MAX_STROKE * window.height_px


def _mixes_scripts(string: str) -> bool:
    """True if words contain Greek letters, which the recogniser reports for Cyrillic and Greek text."""
    return any(
        len(word) >= 3 and any("GREEK" in unicodedata.name(character, "") for character in word)
        for word in string.split()
    )
