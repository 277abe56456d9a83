"""Merges neighbouring atoms step by step, the most similar first: a binary partition tree.

After Salembier and Garrido, "Binary partition tree as an efficient representation for image processing" (2000).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.atoms import Atoms

_MAX_LEAVES = 260  # the cost of a merge is linear in the number of leaves
_ENCLOSED_WEIGHT = 0.8  # how much cheaper a merge is across a border that is all of the smaller region's outline
_LEAST_COST = 0.5


@dataclass(frozen=True, eq=False)
class MergedRegion:
    """`members`: indices of the atoms. `persistence`: logarithm of the cost of the next merge over that of its own."""

    members: list[int]
    area: int
    persistence: float


def merge_tree(atoms: Atoms, is_ground: NDArray[np.bool_]) -> list[MergedRegion]:
    """Every region that arises, except single atoms; atoms of the background take no part.

    A merge costs the difference of the mean colours times the root of the smaller area, less where the smaller region
    is enclosed by the other. Small atoms beyond the largest are merged into a neighbour first and are no regions.
    """
    groups, touch, areas, colours = _leaves(atoms, is_ground)
    count = len(groups)
    if count < 2:
        return []
    outline = touch.sum(1).astype(float)
    inner = touch[:count, :count].astype(float)
    costs = np.full((count, count), np.inf)
    for index in range(count):
        costs[index] = _costs(index, inner, outline, areas, colours)
    costs = np.minimum(costs, costs.T)
    born = np.full(count, _LEAST_COST)
    members: list[list[int]] = [list(group) for group in groups]
    is_leaf = [True] * count
    merged: list[MergedRegion] = []
    for _ in range(count - 1):
        first, second = divmod(int(np.argmin(costs)), count)
        cost = float(costs[first, second])
        if not np.isfinite(cost):
            break
        for index in (first, second):
            if not is_leaf[index]:
                persistence = float(np.log(max(cost, born[index]) / born[index]))
                merged.append(MergedRegion(members[index], int(areas[index]), persistence))
        _join(first, second, inner=inner, outline=outline, areas=areas, colours=colours)
        members[first] = members[first] + members[second]
        is_leaf[first], born[first] = False, max(cost, born[first], born[second])
        costs[second], costs[:, second] = np.inf, np.inf
        costs[first] = _costs(first, inner, outline, areas, colours)
        costs[first, second] = np.inf
        costs[:, first] = costs[first]
    alive = np.flatnonzero(areas > 0)
    merged += [MergedRegion(members[i], int(areas[i]), 3.0) for i in alive.tolist() if not is_leaf[i]]
    return merged


def _leaves(
    atoms: Atoms, is_ground: NDArray[np.bool_]
) -> tuple[list[list[int]], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """The largest atoms with the small ones that touch them most; their borders (n, n + 1), the last the ground's."""
    own = np.flatnonzero(~is_ground)
    order = own[np.argsort(-atoms.areas[own], kind="stable")]
    large, small = order[:_MAX_LEAVES], order[_MAX_LEAVES:]
    holder = np.full(len(atoms), len(large))
    holder[large] = np.arange(len(large))
    for index in small.tolist():
        borders = atoms.touch[index, large]
        if len(large) and borders.max() > 0:
            holder[index] = int(borders.argmax())
    groups: list[list[int]] = [np.flatnonzero(holder == number).tolist() for number in range(len(large))]
    membership = np.zeros((len(atoms), len(large) + 1))
    membership[np.arange(len(atoms)), holder] = 1
    touch = membership.T @ atoms.touch @ membership
    np.fill_diagonal(touch, 0)
    areas = (membership.T @ atoms.areas)[: len(large)]
    sums = membership.T @ (atoms.colours * atoms.areas[:, None])
    colours = sums[: len(large)] / np.maximum(areas, 1)[:, None]
    return groups, touch[: len(large)].astype(np.int64), areas.astype(float), colours


def _costs(
    index: int,
    inner: NDArray[np.float64],
    outline: NDArray[np.float64],
    areas: NDArray[np.float64],
    colours: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(n,): cost of merging one region with each of the others; infinite where they do not touch."""
    distance = np.linalg.norm(colours - colours[index], axis=1)
    is_smaller = areas < areas[index]
    smaller_outline = np.where(is_smaller, outline, outline[index])
    shared = inner[index] / np.maximum(smaller_outline, 1)
    root = np.sqrt(np.minimum(areas, areas[index]))
    cost = (distance + 1) * root * (1 - _ENCLOSED_WEIGHT * np.clip(shared, 0, 1)) / np.maximum(shared, 0.05) ** 0.5
    cost[(inner[index] <= 0) | (areas <= 0)] = np.inf
    cost[index] = np.inf
    return np.maximum(cost, _LEAST_COST)


def _join(
    first: int,
    second: int,
    *,
    inner: NDArray[np.float64],
    outline: NDArray[np.float64],
    areas: NDArray[np.float64],
    colours: NDArray[np.float64],
) -> None:
    """Merges the second region into the first, in place."""
    total = areas[first] + areas[second]
    colours[first] = (colours[first] * areas[first] + colours[second] * areas[second]) / total
    outline[first] += outline[second] - 2 * inner[first, second]
    areas[first], areas[second] = total, 0
    inner[first] += inner[second]
    inner[:, first] = inner[first]
    inner[first, first] = 0
    inner[second], inner[:, second] = 0, 0
