"""Selects the set of candidates that is worth most: a search over sets instead of one choice after the other."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAX_MOVES = 200
_MAX_ROUNDS = 6
_MIN_VISIBLE = 0.2  # of a candidate: less of it, and the things in front of it are its parts
_MIN_GAIN = 1e-6
_MAX_REPLACEMENTS = 4  # candidates that may take the place of one

Indices = list[int]


@dataclass(frozen=True, eq=False)
class Worth:
    """The worth of a set: the sum of `own` (n,) over its members less `loss` (n, n) for each pair of them."""

    own: NDArray[np.floating[Any]]
    loss: NDArray[np.floating[Any]]

    def of(self, chosen: Indices) -> float:
        """The worth of a set of indices."""
        return float(self.own[chosen].sum() - self.loss[np.ix_(chosen, chosen)].sum() / 2)

    def gains(self, chosen: Indices) -> NDArray[np.floating[Any]]:
        """(n,): how much each candidate would add to the set; meaningless for its members."""
        return self.own - self.loss[:, chosen].sum(1)


def select(worth: Worth, limit: int) -> Indices:
    """At most `limit` indices, in ascending order.

    A local search from the empty set: it adds, drops, swaps, replaces one by several and several by one as long as the
    worth rises. Deterministic.
    """
    chosen: Indices = []
    value = 0.0
    for _ in range(_MAX_MOVES):
        moves = [move for move in _moves(worth, chosen, limit) if len(move) <= limit]
        values = [worth.of(move) for move in moves]
        if not values or max(values) <= value + _MIN_GAIN:
            break
        value = max(values)
        chosen = moves[values.index(value)]
    return sorted(chosen)


def select_visible(worth: Worth, masks: NDArray[np.bool_], ranks: NDArray[np.floating[Any]], limit: int) -> Indices:
    """At most `limit` indices, front first, of candidates that are still visible under those in front of them.

    `masks` (n, pixels). `ranks` (n,): candidates of lower rank lie in front. A candidate that the others use up, such
    as a thing all of whose parts are chosen, is left out, and the search repeated.
    """
    own = worth.own.copy()
    order: Indices = []
    for _ in range(_MAX_ROUNDS):
        order = sorted(select(Worth(own, worth.loss), limit), key=lambda index: float(ranks[index]))
        taken = np.zeros(masks.shape[1], bool)
        visible: list[float] = []
        for index in order:
            visible.append(float((masks[index] & ~taken).sum() / max(1, masks[index].sum())))
            taken |= masks[index]
        if not order or min(visible) >= _MIN_VISIBLE:
            break
        own[order[visible.index(min(visible))]] = -np.inf
    return order


def _moves(worth: Worth, chosen: Indices, limit: int) -> list[Indices]:
    """The sets that one step leads to."""
    is_out = np.ones(len(worth.own), bool)
    is_out[chosen] = False
    moves: list[Indices] = []
    gains = np.where(is_out, worth.gains(chosen), -np.inf)
    if len(chosen) < limit and gains.max(initial=-np.inf) > -np.inf:
        moves.append([*chosen, int(np.argmax(gains))])
    for index in np.flatnonzero(is_out).tolist():
        rivals = [other for other in chosen if worth.loss[index, other] > 0]
        if rivals:
            moves.append([*(other for other in chosen if other not in rivals), index])
    for position in range(len(chosen)):
        rest = chosen[:position] + chosen[position + 1 :]
        moves.append(rest)
        replaced = list(rest)
        for _ in range(_MAX_REPLACEMENTS):
            if len(replaced) >= limit:
                break
            gains = worth.gains(replaced)
            gains[[*replaced, chosen[position]]] = -np.inf
            best = int(np.argmax(gains))
            if gains[best] == -np.inf:
                break
            replaced = [*replaced, best]
            moves.append(replaced)
            if gains[best] <= 0:
                break
    return moves
