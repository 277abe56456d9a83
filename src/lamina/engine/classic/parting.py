"""Parts a cut-out that shows several overlapping things into those things."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lamina.engine.classic.gestalt import MEASURES, partings
from lamina.engine.classic.raster import Mask, Rgb
from lamina.engine.classic.regions import patches_of

_MAX_THINGS = 4


def parted(rgb: Rgb, mask: Mask, smooth: Mask) -> list[Mask]:
    """The things that one connected cut-out shows: masks (h, w) that add up to `mask`, one where nothing overlaps.

    `rgb` (h, w, 3), `mask` and `smooth` (h, w) in the cut-out's window.
    """
    things, done = [mask], 0
    while done < len(things) < _MAX_THINGS:
        halves = _halves(rgb, things[done], smooth)
        if halves is None:
            done += 1
        else:
            things[done : done + 1] = halves
    return things


def _halves(rgb: Rgb, mask: Mask, smooth: Mask) -> list[Mask] | None:
    patches = patches_of(rgb, mask, smooth)
    if len(patches) < 2:
        return None
    ways = partings(patches)
    if not len(ways.sides):
        return None
    merits = judgement().merits(ways.measures)
    best = int(merits.argmax())
    if merits[best] <= 0:
        return None
    first = np.concatenate([[False], ways.sides[best]])[patches.labels]
    return [first & mask, mask & ~first]


@dataclass(frozen=True, eq=False)
class Judgement:
    """How much better a parting is than none: a quadratic form of the standardised measures, above 0 for better.

    Fitted by scripts/fit_parting.py on drawn posters that no figure is measured on.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    bias: float
    linear: NDArray[np.float64]
    quadratic: NDArray[np.float64]

    def merits(self, measures: NDArray[np.float64]) -> NDArray[np.float64]:
        """(m,): the merit of each parting; `measures` (m, len(MEASURES)) as `gestalt.partings` gives them."""
        x = np.clip((measures - self.mean) / self.scale, -4, 4)
        return self.bias + x @ self.linear + np.einsum("mi,ij,mj->m", x, self.quadratic, x)


@cache
def judgement() -> Judgement:
    """The fitted judgement that comes with the package."""
    stored = json.loads(Path(__file__).with_name("parting.json").read_text("utf-8"))
    if stored["measures"] != list(MEASURES):
        raise ValueError("parting.json was fitted for other measures: run scripts/fit_parting.py")
    arrays = {key: np.array(stored[key]) for key in ("mean", "scale", "linear", "quadratic")}
    return Judgement(bias=float(stored["bias"]), **arrays)
