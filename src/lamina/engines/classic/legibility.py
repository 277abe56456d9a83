"""Which readings are to be believed, and which of what could not be read is text all the same."""

import unicodedata

import numpy as np

from lamina.engines.classic.neighbourhood import Neighbourhood
from lamina.engines.classic.ocr import Reading, sides
from lamina.engines.classic.raster import Mask, bounds, depth

# Measured with benchmarks/reading.py on lines of 15 scripts in 40 typefaces. The recogniser knows Latin and Chinese
# characters, kana, and of Greek the letters that formulas need.
_SURE = 0.92  # right readings have 0.93 and more, of other scripts nearly all have less
_MOST_MISSED = 0.12  # of the inked columns: right readings miss none, of other scripts most miss a third and more
_LEAST_CERTAINTY = 0.6  # that what was not read is text
_OBLONG = 2.4  # rows of letters are; stars, wheels and faces, in which the detector sees text, are not
_THICK = 0.36  # of the line's height: no typeface's strokes are as thick
_SPAN = 0.6  # of the line that its letters must reach over
_SHARED = frozenset("ABCEHIJKMNOPSTXYZaceiopsxy")  # letters that Cyrillic or Greek have too, by their looks
_FILL = 0.04, 0.65  # of the line that letters take


def is_plausible(string: str, score: float) -> bool:
    """False for drawings read as stray letters: unsure, or a lone sign that is no ideograph."""
    letters = [sign for sign in string if unicodedata.category(sign)[0] in "LN"]
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


def is_believable(string: str, score: float, missed: float) -> bool:
    """True if a plausible reading is likely to be what the line says: sure, whole, and in one script.

    `missed`: see `recognition.Said.missed`.
    """
    return score >= _SURE and missed <= _MOST_MISSED and not _mixes_scripts(string)


def may_be_of_another_script(string: str) -> bool:
    """True if every letter looks like one of Cyrillic or Greek too, so that the recogniser reads those as Latin."""
    letters = [sign for sign in string if unicodedata.category(sign)[0] == "L"]
    return bool(letters) and _SHARED.issuperset(letters)


def may_be_text(reading: Reading) -> bool:
    """True if a line that cannot be read is rather text than a drawing, by what the detector says of it."""
    width, height = sides(reading.quad)
    return reading.certainty >= _LEAST_CERTAINTY and width >= _OBLONG * height


def looks_like_letters(near: Neighbourhood, mask: Mask) -> bool:
    """True if the mask (of the line's window) may be a row of letters: thin strokes all along the line."""
    within = mask & near.inside
    area = int(near.inside.sum())
    if not _FILL[0] * area < within.sum() < _FILL[1] * area:
        return False
    _, _, width, height = bounds(mask)
    if max(width, height) < _SPAN * max(bounds(near.inside)[2:]):
        return False
    stroke_px = 4 * float(np.median(depth(np.pad(mask, 1))[1:-1, 1:-1][mask]))
    return stroke_px <= _THICK * near.height_px


def _mixes_scripts(string: str) -> bool:
    """True if Greek letters stand within words: what the recogniser makes of Cyrillic, and of Greek itself."""
    return any(
        len(word) >= 3 and any("GREEK" in unicodedata.name(sign, "") for sign in word) for word in string.split()
    )
