"""Measures the outlines that a box or a point may mean, for the networks that choose one of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.atoms import Atoms
from lamina.engines.classic.candidate_features import MEASURES, Measurer, Row
from lamina.engines.classic.candidates import Candidate
from lamina.engines.classic.observation import Observation
from lamina.engines.classic.places import box_iou, rectangle
from lamina.engines.classic.raster import Mask, as_bytes, depth
from lamina.engines.classic.selection_pool import Kind, Pool, box_of

_MASKS = 4  # of the network
_NEAR_SIDE = 0.04  # of the box: sides of an outline that are nearer lie on those of the box
_HOLDS = 0.92  # share of an outline that is in another that contains it
_LARGER = 1.1
_STEP = 2  # the image is sampled at half the working size

Floats = NDArray[np.float64]

_COMMON = (
    *(f"is_{kind.value}" for kind in Kind),
    "quality",
    "inside",  # share of the outline that is in the box
    *(f"mask_{number}" for number in range(_MASKS)),  # intersection over union with what the network predicted
    *(f"sureness_{number}" for number in range(_MASKS)),
    "masks",  # best of these, times how sure the network is
    "mask_in",  # share of the outline that is in the mask of which the network is most sure
    "mask_taken",  # share of that mask that is in the outline
    "text_share",  # of the outline
    "text_taken",  # share of the text at the place that is in the outline
    "text_at",  # share of the place that is text
    "front_share",  # of the outline
    "place_share",  # logarithm of the share of the image
)
BOX_MEASURES = (
    *_COMMON,
    "fit",  # intersection over union of the boxes
    "side_worst",  # distance of the sides of both boxes, as a share of the box
    "side_mean",
    "side_outward",
    "sides_near",
    "fill",  # share of the box that it covers
    "front_taken",  # share of the foreground in the box
    "front_at",  # share of the box that is foreground
    "box_border",  # sides of the box that are at the border of the image
    "box_aspect",
)
POINT_MEASURES = (
    *_COMMON,
    "off_centroid",  # distance of the point from the centroid, by the square root of the area
    "off_x",  # and from the middle of the box, as a share of the box
    "off_y",
    "depth",  # distance of the point from the outline, as a share of the largest
    "colour",  # difference of the point's colour from the median colour
    "region",  # share of the outline that the even region at the point has
    "region_share",  # logarithm of its share of the image
    "is_ground",  # whether the background is at the point
)
POOL_MEASURES = (
    "merit",
    "merit_rank",
    "merit_best",
    "merit_holder",  # best of those that contain it
    "merit_child",  # best of those within it
    "support",  # best merit of another, times the intersection over union with it
    "agreement",  # largest intersection over union with an outline of another kind
    "consensus",  # mean intersection over union with the others
    "size_rank",
    "of_largest",  # share of the largest of the pool
    "of_holder",  # share of the next larger one that contains it
    "of_child",  # share that the next smaller one within it has
    "pool_holders",
    "pool_children",
    "pool_count",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class PoolMeasures:
    """What is known of the n outlines of a pool: `values` (n, k) as candidates, `places` (n, l) by the measures of
    boxes or points. `iou` (n, n); `within` (n, n): the share of each that is in each other. `areas` (n,) in pixels.
    `kinds` (n,): numbers of the kinds.
    """

    is_point: bool
    values: Floats
    places: Floats
    iou: NDArray[np.floating[Any]]
    within: NDArray[np.floating[Any]]
    areas: Floats
    kinds: NDArray[np.int64]

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of the columns of `inputs`."""
        return measures_of(is_point=self.is_point)

    def inputs(self, merits: Floats) -> Floats:
        """(n, m): all measures. `merits` (n,): predicted from `values`."""
        return np.concatenate([self.values, self.places, self._in_pool(merits)], 1)

    def _in_pool(self, merits: Floats) -> Floats:
        """(n, p): measures by comparison with the other outlines of the pool."""
        count = len(merits)
        others = self.iou - np.eye(count, dtype=np.float32)
        is_other = self.kinds[:, None] != self.kinds
        holds = (self.within >= _HOLDS) & (self.areas > _LARGER * self.areas[:, None])  # [i, j]: j contains i
        columns = {
            "merit": merits,
            "merit_rank": _ranks(merits),
            "merit_best": np.full(count, merits.max()),
            "merit_holder": (holds * merits).max(1),
            "merit_child": (holds.T * merits).max(1),
            "support": (others * merits).max(1),
            "agreement": (others * is_other).max(1),
            "consensus": others.sum(1) / max(1, count - 1),
            "size_rank": _ranks(self.areas),
            "of_largest": self.areas / self.areas.max(),
            "of_holder": self.areas / np.where(holds, self.areas, self.areas.max() * 4).min(1),
            "of_child": np.where(holds.T, self.areas, 0).max(1) / self.areas,
            "pool_holders": np.minimum(10, holds.sum(1)) / 10,
            "pool_children": np.minimum(10, holds.sum(0)) / 10,
            "pool_count": np.full(count, np.log1p(count)),
        }
        return np.stack([np.asarray(columns[name], np.float64) for name in POOL_MEASURES], 1)


def measures_of(*, is_point: bool) -> tuple[str, ...]:
    """The names of the inputs of the network for points or for boxes."""
    return (*MEASURES, *(POINT_MEASURES if is_point else BOX_MEASURES), *POOL_MEASURES)


class PoolMeasurer:
    """Measures the pools of one image, whose candidates are measured once."""

    def __init__(self, seen: Observation, atoms: Atoms, candidates: Sequence[Candidate], measurer: Measurer) -> None:
        self._seen, self._atoms, self._measurer = seen, atoms, measurer
        self._candidates = list(candidates)
        self._alone = measurer.alone(self._candidates)
        self._known = {id(candidate): row for candidate, row in zip(self._candidates, self._alone, strict=True)}

    def candidate_values(self) -> Floats:
        """(c, k): the measures of the candidates among themselves."""
        return self._measurer.together(self._candidates, self._alone).values

    def measured(self, pool: Pool) -> PoolMeasures:
        """The measures of a pool, which must not be empty."""
        own = [outline.candidate for outline in pool.outlines]
        alone = self._rows(own)
        ids = {id(candidate) for candidate in own}
        rest = [index for index, candidate in enumerate(self._candidates) if id(candidate) not in ids]
        everything = [*own, *(self._candidates[index] for index in rest)]
        measured = self._measurer.together(everything, [*alone, *(self._alone[index] for index in rest)])
        count, overlaps = len(own), measured.overlaps
        areas = np.array([candidate.area for candidate in own], np.float64)
        colours = measured.colours[:count]
        place = pool.place
        special = self._by_point(pool, own, colours) if place.is_point else self._by_box(pool, own)
        common = self._common(pool, overlaps.masks[:count])
        names = POINT_MEASURES if place.is_point else BOX_MEASURES
        rows = [first | second for first, second in zip(common, special, strict=True)]
        return PoolMeasures(
            is_point=place.is_point,
            values=measured.values[:count],
            places=np.array([[row[name] for name in names] for row in rows], np.float64),
            iou=overlaps.iou[:count, :count],
            within=overlaps.shared[:count, :count] / np.maximum(1, overlaps.areas[:count, None]),
            areas=areas,
            kinds=np.array([list(Kind).index(outline.kind) for outline in pool.outlines]),
        )

    def _rows(self, candidates: Sequence[Candidate]) -> list[Row]:
        new = [candidate for candidate in candidates if id(candidate) not in self._known]
        known = self._known | {
            id(candidate): row for candidate, row in zip(new, self._measurer.alone(new), strict=True)
        }
        return [known[id(candidate)] for candidate in candidates]

    def _common(self, pool: Pool, reduced: NDArray[np.bool_]) -> list[dict[str, float]]:
        place, seen = pool.place, self._seen
        size = seen.smooth.size
        within = rectangle(place, seen.smooth.shape)
        text_at = seen.text & within if not place.is_point else _text_of(pool, seen.text)
        share = place.width * place.height / size if not place.is_point else 1.0
        text_total = int(np.count_nonzero(text_at))
        sureness = np.zeros(_MASKS)
        sureness[: len(pool.sureness)] = pool.sureness[:_MASKS]
        ious = np.zeros((len(pool.outlines), _MASKS))
        ious[:, : len(pool.masks)] = _ious(reduced, pool.masks)[:, :_MASKS]
        mask_in, mask_taken = _overlap_with_surest(pool)
        rows: list[dict[str, float]] = []
        for index, outline in enumerate(pool.outlines):
            candidate = outline.candidate
            window, mask = candidate.window, candidate.mask
            rows.append(
                {
                    **{f"is_{kind.value}": float(outline.kind is kind) for kind in Kind},
                    "quality": outline.quality,
                    "inside": np.count_nonzero(within[window] & mask) / candidate.area,
                    **{f"mask_{number}": ious[index, number] for number in range(_MASKS)},
                    **{f"sureness_{number}": sureness[number] for number in range(_MASKS)},
                    "masks": float((ious[index] * sureness).max()),
                    "mask_in": mask_in[index],
                    "mask_taken": mask_taken[index],
                    "text_share": np.count_nonzero(seen.text[window] & mask) / candidate.area,
                    "text_taken": np.count_nonzero(text_at[window] & mask) / max(1, text_total),
                    "text_at": text_total / (share * size),
                    "front_share": 1 - np.count_nonzero(seen.background.mask[window] & mask) / candidate.area,
                    "place_share": float(np.log(share + 1e-4)),
                }
            )
        return rows

    def _by_box(self, pool: Pool, own: Sequence[Candidate]) -> list[dict[str, float]]:
        place = pool.place
        height, width = self._seen.smooth.shape
        front = rectangle(place, (height, width)) & ~self._seen.background.mask
        front_total = int(np.count_nonzero(front))
        border = (
            (place.x < 2) + (place.y < 2) + (place.x + place.width > width - 2) + (place.y + place.height > height - 2)
        )
        rows: list[dict[str, float]] = []
        for candidate in own:
            box = box_of(candidate)
            outward = np.array(
                [
                    (place.x - box.x) / place.width,
                    (place.y - box.y) / place.height,
                    (box.x + box.width - place.x - place.width) / place.width,
                    (box.y + box.height - place.y - place.height) / place.height,
                ]
            )
            off = np.abs(outward)
            rows.append(
                {
                    "fit": box_iou(place, box),
                    "side_worst": float(min(2, off.max())),
                    "side_mean": float(min(2, off.mean())),
                    "side_outward": float(np.clip(outward.mean(), -2, 2)),
                    "sides_near": float((off < _NEAR_SIDE).mean()),
                    "fill": min(2.0, candidate.area / (place.width * place.height)),
                    "front_taken": np.count_nonzero(front[candidate.window] & candidate.mask) / max(1, front_total),
                    "front_at": front_total / (place.width * place.height),
                    "box_border": border / 4,
                    "box_aspect": float(np.log(place.width / place.height)),
                }
            )
        return rows

    def _by_point(self, pool: Pool, own: Sequence[Candidate], colours: Floats) -> list[dict[str, float]]:
        place, atoms, maps = pool.place, self._atoms, self._measurer.maps
        height, width = self._seen.smooth.shape
        x, y = min(width - 1, int(place.x)), min(height - 1, int(place.y))
        colour = maps.colours[min(y // _STEP, maps.ground.shape[0] - 1), min(x // _STEP, maps.ground.shape[1] - 1)]
        region = int(atoms.areas[atoms.labels[y, x]])
        rows: list[dict[str, float]] = []
        for candidate, median in zip(own, colours, strict=True):
            box = box_of(candidate)
            moments = cv2.moments(as_bytes(candidate.mask), binaryImage=True)
            centre_x = box.x + moments["m10"] / moments["m00"]
            centre_y = box.y + moments["m01"] / moments["m00"]
            rows.append(
                {
                    "off_centroid": min(3.0, float(np.hypot(x - centre_x, y - centre_y) / np.sqrt(candidate.area))),
                    "off_x": min(1.0, abs(x + 0.5 - box.x - box.width / 2) / box.width),
                    "off_y": min(1.0, abs(y + 0.5 - box.y - box.height / 2) / box.height),
                    "depth": _depth_at(candidate, x, y),
                    "colour": float(np.linalg.norm(colour - median)) / 30,
                    "region": min(1.0, region / candidate.area),
                    "region_share": float(np.log(region / (height * width) + 1e-4)),
                    "is_ground": float(self._seen.background.mask[y, x]),
                }
            )
        return rows


def _text_of(pool: Pool, text: Mask) -> Mask:
    """(h, w): the pixels of the text that a point may mean."""
    found = np.zeros(text.shape, bool)
    for outline in pool.outlines:
        if outline.kind is Kind.TEXT:
            found[outline.candidate.window] |= outline.candidate.mask
    return found


def _ious(reduced: NDArray[np.bool_], masks: Sequence[Mask]) -> NDArray[np.float32]:
    """(n, m): of outlines (n, pixels) at a quarter of the size, and masks at full size."""
    if not masks:
        return np.zeros((len(reduced), 0), np.float32)
    height, width = (-(-side // 4) for side in masks[0].shape)
    small = [np.asarray(cv2.resize(as_bytes(mask), (width, height), interpolation=cv2.INTER_NEAREST)) for mask in masks]
    own, others = reduced.astype(np.float32), np.array(small, np.float32).reshape(len(masks), -1)
    shared = own @ others.T
    return shared / np.maximum(1, own.sum(1)[:, None] + others.sum(1) - shared)


def _overlap_with_surest(pool: Pool) -> tuple[Floats, Floats]:
    """(n,) each: the share of an outline in the mask of which the network is most sure, and of that mask in it."""
    count = len(pool.outlines)
    if not pool.masks:
        return np.zeros(count), np.zeros(count)
    mask = pool.masks[int(pool.sureness.argmax())]
    shared = [np.count_nonzero(mask[each.candidate.window] & each.candidate.mask) for each in pool.outlines]
    areas = [each.candidate.area for each in pool.outlines]
    return np.array(shared) / areas, np.array(shared) / max(1, np.count_nonzero(mask))


def _depth_at(candidate: Candidate, x: int, y: int) -> float:
    """The distance of a pixel from the outline, as a share of the largest one; 0 outside."""
    depths = depth(np.pad(candidate.mask, 1))
    row, column = y - candidate.rows.start + 1, x - candidate.columns.start + 1
    if not (0 <= row < depths.shape[0] and 0 <= column < depths.shape[1]):
        return 0.0
    return float(depths[row, column] / max(1e-6, depths.max()))


def _ranks(values: Floats) -> Floats:
    """(n,): 1 for the largest, down to 0 for the smallest."""
    if len(values) < 2:
        return np.ones(len(values))
    order = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return order / (len(values) - 1)
