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
from lamina.engines.classic.merge_tree import MergedRegion, merge_tree
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
    take_by_label,
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


@dataclass(eq=False, kw_only=True)
class Candidate:
    """A region that may be a layer.

    `mask` is its crop of the image at `rows` and `columns`. `sources`: all ways in which it was found. `is_hull`: it
    includes what lies on it, as panels do. `cut_score`: of a part of a cut-out, the score of the cut (above 0: likely);
    `persistence`: of a merged region, see `merge_tree`.
    """

    mask: Mask
    rows: slice
    columns: slice
    sources: set[Source]
    is_hull: bool = False
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
        rows, columns = reduced_shape(self.shape)
        small = cv2.resize(as_bytes(self.full()) * np.uint8(255), (columns, rows), interpolation=cv2.INTER_AREA)
        return (np.asarray(small) > 127).ravel()


def reduced_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    """Height and width of the masks that are compared, from those of the image."""
    return -(-shape[0] // _REDUCED), -(-shape[1] // _REDUCED)


def collect_candidates(seen: Observation, atoms: Atoms) -> list[Candidate]:
    """All candidates of an image, without near-duplicates, the largest first."""
    return merge_duplicates(_all(seen, atoms))


def _all(seen: Observation, atoms: Atoms) -> list[Candidate]:
    """From all sources, in this order."""
    sources: list[Callable[[], Iterator[Candidate]]] = [
        lambda: _panels(seen),
        lambda: _cutouts(seen),
        lambda: _areas(seen),
        lambda: _regions(seen, atoms),
        lambda: _clusters(seen),
        lambda: _colour_groups(seen, atoms),
        lambda: _tree(seen, atoms),
    ]
    return list(chain.from_iterable(map_in_threads(lambda source: _limited(seen, source()), sources)))


def candidate_of(mask: Mask, source: Source, *, is_hull: bool = False, persistence: float = 0.0) -> Candidate:
    """A candidate from a mask (h, w) that is not empty."""
    x, y, width, height = bounding_box(mask)
    window = slice(y, y + height), slice(x, x + width)
    candidate = _in_window(mask[window].copy(), window, mask.shape, source)
    candidate.is_hull, candidate.persistence = is_hull, persistence
    return candidate


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
        parts = split_cutout(seen.rgb[window], mask, seen.smooth[window], seen.background.is_uneven)
        if len(parts) > 1:
            for part in parts:
                score = min((score for _, score in part.cuts), default=0.0)
                yield _in_window(part.mask, window, seen.smooth.shape, Source.PART, cut_score=score)


def _in_window(
    mask: Mask, window: tuple[slice, slice], shape: tuple[int, ...], source: Source, cut_score: float = 0.0
) -> Candidate:
    rows, columns = window
    return Candidate(
        mask=mask,
        rows=rows,
        columns=columns,
        sources={source},
        cut_score=cut_score,
        shape=(shape[0], shape[1]),
    )


def _regions(seen: Observation, atoms: Atoms) -> Iterator[Candidate]:
    """Even regions, alone and with all that they enclose, and what lies on the large ones."""
    ground = seen.background.mask
    large = np.flatnonzero(atoms.areas > _MIN_REGION_SHARE * ground.size)
    order = sorted(large.tolist(), key=lambda index: -int(atoms.areas[index]))[:_MAX_REGIONS]
    for index in order:
        mask = atoms.labels == index
        if np.count_nonzero(mask & ground) > 0.5 * atoms.areas[index]:
            continue
        yield candidate_of(mask, Source.REGION)
        x, y, width, height = bounding_box(mask)
        window = np.s_[y : y + height, x : x + width]
        own = mask[window]
        closed = close_mask(np.pad(own, 4), 2)[4:-4, 4:-4]
        filled = fill_holes(closed) & ~(ground[window] & ~own)
        if np.count_nonzero(filled) > 1.04 * atoms.areas[index]:
            whole = np.zeros_like(mask)
            whole[window] = filled
            yield candidate_of(whole, Source.FILLED, is_hull=_is_plain(own, filled))
        if atoms.areas[index] > _MIN_SURFACE_SHARE * ground.size:
            yield from _insets(filled & ~own, (y, x), mask.shape)


def _is_plain(own: Mask, filled: Mask) -> bool:
    """Whether the even region is most of what it encloses: a surface rather than a part."""
    return bool(np.count_nonzero(own) > 0.5 * np.count_nonzero(filled))


def _insets(holes: Mask, corner: tuple[int, int], shape: tuple[int, ...]) -> Iterator[Candidate]:
    """The things in the holes of an even region, alone and by proximity."""
    y, x = corner
    size = shape[0] * shape[1]
    for reach in (1, *(round(share * max(shape)) for share in _CLUSTER_SHARES)):
        near = components(grow(holes, reach))
        for label in range(1, len(near)):
            rows, columns = near.window(label)
            own = holes[rows, columns] & (near.labels[rows, columns] == label)
            if np.count_nonzero(own) < _MIN_SHARE * size:
                continue
            whole = np.zeros(shape, bool)
            whole[rows.start + y : rows.stop + y, columns.start + x : columns.stop + x] = own
            yield candidate_of(whole, Source.INSET)


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


def _colour_groups(seen: Observation, atoms: Atoms) -> Iterator[Candidate]:
    """All regions of one colour together: the parts of a logo, three stars, a broken ring."""
    count = len(atoms)
    in_ground = np.bincount(atoms.labels.ravel(), seen.background.mask.ravel(), count) > 0.5 * atoms.areas
    groups: list[list[int]] = []
    for index in np.argsort(-atoms.areas)[:300].tolist():
        if in_ground[index]:
            continue
        for group in groups:
            if np.linalg.norm(atoms.colours[group[0]] - atoms.colours[index]) < _SAME_LAB:
                group.append(index)
                break
        else:
            groups.append([index])
    for group in groups[:_MAX_COLOUR_GROUPS]:
        total = int(atoms.areas[group].sum())
        if len(group) < 2 or total < _MIN_REGION_SHARE * in_ground.size or atoms.areas[group[0]] > 0.95 * total:
            continue
        is_member = np.zeros(count, bool)
        is_member[group] = True
        yield candidate_of(take_by_label(is_member, atoms.labels), Source.COLOUR)


def _tree(seen: Observation, atoms: Atoms) -> Iterator[Candidate]:
    """Neighbouring regions merged step by step by similarity; the most persistent steps."""
    in_ground = np.bincount(atoms.labels.ravel(), seen.background.mask.ravel(), len(atoms)) > 0.5 * atoms.areas
    merged = merge_tree(atoms, in_ground)
    total = seen.smooth.size
    sizeable = [step for step in merged if _MIN_REGION_SHARE * total < step.area < _MAX_SHARE * total]
    sizeable.sort(key=lambda step: -step.persistence)
    for step in sizeable[:_MAX_TREE]:
        yield candidate_of(_mask_of(step, atoms), Source.TREE, persistence=step.persistence)


def _mask_of(step: MergedRegion, atoms: Atoms) -> Mask:
    is_member = np.zeros(len(atoms), bool)
    is_member[step.members] = True
    return take_by_label(is_member, atoms.labels)
