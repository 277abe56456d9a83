"""Segments a cut-out into patches of even colour, and merges details."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.raster import (
    Labels,
    Mask,
    Rgb,
    Values,
    components,
    depth,
    lab,
    nearest_values,
    sums_by_label,
)

_MIN_PATCH_PX = 12
_SLIVER_DEPTH_PX = 1.5  # thinner patches are parts of soft edges
MAX_PATCHES = 10  # there are 2 ** MAX_PATCHES splits
_STROKE_WIDTH = 0.07  # of the size of the cut-out: thinner, long patches are drawn lines
_ENCLOSED = 0.8  # share of its outline from which on a patch is enclosed by another
_DETAIL_SHARE = 0.012  # of the cut-out's area


@dataclass(frozen=True, eq=False, kw_only=True)
class Patches:
    """The patches of a cut-out.

    `fine` (h, w): all even patches, 1..m, 0 outside the cut-out; `labels` (h, w): patches with details merged into
    them. `lines` (h, w): drawn lines and seams, which are no patches. `touch` (n + 1, n + 1): common border in pixels
    of the n merged patches; row and column 0 are the outside. `areas` (n + 1,) in pixels. `colours` (n + 1, 3): mean
    CIE L*a*b*.
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
class EvenPatches:
    """The even patches of a cut-out before merging: `labels` and `lines` as `Patches.fine` and `Patches.lines`."""

    labels: Labels
    lines: Mask

    def __len__(self) -> int:
        return int(self.labels.max())


def segment_patches(rgb: Rgb, mask: Mask, smooth: Mask) -> Patches:
    """The patches of a cut-out; `rgb` (h, w, 3), `mask` and `smooth` (h, w) in its window."""
    return merge_patches(lab(rgb), find_even_patches(mask, smooth))


def merge_patches(colours: Values, even: EvenPatches) -> Patches:
    """Merges patches to at most `MAX_PATCHES`, unless they touch at corners only; quadratic in the size of `even`.

    `colours` (h, w, 3): CIE L*a*b* in the window of the cut-out.
    """
    graph = _Graph(even.labels, colours)
    for rule in (_enclosed, _detail, _most_similar):
        while (pair := rule(graph)) is not None:
            graph.join(*pair)
    return graph.patches(even.labels, even.lines)


def find_even_patches(mask: Mask, smooth: Mask) -> EvenPatches:
    """Assigns every pixel of the mask to the nearest even patch that is not a drawn line; and the lines."""
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
        return EvenPatches(mask.astype(np.int32), mask & ~mask)
    labels = np.where(mask, nearest_values(seeds, seeds > 0), 0).astype(np.int32)
    return EvenPatches(labels, mask & (seeds == 0))


class _Graph:
    """A graph of patches with their areas, colour sums and common borders, which are merged step by step."""

    def __init__(self, labels: Labels, colours: Values) -> None:
        flat = labels.ravel()
        count = int(flat.max()) + 1
        self.areas = np.bincount(flat, minlength=count)
        self.sums = sums_by_label(flat, colours, count)
        self.touch = touching(labels)
        self.holder = np.arange(count)

    @property
    def alive(self) -> list[int]:
        """The remaining patches, smallest first."""
        own = np.flatnonzero(self.holder == np.arange(len(self.holder)))
        return sorted((int(i) for i in own if i > 0), key=lambda i: self.areas[i])

    def join(self, patch: int, target: int) -> None:
        """Merges `patch` into `target`."""
        self.touch[target] += self.touch[patch]
        self.touch[:, target] += self.touch[:, patch]
        self.touch[patch] = self.touch[:, patch] = 0
        self.touch[target, target] = 0
        self.areas[target] += self.areas[patch]
        self.sums[target] += self.sums[patch]
        self.areas[patch] = 0
        self.holder[self.holder == patch] = target

    def patches(self, fine: Labels, lines: Mask) -> Patches:
        order = [0, *sorted(self.alive)]
        number = np.zeros(len(self.holder), np.int32)
        number[order] = np.arange(len(order))
        colours = self.sums[order] / np.maximum(self.areas[order], 1)[:, None]
        touch = self.touch[np.ix_(order, order)]
        return Patches(
            fine=fine,
            labels=number[self.holder][fine],
            lines=lines,
            touch=touch,
            areas=self.areas[order],
            colours=colours,
        )


def touching(labels: Labels) -> NDArray[np.int64]:
    """(n, n): number of neighbouring pixel pairs per pair of labels; outside the image counts as 0."""
    labels = np.pad(labels, 1)
    count = int(labels.max()) + 1
    touch = np.zeros((count, count), np.int64)
    for here, beside in ((labels[:, 1:], labels[:, :-1]), (labels[1:], labels[:-1])):
        differs = here != beside
        pairs = here[differs].astype(np.int64) * count + beside[differs]
        touch += np.bincount(pairs, minlength=count * count).reshape(count, count)
    return touch + touch.T


def _enclosed(graph: _Graph) -> tuple[int, int] | None:
    """A patch that is enclosed by another one, and that patch."""
    for patch in graph.alive:
        second = int(graph.touch[patch, 1:].argmax()) + 1
        if graph.touch[patch, second] > _ENCLOSED * max(1, int(graph.touch[patch].sum())):
            return patch, second
    return None


def _detail(graph: _Graph) -> tuple[int, int] | None:
    """A patch that is too small for an object, and its main neighbour."""
    patch = graph.alive[0]
    second = int(graph.touch[patch, 1:].argmax()) + 1
    if graph.areas[patch] < _DETAIL_SHARE * graph.areas[1:].sum() and graph.touch[patch, second] > 0:
        return patch, second
    return None


def _most_similar(graph: _Graph) -> tuple[int, int] | None:
    """The most similar neighbours, as long as there are too many patches."""
    alive = graph.alive
    if len(alive) <= MAX_PATCHES:
        return None
    outline = graph.touch.sum(1)
    best: tuple[float, int, int] | None = None
    for index, first in enumerate(alive):
        for second in alive[index + 1 :]:
            if graph.touch[first, second]:
                shared = graph.touch[first, second] / min(outline[first], outline[second])
                distance = np.linalg.norm(
                    graph.sums[first] / graph.areas[first] - graph.sums[second] / graph.areas[second]
                )
                cost = float(distance * np.sqrt(graph.areas[first]) / shared)
                best = min(best or (cost, first, second), (cost, first, second))
    return None if best is None else best[1:]
