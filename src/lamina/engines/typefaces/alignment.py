"""Tells which letter of a line's text each part of its picture shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lamina.engines.typefaces.cutting import cut_letters
from lamina.engines.typefaces.index import Floats, Integers, TypefaceIndex
from lamina.engines.typefaces.shapes import Coverage, LetterShape

_COMPONENTS = 30  # of shapes that tell letters apart
_SIZE_SHARE = 0.5  # of the costs of sizes
_SKIPPED_LETTER, _SKIPPED_PART, _UNKNOWN_LETTER = 1.6, 2.2, 2.0  # costs; that of a letter in a usual typeface is 1
_MAX_COST = 4.0  # of a part that is still taken for a letter
_MAX_LETTERS = 160  # of a line
_ENOUGH = 8  # letters of a line with which no parts are cut


@dataclass(frozen=True, slots=True, eq=False)
class SeenLetter:
    """`column`: the number of the character in the index. `place`: in the string; letters of different lines are far
    apart. `components`: (P), of the shape.
    """

    column: int
    place: int
    shape: LetterShape
    components: Floats
    is_cut: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class SeenLine:
    """`parts`: of the picture of the line, which do not touch one another, from left to right."""

    string: str
    coverage: Coverage
    parts: Sequence[LetterShape]


def align(line: SeenLine, index: TypefaceIndex, first: int = 0) -> list[SeenLetter]:
    """The parts of a line, from left to right, that are known letters of its text. `first`: the place of the first.

    Parts that show several letters, or a piece of one, are left out, or cut if there is little else.
    """
    places = [place for place, character in enumerate(line.string, first) if not character.isspace()]
    columns = [index.column(line.string[place - first]) for place in places]
    shapes = line.parts
    if not shapes or max(columns, default=-1) < 0 or max(len(columns), len(shapes)) > _MAX_LETTERS:
        return []
    components = index.components(np.stack([shape.cells for shape in shapes]))
    costs = _costs(columns, shapes, components, index)
    pairs = [pair for pair in _cheapest(costs) if costs[pair] <= _MAX_COST]
    seen = [
        SeenLetter(columns[letter], places[letter], shapes[part], components[part])
        for part, letter in pairs
        if columns[letter] >= 0
    ]
    if len(seen) < _ENOUGH:
        seen += _cut(line, pairs, columns, places, index)
    return sorted(seen, key=lambda letter: letter.place)


def _cut(
    line: SeenLine,
    pairs: Sequence[tuple[int, int]],
    columns: Sequence[int],
    places: Sequence[int],
    index: TypefaceIndex,
) -> list[SeenLetter]:
    """The letters of parts that show several."""
    ends = [(-1, -1), *pairs, (len(line.parts), len(columns))]
    found: list[SeenLetter] = []
    for (part, letter), (next_part, next_letter) in pairwise(ends):
        parts, letters = line.parts[part + 1 : next_part], range(letter + 1, next_letter)
        if not 0 < len(parts) < len(letters):
            continue
        run = [columns[at] for at in letters], [places[at] for at in letters]
        for at, shape in zip(letters, cut_letters(line.coverage, parts, *run, index), strict=True):
            if shape is None or columns[at] < 0:
                continue
            components = index.components(shape.cells[None])
            if _unlikeness(components, np.array([columns[at]]), index).item() <= _MAX_COST:
                found.append(SeenLetter(columns[at], places[at], shape, components[0], is_cut=True))
    return found


def _costs(columns: Sequence[int], shapes: Sequence[LetterShape], components: Floats, index: TypefaceIndex) -> Floats:
    """(parts, letters): how unlike a part is to a letter."""
    used = np.array(columns)
    costs = _unlikeness(components, used, index)
    sizes = np.log([(shape.width, shape.height) for shape in shapes])
    usual = index.usual_log_sizes[used]
    steps = np.linspace(0.05, 0.95, 19)
    scale = (
        np.median(np.quantile(sizes[:, 1], steps) - np.quantile(usual[used >= 0][:, 1], steps))
        if (used >= 0).any()
        else 0
    )
    apart = (sizes[:, None] - scale - usual[None]) / np.maximum(index.size_spreads[used], 0.08)
    costs += _SIZE_SHARE * np.minimum(apart**2, 9.0).mean(-1)
    costs[:, used < 0] = _UNKNOWN_LETTER
    return costs.astype(np.float32)


def _unlikeness(components: Floats, columns: Integers, index: TypefaceIndex) -> Floats:
    """(parts, letters): the mean squared difference of shapes from the usual ones, compared with that of typefaces."""
    away = (components[:, None] - index.usual_components[columns]) / index.spreads
    return np.asarray((away[..., :_COMPONENTS] ** 2).mean(-1), np.float32)


def _cheapest(costs: Floats) -> list[tuple[int, int]]:
    """The pairs of part and letter, in order, whose costs with those of all that is skipped are least."""
    rows, columns = costs.shape
    best = np.zeros((rows + 1, columns + 1))
    best[:, 0] = _SKIPPED_PART * np.arange(rows + 1)
    best[0] = _SKIPPED_LETTER * np.arange(columns + 1)
    table, price = best.tolist(), costs.tolist()
    for row in range(1, rows + 1):
        above, here, own = table[row - 1], table[row], price[row - 1]
        for column in range(1, columns + 1):
            here[column] = min(
                above[column - 1] + own[column - 1], above[column] + _SKIPPED_PART, here[column - 1] + _SKIPPED_LETTER
            )
    pairs: list[tuple[int, int]] = []
    row, column = rows, columns
    while row and column:
        if table[row][column] == table[row - 1][column - 1] + price[row - 1][column - 1]:
            row, column = row - 1, column - 1
            pairs.append((row, column))
        elif table[row][column] == table[row - 1][column] + _SKIPPED_PART:
            row -= 1
        else:
            column -= 1
    return pairs[::-1]
