"""Tells from the distances of letters whether a typeface is monospaced."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from lamina.engines.typefaces.alignment import SeenLetter

_LEAST_PAIRS = 4
_LEAST_PX = 0.3  # by which measured distances differ anyway


def pitch_evenness(letters: Sequence[SeenLetter]) -> float:
    """The logarithm of how much more the gaps between adjacent letters differ than the distances of their middles.

    Above 0 in monospaced typefaces, in which wide letters have narrow gaps; below 0 in others; 0 if it is unknown.
    """
    sizes: list[tuple[float, float]] = []
    for before, after in pairwise(letters):
        if after.place == before.place + 1:
            distance = after.shape.left - before.shape.left + (after.shape.width - before.shape.width) / 2
            sizes.append((distance, (after.shape.width + before.shape.width) / 2))
    if len(sizes) < _LEAST_PAIRS:
        return 0.0
    distances, widths = np.array(sizes).T
    if distances.min() <= 0:
        return 0.0
    differences = float(np.hypot(distances.std(), _LEAST_PX)), float(np.hypot((distances - widths).std(), _LEAST_PX))
    return float(np.log(differences[1] / differences[0]))
