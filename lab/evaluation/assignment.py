"""The one-to-one assignment with the largest sum of scores."""

import numpy as np
from numpy.typing import NDArray


def best_assignment(scores: NDArray[np.float64]) -> list[int]:
    """For every row of `scores` (rows, columns) its column, or -1 for rows that are left over.

    The Hungarian method by shortest augmenting paths (Jonker and Volgenant 1987), exact, cubic in the longer side.
    """
    rows, columns = scores.shape
    if rows > columns:
        row_of_column = best_assignment(scores.T)
        taken = {row: column for column, row in enumerate(row_of_column)}
        return [taken.get(row, -1) for row in range(rows)]
    costs = np.pad(scores.max() - scores, ((1, 0), (1, 0)))  # row and column 0 stand for "none yet"
    row_prices, column_prices = np.zeros(rows + 1), np.zeros(columns + 1)
    owner = np.zeros(columns + 1, int)
    for row in range(1, rows + 1):
        owner[0] = row
        _augment(costs, row_prices, column_prices, owner)
    column_of = {int(row): column - 1 for column, row in enumerate(owner) if column > 0 and row > 0}
    return [column_of[row] for row in range(1, rows + 1)]


def _augment(
    costs: NDArray[np.float64],
    row_prices: NDArray[np.float64],
    column_prices: NDArray[np.float64],
    owner: NDArray[np.int_],
) -> None:
    """Finds a column for the row in `owner[0]`, moving other rows along the cheapest path; changes all but `costs`."""
    slack = np.full(len(owner), np.inf)
    came_from = np.zeros(len(owner), int)
    is_on_path = np.zeros(len(owner), bool)
    column = 0
    while owner[column]:
        is_on_path[column] = True
        reduced = costs[owner[column]] - row_prices[owner[column]] - column_prices
        is_nearer = ~is_on_path & (reduced < slack)
        slack[is_nearer], came_from[is_nearer] = reduced[is_nearer], column
        column = int(np.argmin(np.where(is_on_path, np.inf, slack)))
        step = slack[column]
        row_prices[owner[is_on_path]] += step
        column_prices[is_on_path] -= step
        slack[~is_on_path] -= step
    while column:
        owner[column] = owner[came_from[column]]
        column = int(came_from[column])
