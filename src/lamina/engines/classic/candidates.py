"""Collects the candidates for layers: everything that may be a thing of its own, however it was found."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import chain

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.atoms import Atoms
from lamina.engines.classic.cutouts import MIN_SPLIT_SHARE
from lamina.engines.classic.merge_tree import merge_tree
from lamina.engines.classic.observation import Observation
from lamina.engines.classic.parallel import map_in_threads
from lamina.engines.classic.raster import (
    Mask,
    as_bytes,
    bounding_box,
    close_mask,
    components,
    fill_holes,
    grow,
    window_of,
)
from lamina.engines.classic.splitting import split_cutout

_MIN_SHARE = 0.0006  # of the image; smaller things go to the layer of small elements
_MAX_SHARE = 0.97
_MIN_REGION_SHARE = 0.0015
_MAX_WHOLE_SHARE = 0.06  # connected shapes smaller than this stay whole, or are split into overlapping objects
_MAX_REGIONS = 60
_MIN_SURFACE_SHARE = 0.02  # of an even region on which other things lie
_CLUSTER_SHARES = 0.012, 0.03  # of the longer side: parts nearer than this may be one thing
_SAME_LAB = 6.0  # difference of the parts of a colour group
_MAX_COLOUR_GROUPS = 24
_MAX_TREE = 80
_SAME_IOU = 0.92  # candidates with a larger intersection over union are one
_MAX_CANDIDATES = 170
_REDUCED = 4  # masks are compared at a quarter of the working size


class Source(StrEnum):
    """How a candidate was found."""

    PANEL = "panel"
    CUTOUT = "cutout"
    PART = "part"
    AREA = "area"
    REGION = "region"
    FILLED = "filled"
    INSET = "inset"
    CLUSTER = "cluster"
    COLOUR = "colour"
    TREE = "tree"


@dataclass(frozen=True, slots=True)
class Whole:
    """A thing that may have parts: its `number`, its `rank` (see `arrangement.rank`), and whether it `is_chosen`.

    What is chosen is worth a layer of its own; other parts only refine what is chosen.
    """

    number: int
    rank: float
    is_chosen: bool


@dataclass(eq=False, kw_only=True)
class Candidate:
    """A region that may be a layer.

    `mask` is its crop of the image at `rows` and `columns`. `sources`: all ways in which it was found. `is_hull`: it
    includes what lies on it, as panels do. `name`: of the layer, if the user has given one; `is_selected`: the user
    selected it. `within`: the wholes of which it is a part, outermost first; its own last. `cut_score`: of a part of a
    cut-out, the score of the cut (above 0: likely); `persistence`: of a merged region, see `merge_tree`.
    """

    mask: Mask
    rows: slice
    columns: slice
    sources: set[Source]
    is_hull: bool = False
    name: str = ""
    is_selected: bool = False
    within: tuple["Whole", ...] = ()
    cut_score: float = 0.0
    persistence: float = 0.0
    shape: tuple[int, int] = field(repr=False)

    @property
    def window(self) -> tuple[slice, slice]:
        return self.rows, self.columns

    @cached_property
    def area(self) -> int:
        """In pixels at working size."""
        return int(np.count_nonzero(self.mask))

    def full(self) -> Mask:
        """(h, w): the mask at working size."""
        mask = np.zeros(self.shape, bool)
        mask[self.window] = self.mask
        return mask

    @cached_property
    def reduced(self) -> NDArray[np.bool_]:
        """The mask at a quarter of the working size, flattened."""
        rows, columns = (_cells(span, side) for span, side in zip(self.window, self.shape, strict=True))
        height, width = rows.stop - rows.start, columns.stop - columns.start
        y, x = self.rows.start - rows.start * _REDUCED, self.columns.start - columns.start * _REDUCED
        part = np.zeros((min(height * _REDUCED, self.shape[0]), min(width * _REDUCED, self.shape[1])), np.uint8)
        part[y : y + self.mask.shape[0], x : x + self.mask.shape[1]] = as_bytes(self.mask) * np.uint8(255)
        small = np.zeros(reduced_shape(self.shape), bool)
        small[rows, columns] = np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)) > 127
        return small.ravel()


def reduced_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    """Height and width of the masks that are compared, from those of the image."""
    return -(-shape[0] // _REDUCED), -(-shape[1] // _REDUCED)


def _cells(span: slice, side: int) -> slice:
    """The rows (or columns) of a reduced mask that show those of `span` of an image with `side` rows."""
    if side % _REDUCED:  # no cell has whole pixels
        return slice(0, -(-side // _REDUCED))
    return slice(span.start // _REDUCED, -(-span.stop // _REDUCED))


def collect_candidates(seen: Observation, atoms: Atoms) -> list[Candidate]:
    """All candidates of an image, without near-duplicates, the largest first."""
    return merge_duplicates(_all(seen, atoms))


def _all(seen: Observation, atoms: Atoms) -> list[Candidate]:
    """From all sources, in this order."""
    in_ground = np.bincount(atoms.labels[seen.background.mask], minlength=len(atoms)) > 0.5 * atoms.areas
    sources: list[Callable[[], Iterator[Candidate]]] = [
        lambda: _panels(seen),
        lambda: _cutouts(seen),
        lambda: _areas(seen),
        lambda: _regions(seen, atoms),
        lambda: _clusters(seen),
        lambda: _colour_groups(seen, atoms, in_ground),
        lambda: _tree(seen, atoms, in_ground),
    ]
    return list(chain.from_iterable(map_in_threads(lambda source: _limited(seen, source()), sources)))


def candidate_of(mask: Mask, source: Source, *, is_hull: bool = False) -> Candidate:
    """A candidate from a mask (h, w) that is not empty."""
    window = window_of(bounding_box(mask))
    return _in_window(mask[window].copy(), window, mask.shape, source, is_hull=is_hull)


def _limited(seen: Observation, candidates: Iterable[Candidate]) -> list[Candidate]:
    """Those of a sensible size that are not mostly background."""
    size, ground = seen.smooth.size, seen.background.mask
    return [
        candidate
        for candidate in candidates
        if _MIN_SHARE * size <= candidate.area <= _MAX_SHARE * size
        and np.count_nonzero(ground[candidate.window] & candidate.mask) <= 0.5 * candidate.area
        and candidate.reduced.any()
    ]


def is_detail(seen: Observation, candidate: Candidate) -> bool:
    """Whether it is a part of a small connected shape that was not split off as an object: such shapes stay whole."""
    if candidate.sources & {Source.PANEL, Source.CUTOUT, Source.PART}:
        return False
    counts = np.bincount(seen.cutouts.labels[candidate.window][candidate.mask], minlength=1)
    counts[0] = 0
    label = int(counts.argmax())
    whole = int(seen.cutouts.areas[label])
    return bool(
        counts[label] > 0.9 * candidate.area
        and whole < _MAX_WHOLE_SHARE * seen.smooth.size
        and candidate.area < _SAME_IOU * whole
    )


def merge_duplicates(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The candidates, the largest first; of near-duplicates the first one is kept and gets the others' sources."""
    kept: list[Candidate] = []
    areas: list[int] = []
    for candidate in candidates:
        own = candidate.reduced
        area = int(np.count_nonzero(own))
        for other, other_area in zip(kept, areas, strict=True):
            if min(area, other_area) < _SAME_IOU * max(area, other_area):
                continue
            shared = int(np.count_nonzero(own & other.reduced))
            if shared > _SAME_IOU * (area + other_area - shared):
                other.sources |= candidate.sources
                other.is_hull |= candidate.is_hull
                other.cut_score = max(other.cut_score, candidate.cut_score)
                other.persistence = max(other.persistence, candidate.persistence)
                break
        else:
            kept.append(candidate)
            areas.append(area)
    kept.sort(key=lambda candidate: -candidate.area)
    return kept[:_MAX_CANDIDATES]


def _panels(seen: Observation) -> Iterator[Candidate]:
    for panel in seen.panels:
        hull = panel.hull & ~seen.background.mask
        if hull.any():
            yield candidate_of(hull, Source.PANEL, is_hull=True)


def _areas(seen: Observation) -> Iterator[Candidate]:
    for area in seen.background.areas:
        yield candidate_of(area, Source.AREA)


def _cutouts(seen: Observation) -> Iterator[Candidate]:
    """The connected foreground shapes, whole and split into overlapping objects."""
    cutouts, size = seen.cutouts, seen.smooth.size
    for label in range(1, len(cutouts)):
        if cutouts.areas[label] < _MIN_SHARE * size:
            continue
        window = cutouts.window(label)
        mask = cutouts.labels[window] == label
        yield _in_window(mask, window, seen.smooth.shape, Source.CUTOUT)
        if cutouts.areas[label] < MIN_SPLIT_SHARE * size:
            continue
        parts = split_cutout(seen.colours[window], mask, seen.smooth[window], seen.background.is_uneven)
        if len(parts) > 1:
            for part in parts:
                score = min((score for _, score in part.cuts), default=0.0)
                yield _in_window(part.mask, window, seen.smooth.shape, Source.PART, cut_score=score)


def _in_window(
    mask: Mask,
    window: tuple[slice, slice],
    shape: tuple[int, ...],
    source: Source,
    *,
    is_hull: bool = False,
    cut_score: float = 0.0,
    persistence: float = 0.0,
) -> Candidate:
    rows, columns = window
    return Candidate(
        mask=mask,
        rows=rows,
        columns=columns,
        sources={source},
        is_hull=is_hull,
        cut_score=cut_score,
        persistence=persistence,
        shape=(shape[0], shape[1]),
    )


def _regions(seen: Observation, atoms: Atoms) -> Iterator[Candidate]:
    """Even regions, alone and with all that they enclose, and what lies on the large ones."""
    ground = seen.background.mask
    large = np.flatnonzero(atoms.areas > _MIN_REGION_SHARE * ground.size)
    order = sorted(large.tolist(), key=lambda index: -int(atoms.areas[index]))[:_MAX_REGIONS]
    for index in order:
        own, window = atoms.union([index])
        if np.count_nonzero(own & ground[window]) > 0.5 * atoms.areas[index]:
            continue
        yield _in_window(own, window, ground.shape, Source.REGION)
        closed = close_mask(np.pad(own, 4), 2)[4:-4, 4:-4]
        filled = fill_holes(closed) & ~(ground[window] & ~own)
        if np.count_nonzero(filled) > 1.04 * atoms.areas[index]:
            yield _in_window(filled, window, ground.shape, Source.FILLED, is_hull=_is_plain(own, filled))
        if atoms.areas[index] > _MIN_SURFACE_SHARE * ground.size:
            yield from _insets(filled & ~own, window, ground.shape)


def _is_plain(own: Mask, filled: Mask) -> bool:
    """Whether the even region is most of what it encloses: a surface rather than a part."""
    return bool(np.count_nonzero(own) > 0.5 * np.count_nonzero(filled))


def _insets(holes: Mask, window: tuple[slice, slice], shape: tuple[int, ...]) -> Iterator[Candidate]:
    """The things in the holes of an even region, alone and by proximity."""
    top, left = window[0].start, window[1].start
    size = shape[0] * shape[1]
    for reach in (1, *(round(share * max(shape)) for share in _CLUSTER_SHARES)):
        near = components(grow(holes, reach))
        for label in range(1, len(near)):
            rows, columns = near.window(label)
            own = holes[rows, columns] & (near.labels[rows, columns] == label)
            if np.count_nonzero(own) < _MIN_SHARE * size:
                continue
            x, y, width, height = bounding_box(own)
            y0, x0 = top + rows.start + y, left + columns.start + x
            place = slice(y0, y0 + height), slice(x0, x0 + width)
            yield _in_window(own[y : y + height, x : x + width], place, shape, Source.INSET)


def _clusters(seen: Observation) -> Iterator[Candidate]:
    """Foreground shapes that are close to each other."""
    front = seen.cutouts.labels > 0
    if not front.any():
        return
    for share in _CLUSTER_SHARES:
        near = components(grow(front, round(share * max(front.shape))))
        for label in range(1, len(near)):
            window = near.window(label)
            own = front[window] & (near.labels[window] == label)
            if np.count_nonzero(own) < _MIN_SHARE * front.size:
                continue
            if len(np.unique(seen.cutouts.labels[window][own])) > 1:
                yield _in_window(own, window, front.shape, Source.CLUSTER)


def _colour_groups(seen: Observation, atoms: Atoms, in_ground: NDArray[np.bool_]) -> Iterator[Candidate]:
    """All regions of one colour together: the parts of a logo, three stars, a broken ring."""
    largest = np.argsort(-atoms.areas)[:300]
    for group in _alike(largest[~in_ground[largest]], atoms.colours)[:_MAX_COLOUR_GROUPS]:
        total = int(atoms.areas[group].sum())
        if len(group) > 1 and atoms.areas[group[0]] <= 0.95 * total:
            yield _in_window(*atoms.union(group), seen.smooth.shape, Source.COLOUR)


def _alike(members: NDArray[np.int64], colours: NDArray[np.float64]) -> list[list[int]]:
    """Atoms of the same colour as the first of the group that it does not share with an earlier one."""
    groups: list[list[int]] = []
    while len(members):
        is_alike = np.linalg.norm(colours[members] - colours[members[0]], axis=1) < _SAME_LAB
        groups.append(members[is_alike].tolist())
        members = members[~is_alike]
    return groups


def _tree(seen: Observation, atoms: Atoms, in_ground: NDArray[np.bool_]) -> Iterator[Candidate]:
    """Neighbouring regions merged step by step by similarity; the most persistent steps."""
    shape, size = seen.smooth.shape, seen.smooth.size
    sizeable = [
        step for step in merge_tree(atoms, in_ground) if _MIN_REGION_SHARE * size < step.area < _MAX_SHARE * size
    ]
    sizeable.sort(key=lambda step: -step.persistence)
    for step in sizeable[:_MAX_TREE]:
        yield _in_window(*atoms.union(step.members), shape, Source.TREE, persistence=step.persistence)
