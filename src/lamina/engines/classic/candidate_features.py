"""Measures candidates for the networks that predict which of them are layers."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.atoms import Atoms
from lamina.engines.classic.candidates import Candidate, Source, reduced_shape
from lamina.engines.classic.observation import Observation
from lamina.engines.classic.parallel import map_in_threads
from lamina.engines.classic.raster import Mask, Values, as_bytes, grow, lab, nearest_numbers, share_within

_STEP_LAB = 8.0  # gradient from which on a pixel is on an edge
PLAIN_LAB = 9.0
_STEP = 2  # candidates are measured at half the working size
_SHAPE_PX = 24  # size at which symmetry is measured

MEASURES = (
    "share",
    "log_share",
    "border",  # share of the image border that it covers
    "sides",  # quarters of the four sides that it touches
    "corners",
    "solidity",  # area over that of its convex hull
    "raggedness",  # outline over that of a disc of the same area
    "extent",  # area over that of the bounding box
    "aspect",
    "height",
    "width",
    "symmetry",  # intersection over union with its mirror image
    "largest",  # share of its largest connected part
    "parts",  # logarithm of the number of connected parts
    "holes",  # share of holes in the filled shape
    "edge",  # share of the outline that is on an edge of the image
    "contrast",  # colour difference across the outline
    "contrast_low",  # of the faintest quarter of the outline
    "line",  # share of the outline that is darker than both sides
    "around_ground",  # share of the surroundings that is background
    "around_plain",  # share of the surroundings that has one colour
    "in_ground",
    "spread",  # colour difference from its median colour
    "plain",  # share of its most frequent colour
    "atoms",  # logarithm of the number of even regions
    "ground_difference",  # of its median colour from the background
    "text",  # share of lettering within its filled shape
    "centre_x",
    "centre_y",
    "cut_score",
    "persistence",
    "is_hull",
    *(f"is_{source.value}" for source in Source),
    "votes",  # other candidates with an intersection over union above 0.7
    "nearest",  # largest intersection over union with another candidate
    "holders",  # candidates that contain it
    "children",  # candidates within it
    "child_share",  # of the largest one
    "tiled",  # share that its disjoint children cover
    "crossing",  # candidates that it overlaps partly
    "repeats",  # others of the same size and colour beside it
    "of_cutout",  # its share of the connected shape that contains it
    "ground_smooth",
    "ground_clear",
    "ground_share",
    "count",  # logarithm of the number of candidates
)


@dataclass(frozen=True, eq=False)
class Overlaps:
    """At a quarter of the working size: `masks` (n, pixels), `areas` (n,), `shared` (n, n) pixels, `iou` (n, n)."""

    masks: NDArray[np.bool_]
    areas: NDArray[np.float32]
    shared: NDArray[np.float32]
    iou: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Measured:
    """`values` (n, len(MEASURES)). `overlaps` of the candidates, their median colours (n, 3) in CIE L*a*b*."""

    values: NDArray[np.float64]
    overlaps: Overlaps
    colours: NDArray[np.float64]
    maps: "Maps"


@dataclass(frozen=True, eq=False)
class Maps:
    """Maps at half the working size: `colours` (h, w, 3) CIE L*a*b*, `is_edge`, `ground`, `text`; `atoms` numbers."""

    colours: Values
    is_edge: Mask
    ground: Mask
    text: Mask
    atoms: NDArray[np.int32]


Row = tuple[dict[str, float], NDArray[np.float64]]
"""What is measured of a candidate alone, and its median colour in CIE L*a*b*."""


def measure(seen: Observation, atoms: Atoms, candidates: list[Candidate]) -> Measured:
    """Measures the candidates of one image."""
    measurer = Measurer(seen, atoms)
    return measurer.together(candidates, measurer.alone(candidates))


class Measurer:
    """Measures candidates of one image, some earlier than others."""

    def __init__(self, seen: Observation, atoms: Atoms) -> None:
        self._seen, self.maps = seen, _maps(seen, atoms)
        self._ground_share = float(seen.background.mask.mean())
        ground = self.maps.colours[self.maps.ground]
        self._ground_colour = _median(ground) if len(ground) else np.full(3, -100.0)

    def alone(self, candidates: Sequence[Candidate]) -> list[Row]:
        """What needs no others to compare with, and the median colour of each."""
        return map_in_threads(lambda each: _measure_one(each, self._seen, self.maps, self._ground_colour), candidates)

    def together(self, candidates: Sequence[Candidate], alone: Sequence[Row]) -> Measured:
        """All measures. `alone`: what is known of each of the candidates."""
        masks = np.array([candidate.reduced for candidate in candidates], bool)
        overlaps = overlaps_of(masks.reshape(len(candidates), prod(reduced_shape(self._seen.smooth.shape))))
        rows, colours = [dict(row) for row, _ in alone], np.array([colour for _, colour in alone]).reshape(-1, 3)
        _measure_relations(rows, candidates, overlaps, colours)
        for row in rows:
            row |= {
                "ground_smooth": float(self._seen.background.is_smooth),
                "ground_clear": float(self._seen.has_clear_ground),
                "ground_share": self._ground_share,
                "count": float(np.log1p(len(candidates))),
            }
        values = np.array([[row[name] for name in MEASURES] for row in rows], float).reshape(-1, len(MEASURES))
        return Measured(values, overlaps, colours, self.maps)


def overlaps_of(masks: NDArray[np.bool_]) -> Overlaps:
    """How masks (n, pixels) overlap."""
    count, pixels = masks.shape
    words = np.packbits(np.pad(masks, ((0, 0), (0, -pixels % 64))), axis=1).view(np.uint64)
    shared = np.zeros((count, count), np.float32)
    for index in range(count):
        with_later = np.bitwise_count(words[index:] & words[index]).sum(1, np.uint32)
        shared[index, index:] = shared[index:, index] = with_later
    areas = shared.diagonal().copy()
    iou = np.asarray(shared / np.maximum(areas[:, None] + areas - shared, 1), np.float32)
    return Overlaps(masks, areas, shared, iou)


def _maps(seen: Observation, atoms: Atoms) -> Maps:
    small = np.ascontiguousarray(seen.denoised[::_STEP, ::_STEP])
    colours = lab(small)
    steps = np.zeros(colours.shape[:2], np.float32)
    if min(steps.shape) > 2:
        steps[:, 1:-1] = np.linalg.norm(colours[:, 2:] - colours[:, :-2], axis=-1)
        steps[1:-1] = np.maximum(steps[1:-1], np.linalg.norm(colours[2:] - colours[:-2], axis=-1))
    return Maps(
        colours=colours,
        is_edge=grow(steps > _STEP_LAB, 1),
        ground=np.ascontiguousarray(seen.background.mask[::_STEP, ::_STEP]),
        text=np.ascontiguousarray(seen.text[::_STEP, ::_STEP]),
        atoms=np.ascontiguousarray(atoms.labels[::_STEP, ::_STEP]),
    )


def _measure_one(candidate: Candidate, seen: Observation, maps: Maps, ground_colour: NDArray[np.float64]) -> Row:
    """All measures but those that compare it with others; and its median colour."""
    height, width = maps.ground.shape
    pad = 4
    y, x = -(-candidate.rows.start // _STEP), -(-candidate.columns.start // _STEP)
    own = candidate.mask[y * _STEP - candidate.rows.start :: _STEP, x * _STEP - candidate.columns.start :: _STEP]
    if not own.any():
        own = np.ones((1, 1), bool)
        y, x = min(y, height - 1), min(x, width - 1)
    top, left = max(0, y - pad), max(0, x - pad)
    bottom, right = min(height, y + own.shape[0] + pad), min(width, x + own.shape[1] + pad)
    mask = np.zeros((bottom - top, right - left), bool)
    mask[y - top : y - top + own.shape[0], x - left : x - left + own.shape[1]] = own
    window = np.s_[top:bottom, left:right]
    area, size = float(mask.sum()), height * width
    rim = outline_of(mask)
    ring = grow(mask, 3) & ~mask
    colours, ground = np.ascontiguousarray(maps.colours[window]), maps.ground[window]
    inside = colours.reshape(-1, 3)[np.flatnonzero(mask)[:: max(1, int(area) // 2000)]]
    median = _median(inside)
    distances = np.abs(inside - median).sum(1)
    outer = colours.reshape(-1, 3).take(np.flatnonzero(ring), axis=0) if ring.any() else inside
    outer_median = _median(outer)
    outlines, _ = cv2.findContours(as_bytes(mask), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = cv2.convexHull(np.concatenate(outlines))
    hull_area = max(1.0, float(cv2.contourArea(hull)))
    filled = np.zeros(mask.shape, np.uint8)
    cv2.drawContours(filled, outlines, -1, 1, cv2.FILLED)
    parts = cv2.connectedComponentsWithStats(as_bytes(mask), connectivity=8)[2][1:, cv2.CC_STAT_AREA]
    across, line = _across(colours, rim, mask)
    full = candidate.mask
    edges = (
        full[0].sum() if candidate.rows.start == 0 else 0,
        full[-1].sum() if candidate.rows.stop >= seen.smooth.shape[0] else 0,
        full[:, 0].sum() if candidate.columns.start == 0 else 0,
        full[:, -1].sum() if candidate.columns.stop >= seen.smooth.shape[1] else 0,
    )
    rows, columns = seen.smooth.shape
    lengths = columns, columns, rows, rows
    in_filled = filled.view(np.bool_)
    row = {
        "share": area / size,
        "log_share": float(np.log(area / size + 1e-4)),
        "border": float(sum(edges)) / (2 * (rows + columns)),
        "sides": sum(edge > 0.08 * length for edge, length in zip(edges, lengths, strict=True)) / 4,
        "corners": float(
            (edges[0] > 0 and bool(full[0, 0]) and edges[2] > 0)
            + (edges[0] > 0 and bool(full[0, -1]) and edges[3] > 0)
            + (edges[1] > 0 and bool(full[-1, 0]) and edges[2] > 0)
            + (edges[1] > 0 and bool(full[-1, -1]) and edges[3] > 0)
        )
        / 4,
        "solidity": min(1.0, area / hull_area),
        "raggedness": float(rim.sum() / np.sqrt(4 * np.pi * area)),
        "extent": area / own.size,
        "aspect": float(abs(np.log((own.shape[1] + 1) / (own.shape[0] + 1)))),
        "height": own.shape[0] / height,
        "width": own.shape[1] / width,
        "symmetry": _symmetry(own),
        "largest": float(parts.max() / max(1, parts.sum())),
        "parts": float(np.log(len(parts))),
        "holes": float(1 - area / max(1.0, float(filled.sum()))),
        "edge": share_within(rim, maps.is_edge[window]),
        "contrast": float(np.median(across)),
        "contrast_low": float(np.percentile(across, 25)),
        "line": line,
        "around_ground": share_within(ring, ground),
        "around_plain": float((np.abs(outer - outer_median).sum(1) < PLAIN_LAB).mean()),
        "in_ground": share_within(mask, ground),
        "spread": float(np.median(distances)) / 30,
        "plain": float((distances < PLAIN_LAB).mean()),
        "atoms": float(np.log(np.count_nonzero(np.bincount(maps.atoms[window][mask])))),
        "ground_difference": min(100.0, float(np.linalg.norm(median - ground_colour))) / 30,
        "text": share_within(in_filled, maps.text[window]),
        "centre_x": abs((left + right) / 2 / width - 0.5),
        "centre_y": abs((top + bottom) / 2 / height - 0.5),
        "cut_score": float(np.clip(candidate.cut_score, -5, 5)),
        "persistence": min(3.0, candidate.persistence),
        "is_hull": float(candidate.is_hull),
        **{f"is_{source.value}": float(source in candidate.sources) for source in Source},
    }
    return row, median


def _median(colours: Values) -> NDArray[np.float64]:
    """(3,): the median of (n, 3) colours in each channel."""
    return np.asarray(np.median(colours, 0), np.float64)


def outline_of(mask: Mask) -> Mask:
    """The pixels of the mask that touch its outside, the image border included."""
    cross = np.asarray(cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)))
    inner = cv2.erode(as_bytes(mask), cross, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return mask & ~np.asarray(inner).view(np.bool_)


def _across(colours: Values, rim: Mask, mask: Mask) -> tuple[NDArray[np.float64], float]:
    """Colour differences between both sides of the outline, and the share of it that is darker than both."""
    inner = cv2.erode(as_bytes(mask), np.ones((3, 3), np.uint8), iterations=2).view(np.bool_)
    outer = ~grow(mask, 2)
    if not inner.any() or not outer.any():
        return np.zeros(1), 0.0
    inside, outside = _nearest(colours, inner, rim), _nearest(colours, outer, rim)
    own = colours[rim]
    darker = np.minimum(inside[:, 0], outside[:, 0]) - own[:, 0] > 12
    return np.linalg.norm(inside - outside, axis=1), float(darker.mean())


def _nearest(colours: Values, known: Mask, places: Mask) -> Values:
    """(n, c): for each of the places, the colour of the nearest known pixel."""
    nearest = np.flatnonzero(known)[nearest_numbers(known, 3)[places]]
    return colours.reshape(-1, colours.shape[-1]).take(nearest, axis=0)


def _symmetry(mask: Mask) -> float:
    small = cv2.resize(as_bytes(mask) * np.uint8(255), (_SHAPE_PX, _SHAPE_PX), interpolation=cv2.INTER_AREA)
    shape = np.asarray(small) > 127
    union = (shape | shape[:, ::-1]).sum()
    return float((shape & shape[:, ::-1]).sum() / union) if union else 0.0


def _measure_relations(
    rows: list[dict[str, float]],
    candidates: Sequence[Candidate],
    overlaps: Overlaps,
    colours: NDArray[np.float64],
) -> None:
    count = len(candidates)
    if not count:
        return
    areas, shared = overlaps.areas, overlaps.shared
    others = overlaps.iou - np.eye(count, dtype=np.float32)
    contains = (shared > 0.9 * areas[:, None]) & (areas > 1.15 * areas[:, None])  # [i, j]: j contains i
    lap = shared / np.maximum(1, np.minimum(areas[:, None], areas))
    is_crossing = (lap > 0.15) & (lap < 0.85)
    cutouts = [i for i, candidate in enumerate(candidates) if Source.CUTOUT in candidate.sources]
    for index, row in enumerate(rows):
        children = np.flatnonzero(contains[:, index])
        like = (
            (np.abs(np.log((areas + 1) / (areas[index] + 1))) < 0.25)
            & (np.linalg.norm(colours - colours[index], axis=1) < 12)
            & (lap[index] < 0.05)
        )
        holder = [float(areas[index] / max(1, areas[j])) for j in cutouts if j == index or contains[index, j]]
        row |= {
            "votes": min(5.0, float((others[index] > 0.7).sum())) / 5,
            "nearest": float(max(0.0, others[index].max(initial=0.0))),
            "holders": min(10.0, float(contains[index].sum())) / 10,
            "children": min(20.0, float(len(children))) / 20,
            "child_share": float(areas[children].max(initial=0.0) / max(1, areas[index])),
            "tiled": _tiled(index, children, overlaps),
            "crossing": min(10.0, float(is_crossing[index].sum())) / 10,
            "repeats": min(5.0, float(like.sum())) / 5,
            "of_cutout": min(holder, default=0.0),
        }


def _tiled(index: int, children: NDArray[np.int64], overlaps: Overlaps) -> float:
    """The share of a candidate that its largest disjoint children cover, if there are at least two."""
    taken: list[int] = []
    for child in sorted(children.tolist(), key=lambda child: -float(overlaps.areas[child])):
        if all(overlaps.shared[child, other] < 0.1 * overlaps.areas[child] for other in taken):
            taken.append(child)
    if len(taken) < 2:
        return 0.0
    return float(overlaps.areas[taken].sum() / max(1.0, float(overlaps.areas[index])))
