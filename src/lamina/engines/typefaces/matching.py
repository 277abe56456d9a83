"""Recognises the typeface of a text layer from its letters."""

from collections.abc import Sequence

import numpy as np

from lamina.core.layers import Layer, TextLine
from lamina.core.text_styles import Typeface, TypefaceClass
from lamina.engines.typefaces.alignment import SeenLetter, align
from lamina.engines.typefaces.index import Floats, TypefaceIndex, typeface_index
from lamina.engines.typefaces.lines import line_coverage
from lamina.engines.typefaces.scoring import face_scores
from lamina.engines.typefaces.segments import line_segments

_ENOUGH_LETTERS = 48
_MIN_LETTERS = 3
_ALTERNATIVES = 4
_SAME_SIZE = 0.75  # of the em size of the main line: smaller lines may be in another typeface
_FAMILY_TEMPERATURE, _VOTE_TEMPERATURE = 6.0, 12.0
_WEIGHTS = np.arange(100, 901, 100)


def match_typeface(layer: Layer) -> Typeface | None:
    """The typeface of a text layer; None if too few of its letters can be told apart."""
    index = typeface_index()
    letters = seen_letters(layer, index)
    if len(letters) < _MIN_LETTERS:
        return None
    return judged(face_scores(letters, index), index)


def seen_letters(layer: Layer, index: TypefaceIndex) -> list[SeenLetter]:
    """The letters of a layer's main lines that could be told apart, at most about 48."""
    letters: list[SeenLetter] = []
    for line in _main_lines(layer.text):
        coverage = line_coverage(layer, line)
        if coverage is not None:
            letters += align(line.string, line_segments(coverage), index)
        if len(letters) >= _ENOUGH_LETTERS:
            break
    return letters[:_ENOUGH_LETTERS]


def _main_lines(lines: Sequence[TextLine]) -> list[TextLine]:
    """The lines that were read and are about as large as the one with the largest area, the longest first."""
    read = [line for line in lines if line.string.strip()]
    if not read:
        return []
    main = max(read, key=lambda line: line.size_px**2 * len(line.string))
    same = [line for line in read if _SAME_SIZE * main.size_px <= line.size_px <= main.size_px / _SAME_SIZE]
    return sorted(same, key=lambda line: -len(line.string))


def judged(scores: Floats, index: TypefaceIndex) -> Typeface:
    """The typeface that scores of faces speak for."""
    families = np.full(len(index.family_names), -np.inf, np.float32)
    np.maximum.at(families, index.families, scores)
    order = np.argsort(-families)
    shares = _softmax(families / _FAMILY_TEMPERATURE)
    votes = _softmax(scores / _VOTE_TEMPERATURE)
    names = [index.family_names[at] for at in order[: _ALTERNATIVES + 1]]
    return Typeface(
        family=names[0],
        confidence=float(shares[order[0]]),
        weight=int(round(float(votes @ index.weights) / 100) * 100),
        is_italic=bool(votes @ index.italics > 0.5),
        type_class=_class(votes, index),
        alternatives=tuple(names[1:]),
    )


def _class(votes: Floats, index: TypefaceIndex) -> TypefaceClass:
    totals = dict.fromkeys(TypefaceClass, 0.0)
    for family, vote in zip(index.families.tolist(), votes.tolist(), strict=True):
        totals[index.family_classes[family]] += vote
    return max(totals, key=totals.__getitem__)


def _softmax(values: Floats) -> Floats:
    shares = np.exp(values - values.max())
    return (shares / shares.sum()).astype(np.float32)
