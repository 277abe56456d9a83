"""The patches of even colour that one cut-out is made of, and which touch which."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.raster import Labels, Mask, Rgb, Values, components, depth, lab, spread_from, sums_by_label

_MIN_PATCH_PX = 12
_SLIVER_DEPTH_PX = 1.5  # a patch nowhere deeper is a bit of a soft edge
MAX_PATCHES = 10  # there are two to that power ways to part them
_STROKE_WIDTH = 0.07  # of the cut-out's size: thinner and long means a drawn line
_ENCLOSED = 0.8  # share of a patch's outline on one other patch that makes it a detail of it
_DETAIL_SHARE = 0.012  # of the cut-out's area


@dataclass(frozen=True, eq=False)
class Patches:
    """`fine` (h, w): every even patch, 1..m, 0 outside the cut-out; `labels` (h, w): details joined to their holders.

    `lines` (h, w): drawn lines and seams, which belong to no patch of their own.
    `touch` (n + 1, n + 1): pixels of common border of the n joined patches; row and column 0 are the outside.
    `areas` (n + 1,) in pixels. `colours` (n + 1, 3): mean CIE L*a*b*.
    """

    fine: Labels
    labels: Labels
    lines: Mask
    touch: NDArray[np.int64]
    areas: NDArray[np.int64]
    colours: Values

    def __len__(self) -> int:
        return len(self.areas) - 1


@dataclass(frozen=True, eq=False)
class Even:
    """The even patches of one cut-out before any are joined: `labels` and `lines` as `Patches.fine` and its lines."""

    labels: Labels
    lines: Mask

    def __len__(self) -> int:
        return int(self.labels.max())


def patches_of(rgb: Rgb, mask: Mask, smooth: Mask) -> Patches:
    """The patches of one cut-out; `rgb` (h, w, 3), `mask` and `smooth` (h, w) in its window."""
    return joined(rgb, even_patches(mask, smooth))


def joined(rgb: Rgb, even: Even) -> Patches:
    """At most `MAX_PATCHES`, unless they meet at corners only; time and memory grow with the square of `even`."""
    graph = _Graph(even.labels, lab(rgb))
    for rule in (_enclosed, _detail, _most_alike):
        while (pair := rule(graph)) is not None:
            graph.join(*pair)
    return graph.patches(even.labels, even.lines)


def even_patches(mask: Mask, smooth: Mask) -> Even:
    """Every pixel of the mask takes the nearest even patch that is more than a drawn line; and the lines."""
    even = smooth & mask
    parts = components(even, connectivity=4)
    inward = depth(even)
    size = np.sqrt(mask.sum())
    number = np.zeros(len(parts), np.int32)
    for label in range(1, len(parts)):
        if parts.areas[label] < _MIN_PATCH_PX:
            continue
        window = parts.window(label)
        depths = inward[window][parts.labels[window] == label]
        if depths.max() <= _SLIVER_DEPTH_PX:
            continue
        width = 4 * float(depths.mean())
        is_line = width < _STROKE_WIDTH * size and parts.areas[label] > 12 * width * width
        number[label] = 0 if is_line else number.max() + 1
    seeds = number[parts.labels]
    if not seeds.any():
        return Even(mask.astype(np.int32), mask & ~mask)
    labels = np.where(mask, spread_from(seeds, seeds > 0), 0).astype(np.int32)
    return Even(labels, mask & (seeds == 0))


class _Graph:
    """Patches as nodes: their areas, colour sums and common borders, while they are joined."""

    def __init__(self, labels: Labels, colours: Values) -> None:
        flat = labels.ravel()
        count = int(flat.max()) + 1
        self.areas = np.bincount(flat, minlength=count)
        self.sums = sums_by_label(flat, colours, count)
        self.touch = touching(labels)
        self.holder = np.arange(count)

    @property
    def alive(self) -> list[int]:
        """The patches that are left, small before large."""
        own = np.flatnonzero(self.holder == np.arange(len(self.holder)))
        return sorted((int(i) for i in own if i > 0), key=lambda i: self.areas[i])

    def join(self, patch: int, other: int) -> None:
        """Makes `patch` a part of `other`."""
        self.touch[other] += self.touch[patch]
        self.touch[:, other] += self.touch[:, patch]
        self.touch[patch] = self.touch[:, patch] = 0
        self.touch[other, other] = 0
        self.areas[other] += self.areas[patch]
        self.sums[other] += self.sums[patch]
        self.areas[patch] = 0
        self.holder[self.holder == patch] = other

    def patches(self, fine: Labels, lines: Mask) -> Patches:
        order = [0, *sorted(self.alive)]
        number = np.zeros(len(self.holder), np.int32)
        number[order] = np.arange(len(order))
        colours = self.sums[order] / np.maximum(self.areas[order], 1)[:, None]
        touch = self.touch[np.ix_(order, order)]
        return Patches(fine, number[self.holder][fine], lines, touch, self.areas[order], colours)


def touching(labels: Labels) -> NDArray[np.int64]:
    """(n, n): how many pairs of neighbouring pixels each two labels share; beyond the picture counts as 0."""
    labels = np.pad(labels, 1)
    count = int(labels.max()) + 1
    across = labels[:, 1:].astype(np.int64) * count + labels[:, :-1]
    down = labels[1:].astype(np.int64) * count + labels[:-1]
    pairs = np.bincount(across.ravel(), minlength=count * count) + np.bincount(down.ravel(), minlength=count * count)
    touch = pairs.reshape(count, count)
    touch = touch + touch.T
    np.fill_diagonal(touch, 0)
    return touch


_Rule = Callable[[_Graph], tuple[int, int] | None]


def _enclosed(graph: _Graph) -> tuple[int, int] | None:
    """A patch that lies within another."""
    for patch in graph.alive:
        other = int(graph.touch[patch, 1:].argmax()) + 1
        if graph.touch[patch, other] > _ENCLOSED * max(1, int(graph.touch[patch].sum())):
            return patch, other
    return None


def _detail(graph: _Graph) -> tuple[int, int] | None:
    """A patch too small to be a thing of its own."""
    patch = graph.alive[0]
    other = int(graph.touch[patch, 1:].argmax()) + 1
    if graph.areas[patch] < _DETAIL_SHARE * graph.areas[1:].sum() and graph.touch[patch, other] > 0:
        return patch, other
    return None


def _most_alike(graph: _Graph) -> tuple[int, int] | None:
    """The likeliest two parts of one thing, while there are too many to think about."""
    alive = graph.alive
    if len(alive) <= MAX_PATCHES:
        return None
    outline = graph.touch.sum(1)
    best: tuple[float, int, int] | None = None
    for index, one in enumerate(alive):
        for other in alive[index + 1 :]:
            if graph.touch[one, other]:
                shared = graph.touch[one, other] / min(outline[one], outline[other])
                apart = np.linalg.norm(graph.sums[one] / graph.areas[one] - graph.sums[other] / graph.areas[other])
                cost = float(apart * np.sqrt(graph.areas[one]) / shared)
                best = min(best or (cost, one, other), (cost, one, other))
    return None if best is None else best[1:]
