"""Recognises the typeface of a text layer from its letters."""

from collections.abc import Sequence

import numpy as np

from lamina.core.layers import Layer, TextLine
from lamina.core.text_styles import Typeface
from lamina.engines.typefaces.alignment import SeenLetter, SeenLine, align
from lamina.engines.typefaces.confidence import confidence
from lamina.engines.typefaces.index import Floats, TypefaceIndex, typeface_index
from lamina.engines.typefaces.lines import line_coverage
from lamina.engines.typefaces.scoring import face_scores
from lamina.engines.typefaces.segments import line_segments
from lamina.engines.typefaces.voting import voted_traits

_ENOUGH_LETTERS = 36
_MIN_LETTERS = 3
_LINE_PLACES = 1_000_000  # between the places of letters in different lines
_ALTERNATIVES = 4
_SAME_SIZE = 0.75  # of the em size of the main line: smaller lines may be in another typeface
_NAMED = 0.3  # confidence from which on a family is named


def match_typeface(layer: Layer, index: TypefaceIndex | None = None) -> Typeface | None:
    """The typeface of a text layer; None if too few of its letters can be told apart.

    `index`: of the typefaces to compare with; None is that of the package.
    """
    index = index or typeface_index()
    letters = seen_letters(layer, index)
    if len(letters) < _MIN_LETTERS:
        return None
    return judged(letters, index)


def seen_letters(layer: Layer, index: TypefaceIndex) -> list[SeenLetter]:
    """The letters of a layer's main lines that could be told apart, at most 36."""
    letters: list[SeenLetter] = []
    for number, line in enumerate(_main_lines(layer.text)):
        coverage = line_coverage(layer, line)
        if coverage is not None:
            seen = SeenLine(line.string, coverage, line_segments(coverage))
            letters += align(seen, index, first=number * _LINE_PLACES)
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


def judged(letters: Sequence[SeenLetter], index: TypefaceIndex) -> Typeface:
    """The typeface of some letters: a family of the index if one is close enough, else its traits alone."""
    scores = face_scores(letters, index)
    families = family_scores(scores, index)
    order = np.argsort(-families)[: _ALTERNATIVES + 1]
    sure = confidence(families, len(letters))
    names = [index.family_names[at] for at in order]
    if sure >= _NAMED:
        best = int(order[0])
        face = int(np.where(index.families == best, scores, -np.inf).argmax())
        return Typeface(
            family=names[0],
            confidence=round(sure, 3),
            weight=int(index.weights[face]),
            is_italic=bool(index.italics[face]),
            type_class=index.family_classes[best],
            alternatives=tuple(names[1:]),
        )
    type_class, weight, is_italic = voted_traits(letters, scores, index)
    return Typeface(
        family="",
        confidence=round(sure, 3),
        weight=weight,
        is_italic=is_italic,
        type_class=type_class,
        alternatives=tuple(names[:_ALTERNATIVES]),
    )


def family_scores(scores: Floats, index: TypefaceIndex) -> Floats:
    """(families): the score of the best face of each."""
    families = np.full(len(index.family_names), -np.inf, np.float32)
    np.maximum.at(families, index.families, scores)
    return families
