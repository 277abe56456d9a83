"""Tells which letter of a line's text each part of its picture shows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina.engines.typefaces.index import Floats, TypefaceIndex
from lamina.engines.typefaces.shapes import LetterShape

_COMPONENTS = 30  # of shapes that tell letters apart
_SIZE_SHARE = 0.5  # of the costs of sizes
_SKIPPED_LETTER, _SKIPPED_PART, _UNKNOWN_LETTER = 1.6, 2.2, 2.0  # costs; that of a letter in a usual typeface is 1
_MAX_COST = 4.0  # of a part that is still taken for a letter
_MAX_LETTERS = 160  # of a line


@dataclass(frozen=True, slots=True, eq=False)
class SeenLetter:
    """`column`: the number of the character in the index. `place`: in the string; letters of different lines are far
    apart. `components`: (P), of the shape.
    """

    column: int
    place: int
    shape: LetterShape
    components: Floats


def align(string: str, shapes: Sequence[LetterShape], index: TypefaceIndex, first: int = 0) -> list[SeenLetter]:
    """The parts of a line, from left to right, that are known letters of its text.

    Parts that show several letters, or a piece of one, are left out. `first`: the place of the first character.
    """
    places = [place for place, character in enumerate(string, first) if not character.isspace()]
    columns = [index.column(string[place - first]) for place in places]
    if not shapes or not columns or max(len(columns), len(shapes)) > _MAX_LETTERS:
        return []
    components = index.components(np.stack([shape.cells for shape in shapes]))
    costs = _costs(columns, shapes, components, index)
    return [
        SeenLetter(columns[letter], places[letter], shapes[part], components[part])
        for part, letter in _cheapest(costs)
        if columns[letter] >= 0 and costs[part, letter] <= _MAX_COST
    ]


def _costs(columns: Sequence[int], shapes: Sequence[LetterShape], components: Floats, index: TypefaceIndex) -> Floats:
    """(parts, letters): how unlike a part is to a letter."""
    used = np.array(columns)
    away = (components[:, None] - index.usual_components[used][None]) / index.spreads
    costs = (away[..., :_COMPONENTS] ** 2).mean(-1)
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
